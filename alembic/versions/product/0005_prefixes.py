"""SKUs by prefix, in the order of bytes."""

from alembic import op

revision = "product_0005"
down_revision = "product_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("product_prefix", "product", ["sku"], postgresql_ops={"sku": "text_pattern_ops"})


def downgrade() -> None:
    op.drop_index("product_prefix", table_name="product")

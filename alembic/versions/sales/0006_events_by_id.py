"""Events by their id, for those who ask what became of one."""

from alembic import op

revision = "sales_0006"
down_revision = "sales_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("outbox_event", "outbox", ["event_id"], unique=True)


def downgrade() -> None:
    op.drop_index("outbox_event", table_name="outbox")

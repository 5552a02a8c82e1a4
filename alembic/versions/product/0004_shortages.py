"""What is held and missing."""

import sqlalchemy as sa

from alembic import op

revision = "product_0004"
down_revision = "product_0003"
branch_labels = None
depends_on = None

KINDS = "'receipt', 'count', 'correction', 'hold', 'release', 'ship', 'return', 'write_off'"


def upgrade() -> None:
    op.add_column("stock", sa.Column("shortage", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.create_check_constraint(
        "stock_short_of_what_is_held", "stock", "shortage = 0 OR (0 < shortage AND on_hand = held)"
    )
    op.drop_constraint("stock_movement_kind", "stock_movement")
    op.create_check_constraint("stock_movement_kind", "stock_movement", f"kind IN ({KINDS}, 'shortage')")


def downgrade() -> None:
    # Without the column, what is missing is on hand again: a movement says so, or the counters would be wrong.
    op.execute("""
        INSERT INTO stock_movement (key, sku, kind, quantity, on_hand_change, held_change, reason, actor)
        SELECT 'downgrade:' || gen_random_uuid(), sku, 'correction', shortage, shortage, 0, 'missing', 'migration'
        FROM stock WHERE shortage > 0
    """)
    op.execute("DELETE FROM stock_movement WHERE kind = 'shortage'")
    op.drop_constraint("stock_movement_kind", "stock_movement")
    op.create_check_constraint("stock_movement_kind", "stock_movement", f"kind IN ({KINDS})")
    op.drop_constraint("stock_short_of_what_is_held", "stock")
    op.drop_column("stock", "shortage")

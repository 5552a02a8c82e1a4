"""Events by their id, for those who ask what became of one."""

from alembic import op

revision = "delivery_0007"
down_revision = "delivery_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("outbox_event", "outbox", ["event_id"], unique=True)


def downgrade() -> None:
    op.drop_index("outbox_event", table_name="outbox")

"""An event's id is its only name: one index less that each of its writes pays for."""

from alembic import op

revision = "sales_0007"
down_revision = "sales_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("outbox_pkey", "outbox")
    op.execute("ALTER TABLE outbox ADD CONSTRAINT outbox_pkey PRIMARY KEY USING INDEX outbox_event")


def downgrade() -> None:
    op.drop_constraint("outbox_pkey", "outbox")
    op.create_primary_key("outbox_pkey", "outbox", ["id"])
    op.create_index("outbox_event", "outbox", ["event_id"], unique=True)

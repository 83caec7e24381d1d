"""The feed's ladder: when a subscriber came, when it was overdue; canaries; blocks of events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feed_segment",
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("first", _BIG, nullable=False),
        sa.Column("last", _BIG, nullable=False),
        sa.Column("bytes", _BIG, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("stream", "first", name=op.f("pk_feed_segment")),
    )
    op.create_table(
        "feed_overdue",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _BIG, nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("removal", _BIG, nullable=False),
        sa.Column("withheld_after", _BIG, nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_feed_overdue_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_overdue")),
    )
    op.create_index("ix_feed_overdue_subscriber", "feed_overdue", ["subscriber_id", "stream"], unique=False)
    op.create_index(
        "ix_stream_event_removal",
        "stream_event",
        ["stream", "sequence"],
        unique=False,
        sqlite_where=sa.text("removes"),
        postgresql_where=sa.text("removes"),
    )
    with op.batch_alter_table("feed_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("canary", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("feed_entry", schema=None) as batch_op:
        batch_op.alter_column("canary", server_default=None)
    with op.batch_alter_table("feed_progress", schema=None) as batch_op:
        batch_op.add_column(sa.Column("joined", _BIG, nullable=False, server_default="0"))
    with op.batch_alter_table("feed_progress", schema=None) as batch_op:
        batch_op.alter_column("joined", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("feed_progress", schema=None) as batch_op:
        batch_op.drop_column("joined")
    with op.batch_alter_table("feed_entry", schema=None) as batch_op:
        batch_op.drop_column("canary")
    op.drop_index("ix_stream_event_removal", table_name="stream_event")
    op.drop_index("ix_feed_overdue_subscriber", table_name="feed_overdue")
    op.drop_table("feed_overdue")
    op.drop_table("feed_segment")

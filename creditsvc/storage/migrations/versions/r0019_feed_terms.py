"""Networks to pull from, keys of pushes, probes of recipients, proofs that were handed out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pull_ranges", _JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("feed_probe", schema=None) as batch_op:
        batch_op.add_column(sa.Column("onward", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "feed_push_key",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feed_push_key")),
    )
    op.create_table(
        "feed_removal_proof",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_removal_proof")),
    )
    with op.batch_alter_table("feed_removal_proof", schema=None) as batch_op:
        batch_op.create_index("ix_feed_removal_proof_entry", ["entry", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("feed_removal_proof")
    op.drop_table("feed_push_key")
    with op.batch_alter_table("feed_probe", schema=None) as batch_op:
        batch_op.drop_column("onward")
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.drop_column("pull_ranges")

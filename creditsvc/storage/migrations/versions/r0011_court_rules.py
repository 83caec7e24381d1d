"""What courts set for themselves, and who of the candidates may still be a minor"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "court_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("court", sa.String(length=64), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("loaded_by", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_court_rule")),
    )
    with op.batch_alter_table("court_rule") as batch_op:
        batch_op.create_index("ix_court_rule_court", ["court", "from_day"], unique=False)

    with op.batch_alter_table("candidate") as batch_op:
        batch_op.add_column(sa.Column("birth_known", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("minor_until", sa.Date(), nullable=True))
    with op.batch_alter_table("candidate") as batch_op:
        batch_op.alter_column("birth_known", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("candidate") as batch_op:
        batch_op.drop_column("minor_until")
        batch_op.drop_column("birth_known")

    with op.batch_alter_table("court_rule") as batch_op:
        batch_op.drop_index("ix_court_rule_court")

    op.drop_table("court_rule")

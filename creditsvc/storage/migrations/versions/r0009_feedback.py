"""What agencies report back on answers, and the index that finds those answers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAMED = "action = 'check' AND outcome <> 'clear'"


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("ledger_id", _BIG, nullable=True),
        sa.Column("screening_id", _BIG, nullable=True),
        sa.Column("row_number", _BIG, nullable=True),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("sector", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("done", sa.String(length=64), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=512), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("at_odds", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(ledger_id IS NULL) <> (screening_id IS NULL)", name=op.f("ck_feedback_one_answer")),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name=op.f("fk_feedback_screening_id_screening")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "ledger_id", "done", "measure", "done_on", name=op.f("uq_feedback_ledger_id_done_measure_done_on")
        ),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index("ix_feedback_at", ["at"], unique=False)
        batch_op.create_index("ix_feedback_ledger_id", ["ledger_id"], unique=False)
        batch_op.create_index("ix_feedback_screening_id", ["screening_id", "row_number"], unique=False)
        batch_op.create_index("ix_feedback_unit", ["unit", "id"], unique=False)
    op.create_index(
        "ix_access_ledger_named", "access_ledger", ["unit", "id"], unique=False,
        sqlite_where=sa.text(_NAMED), postgresql_where=sa.text(_NAMED),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_access_ledger_named", table_name="access_ledger")
    op.drop_table("feedback")

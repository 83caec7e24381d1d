"""Papers: who signs, numbers, what was issued, how it was delivered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.String(length=128), nullable=False),
        sa.Column("title_en", sa.String(length=128), nullable=False),
        sa.Column("hint", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=True),
        sa.Column("application", sa.String(length=64), nullable=True),
        sa.Column("decision_id", _BIG, nullable=True),
        sa.Column("subject_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_reason", sa.String(length=512), nullable=True),
        sa.Column("replaced_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("court_code", "kind", "year", "serial", name=op.f("uq_paper_court_code_kind_year_serial")),
        sa.UniqueConstraint("number", name=op.f("uq_paper_number")),
    )
    op.create_index("ix_paper_application", "paper", ["application"], unique=False)
    op.create_index("ix_paper_entry", "paper", ["entry"], unique=False)
    op.create_index("ix_paper_subject", "paper", ["subject_id"], unique=False)
    op.create_table(
        "paper_counter",
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("court_code", "kind", "year", name=op.f("pk_paper_counter")),
    )
    op.create_table(
        "paper_signer",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=True),
        sa.Column("self_issued", sa.Boolean(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("key_cell", sa.LargeBinary(), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_signer")),
        sa.UniqueConstraint("current", name=op.f("uq_paper_signer_current")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("paper_id", _BIG, nullable=True),
        sa.Column("subject_id", sa.String(length=32), nullable=True),
        sa.Column("entry", sa.String(length=64), nullable=True),
        sa.Column("application", sa.String(length=64), nullable=True),
        sa.Column("court_code", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("addressee", sa.String(length=128), nullable=False),
        sa.Column("address_cell", sa.LargeBinary(), nullable=True),
        sa.Column("subject_zh", sa.String(length=256), nullable=False),
        sa.Column("subject_en", sa.String(length=256), nullable=False),
        sa.Column("body_zh", sa.String(length=2000), nullable=False),
        sa.Column("body_en", sa.String(length=2000), nullable=False),
        sa.Column("consented", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=64), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("served_on", sa.Date(), nullable=True),
        sa.Column("served_how", sa.String(length=16), nullable=True),
        sa.Column("served_noted_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_delivery_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_due", "delivery", ["state", "next_at"], unique=False)
    op.create_index("ix_delivery_entry", "delivery", ["entry"], unique=False)
    op.create_index("ix_delivery_paper", "delivery", ["paper_id"], unique=False)
    op.create_index("ix_delivery_subject", "delivery", ["subject_id"], unique=False)
    op.create_table(
        "paper_copy",
        sa.Column("paper_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("cell", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_copy_paper_id")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_paper_copy")),
    )


def downgrade() -> None:
    op.drop_table("paper_copy")
    op.drop_index("ix_delivery_subject", table_name="delivery")
    op.drop_index("ix_delivery_paper", table_name="delivery")
    op.drop_index("ix_delivery_entry", table_name="delivery")
    op.drop_index("ix_delivery_due", table_name="delivery")
    op.drop_table("delivery")
    op.drop_table("paper_signer")
    op.drop_table("paper_counter")
    op.drop_index("ix_paper_subject", table_name="paper")
    op.drop_index("ix_paper_entry", table_name="paper")
    op.drop_index("ix_paper_application", table_name="paper")
    op.drop_table("paper")

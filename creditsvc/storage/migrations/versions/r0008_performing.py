"""The positive path: performance records, their history, objections during publicity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "performance_record",
        sa.Column("id", sa.String(length=28), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("debtor_kind", sa.String(length=64), nullable=False),
        sa.Column("name_cell", sa.LargeBinary(), nullable=False),
        sa.Column("creditor_cell", sa.LargeBinary(), nullable=False),
        sa.Column("obligation_cell", sa.LargeBinary(), nullable=False),
        sa.Column("court_code", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=512), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=True),
        sa.Column("merit", sa.String(length=64), nullable=True),
        sa.Column("finding", _JSON, nullable=True),
        sa.Column("proposed_person", sa.String(length=64), nullable=True),
        sa.Column("signed_person", sa.String(length=64), nullable=True),
        sa.Column("certificate", sa.String(length=64), nullable=True),
        sa.Column("agrees_listing_on", sa.Date(), nullable=True),
        sa.Column("agrees_platform_on", sa.Date(), nullable=True),
        sa.Column("entry", sa.String(length=28), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("publicity_from", sa.Date(), nullable=True),
        sa.Column("publicity_until", sa.Date(), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "signed_person IS NULL OR signed_person <> proposed_person", name=op.f("ck_performance_record_two_people")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_performance_record_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_record")),
        sa.UniqueConstraint("entry", name=op.f("uq_performance_record_entry")),
        sa.UniqueConstraint(
            "subject_id",
            "court_code",
            "case_number",
            name=op.f("uq_performance_record_subject_id_court_code_case_number"),
        ),
    )
    op.create_index("ix_performance_record_court", "performance_record", ["court_code", "stage", "due_on"])
    op.create_index("ix_performance_record_stage", "performance_record", ["stage", "until"])
    op.create_index("ix_performance_record_subject_id", "performance_record", ["subject_id"])
    op.create_table(
        "performance_event",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(length=28), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["performance_record.id"], name=op.f("fk_performance_event_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_event")),
        sa.UniqueConstraint("record_id", "version", name=op.f("uq_performance_event_record_id_version")),
    )
    op.create_table(
        "performance_objection",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(length=28), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("statement_cell", sa.LargeBinary(), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.String(length=2000), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["performance_record.id"], name=op.f("fk_performance_objection_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_objection")),
    )
    op.create_index("ix_performance_objection_record", "performance_objection", ["record_id"])


def downgrade() -> None:
    op.drop_index("ix_performance_objection_record", table_name="performance_objection")
    op.drop_table("performance_objection")
    op.drop_table("performance_event")
    op.drop_index("ix_performance_record_subject_id", table_name="performance_record")
    op.drop_index("ix_performance_record_stage", table_name="performance_record")
    op.drop_index("ix_performance_record_court", table_name="performance_record")
    op.drop_table("performance_record")

"""Candidates, grace, circumstances, tasks and calendars"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("document_number", sa.String(length=128), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("loaded_by", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_notice")),
    )
    with op.batch_alter_table("calendar_notice") as batch_op:
        batch_op.create_index("ix_calendar_notice_year", ["year", "id"], unique=False)

    op.create_table(
        "circumstance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorder", sa.String(length=64), nullable=False),
        sa.Column("recorder_person", sa.String(length=64), nullable=False),
        sa.Column("document_number", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voluntary", sa.Boolean(), nullable=True),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("prepared", sa.Boolean(), nullable=False),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circumstance")),
        sa.UniqueConstraint(
            "entry",
            "kind",
            "event_on",
            "document_number",
            name=op.f("uq_circumstance_entry_kind_event_on_document_number"),
        ),
    )
    with op.batch_alter_table("circumstance") as batch_op:
        batch_op.create_index("ix_circumstance_open", ["prepared", "id"], unique=False)

    op.create_table(
        "grace_period",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("document_number", sa.String(length=128), nullable=False),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grace_period")),
    )
    with op.batch_alter_table("grace_period") as batch_op:
        batch_op.create_index("ix_grace_period_entry", ["entry"], unique=False)

    op.create_table(
        "task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=True),
        sa.Column("court_code", sa.String(length=64), nullable=False),
        sa.Column("timer", sa.String(length=8), nullable=True),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("earliest_on", sa.Date(), nullable=True),
        sa.Column("latest_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("due_before", sa.Date(), nullable=True),
        sa.Column("calendar", sa.String(length=16), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
    )
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_index("ix_task_entry", ["entry"], unique=False)
        batch_op.create_index("ix_task_open", ["closed_at", "court_code", "due_on"], unique=False)

    op.create_table(
        "candidate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("debtor_kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=True),
        sa.Column("legal_representative", sa.String(length=128), nullable=True),
        sa.Column("court_code", sa.String(length=64), nullable=False),
        sa.Column("court_name", sa.String(length=128), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("basis_number", sa.String(length=256), nullable=True),
        sa.Column("basis_issuer", sa.String(length=256), nullable=True),
        sa.Column("obligation", sa.Text(), nullable=True),
        sa.Column("performance", sa.String(length=64), nullable=False),
        sa.Column("performed_part", sa.Text(), nullable=True),
        sa.Column("unperformed_part", sa.Text(), nullable=True),
        sa.Column("applicants", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("notice_served_on", sa.Date(), nullable=True),
        sa.Column("perform_by", sa.Date(), nullable=True),
        sa.Column("applicant", sa.String(length=256), nullable=True),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.Column("relisting_of", sa.String(length=28), nullable=True),
        sa.Column("listing", sa.String(length=28), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_candidate_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        sa.UniqueConstraint("entry", name=op.f("uq_candidate_entry")),
    )
    with op.batch_alter_table("candidate") as batch_op:
        batch_op.create_index("ix_candidate_case", ["case_number"], unique=False)
        batch_op.create_index("ix_candidate_court_state", ["court_code", "state", "id"], unique=False)
        batch_op.create_index("ix_candidate_subject", ["subject_id"], unique=False)

    with op.batch_alter_table("consumption_order") as batch_op:
        batch_op.add_column(sa.Column("signed_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("served_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("service_mode", sa.String(length=32), nullable=True))

    with op.batch_alter_table("decision") as batch_op:
        batch_op.add_column(sa.Column("due_before", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("calendar", sa.String(length=16), nullable=True))

    with op.batch_alter_table("entry_mark") as batch_op:
        batch_op.add_column(sa.Column("document_number", sa.String(length=128), nullable=True))

    with op.batch_alter_table("listing") as batch_op:
        batch_op.add_column(sa.Column("candidate", sa.String(length=28), nullable=True))
        batch_op.add_column(sa.Column("relisting_of", sa.String(length=28), nullable=True))
        batch_op.add_column(sa.Column("severity", sa.String(length=16), nullable=True))

    with op.batch_alter_table("relief") as batch_op:
        batch_op.add_column(sa.Column("purpose", sa.String(length=256), nullable=True))
        batch_op.add_column(sa.Column("granted_to", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("abused", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("responsible_mark") as batch_op:
        batch_op.add_column(sa.Column("decision_number", sa.String(length=128), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("responsible_mark") as batch_op:
        batch_op.drop_column("decision_number")

    with op.batch_alter_table("relief") as batch_op:
        batch_op.drop_column("abused")
        batch_op.drop_column("granted_to")
        batch_op.drop_column("purpose")

    with op.batch_alter_table("listing") as batch_op:
        batch_op.drop_column("severity")
        batch_op.drop_column("relisting_of")
        batch_op.drop_column("candidate")

    with op.batch_alter_table("entry_mark") as batch_op:
        batch_op.drop_column("document_number")

    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_column("calendar")
        batch_op.drop_column("due_before")

    with op.batch_alter_table("consumption_order") as batch_op:
        batch_op.drop_column("service_mode")
        batch_op.drop_column("served_on")
        batch_op.drop_column("signed_by")

    with op.batch_alter_table("candidate") as batch_op:
        batch_op.drop_index("ix_candidate_subject")
        batch_op.drop_index("ix_candidate_court_state")
        batch_op.drop_index("ix_candidate_case")

    op.drop_table("candidate")
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_index("ix_task_open")
        batch_op.drop_index("ix_task_entry")

    op.drop_table("task")
    with op.batch_alter_table("grace_period") as batch_op:
        batch_op.drop_index("ix_grace_period_entry")

    op.drop_table("grace_period")
    with op.batch_alter_table("circumstance") as batch_op:
        batch_op.drop_index("ix_circumstance_open")

    op.drop_table("circumstance")
    with op.batch_alter_table("calendar_notice") as batch_op:
        batch_op.drop_index("ix_calendar_notice_year")

    op.drop_table("calendar_notice")

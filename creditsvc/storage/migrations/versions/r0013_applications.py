"""Every kind of application, and the people at the portal"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_fact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("fact", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("document_number", sa.String(length=128), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_fact")),
    )
    with op.batch_alter_table("case_fact", schema=None) as batch_op:
        batch_op.create_index("ix_case_fact_entry", ["entry"], unique=False)

    op.create_table(
        "mandate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("name_cell", sa.LargeBinary(), nullable=False),
        sa.Column("row_key", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("may_apply", sa.Boolean(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_mandate_code_hash")),
        sa.UniqueConstraint("row_key", name=op.f("uq_mandate_row_key")),
    )
    with op.batch_alter_table("mandate", schema=None) as batch_op:
        batch_op.create_index("ix_mandate_subject", ["subject_id"], unique=False)

    op.create_table(
        "portal_session",
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("began_by", sa.String(length=64), nullable=False),
        sa.Column("mandate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("helper", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_portal_session")),
    )
    op.create_table(
        "provider_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("state_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("visit_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_attempt")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_provider_attempt_state_hash")),
    )
    op.create_table(
        "reliance_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("access_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.String(length=256), nullable=False),
        sa.Column("matter", sa.String(length=128), nullable=True),
        sa.Column("sector", sa.String(length=64), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reliance_notice")),
        sa.UniqueConstraint("entry", "unit", "access_id", name=op.f("uq_reliance_notice_entry_unit_access_id")),
    )
    with op.batch_alter_table("reliance_notice", schema=None) as batch_op:
        batch_op.create_index("ix_reliance_notice_subject", ["subject_id"], unique=False)
        batch_op.create_index("ix_reliance_notice_unit", ["unit", "done_at"], unique=False)

    op.create_table(
        "second_factor",
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("secret_cell", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "sign_in_challenge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("began_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_challenge")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_challenge_token_hash")),
    )
    op.create_table(
        "window_pass",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_window_pass")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_window_pass_code_hash")),
    )
    op.create_table(
        "credit_promise",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.String(length=28), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("promiser", sa.String(length=64), nullable=False),
        sa.Column("publicity", sa.String(length=64), nullable=False),
        sa.Column("receiver", sa.String(length=200), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("breach_case", sa.String(length=128), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_credit_promise_application_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_promise")),
        sa.UniqueConstraint("application_id", name=op.f("uq_credit_promise_application_id")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_promise_number")),
    )
    with op.batch_alter_table("credit_promise", schema=None) as batch_op:
        batch_op.create_index("ix_credit_promise_subject", ["subject_id"], unique=False)

    op.create_table(
        "creditor_question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("application_id", sa.String(length=28), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("holder_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name_cell", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("words_cell", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_creditor_question_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creditor_question")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_creditor_question_token_hash")),
    )
    with op.batch_alter_table("creditor_question", schema=None) as batch_op:
        batch_op.create_index("ix_creditor_question_application", ["application_id"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("division", sa.String(length=64), nullable=True))

    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.add_column(sa.Column("with_court", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("about", sa.String(length=28), nullable=True))
        batch_op.add_column(sa.Column("reference", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("opened_by", sa.String(length=64), server_default="person", nullable=False))
        batch_op.add_column(
            sa.Column("wanted", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("more_decisions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True)
        )
        batch_op.add_column(sa.Column("paused_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("pause_reason", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("escalated", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("e_service", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("served_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("service_mode", sa.String(length=32), nullable=True))
        batch_op.drop_index(batch_op.f("ix_application_queue"))
        batch_op.create_index("ix_application_about", ["about"], unique=False)
        batch_op.create_index("uq_application_reference", ["reference"], unique=True)
        batch_op.create_index("ix_application_court", ["court_code", "with_court", "due_on", "number"], unique=False)
        batch_op.create_index("ix_application_decided", ["decided_at"], unique=False)
        batch_op.create_index(
            "ix_application_due",
            ["due_on", "number"],
            unique=False,
            sqlite_where=sa.text("with_court"),
            postgresql_where=sa.text("with_court"),
        )

    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original_sha256", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("turned", sa.Integer(), server_default="0", nullable=False))

    op.execute("UPDATE application SET with_court = is_open WHERE state NOT IN ('draft', 'returned')")


def downgrade() -> None:
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_column("turned")
        batch_op.drop_column("original_sha256")

    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_application_due", sqlite_where=sa.text("with_court"), postgresql_where=sa.text("with_court")
        )
        batch_op.drop_index("ix_application_decided")
        batch_op.drop_index("ix_application_court")
        batch_op.drop_index("ix_application_about")
        batch_op.drop_index("uq_application_reference")
        batch_op.create_index(batch_op.f("ix_application_queue"), ["court_code", "state", "due_on"], unique=False)
        batch_op.drop_column("service_mode")
        batch_op.drop_column("served_on")
        batch_op.drop_column("e_service")
        batch_op.drop_column("escalated")
        batch_op.drop_column("pause_reason")
        batch_op.drop_column("paused_on")
        batch_op.drop_column("more_decisions")
        batch_op.drop_column("wanted")
        batch_op.drop_column("opened_by")
        batch_op.drop_column("reference")
        batch_op.drop_column("about")
        batch_op.drop_column("with_court")

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_column("division")

    with op.batch_alter_table("creditor_question", schema=None) as batch_op:
        batch_op.drop_index("ix_creditor_question_application")

    op.drop_table("creditor_question")
    with op.batch_alter_table("credit_promise", schema=None) as batch_op:
        batch_op.drop_index("ix_credit_promise_subject")

    op.drop_table("credit_promise")
    op.drop_table("window_pass")
    op.drop_table("sign_in_challenge")
    op.drop_table("second_factor")
    with op.batch_alter_table("reliance_notice", schema=None) as batch_op:
        batch_op.drop_index("ix_reliance_notice_unit")
        batch_op.drop_index("ix_reliance_notice_subject")

    op.drop_table("reliance_notice")
    op.drop_table("provider_attempt")
    op.drop_table("portal_session")
    with op.batch_alter_table("mandate", schema=None) as batch_op:
        batch_op.drop_index("ix_mandate_subject")

    op.drop_table("mandate")
    with op.batch_alter_table("case_fact", schema=None) as batch_op:
        batch_op.drop_index("ix_case_fact_entry")

    op.drop_table("case_fact")

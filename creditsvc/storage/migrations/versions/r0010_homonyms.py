"""Who is not the listed person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "homonym_clearance",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=False),
        sa.Column("court_code", sa.String(length=64), nullable=False),
        sa.Column("court_name", sa.String(length=128), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=512), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("proposer", sa.String(length=64), nullable=False),
        sa.Column("proposer_person", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approver", sa.String(length=64), nullable=True),
        sa.Column("approver_person", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubter", sa.String(length=64), nullable=True),
        sa.Column("doubter_person", sa.String(length=64), nullable=True),
        sa.Column("doubt", sa.String(length=512), nullable=True),
        sa.Column("revoker", sa.String(length=64), nullable=True),
        sa.Column("revoker_person", sa.String(length=64), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "approver_person IS NULL OR approver_person <> proposer_person",
            name=op.f("ck_homonym_clearance_two_people"),
        ),
        sa.CheckConstraint(
            "revoker_person IS NULL OR revoker_person <> doubter_person",
            name=op.f("ck_homonym_clearance_two_people_revoke"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_homonym_clearance_subject_id_subject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_homonym_clearance")),
        sa.UniqueConstraint("number", name=op.f("uq_homonym_clearance_number")),
    )
    with op.batch_alter_table("homonym_clearance", schema=None) as batch_op:
        batch_op.create_index("ix_homonym_clearance_court", ["court_code", "id"], unique=False)
        batch_op.create_index("ix_homonym_clearance_subject", ["subject_id"], unique=False)


def downgrade() -> None:
    op.drop_table("homonym_clearance")

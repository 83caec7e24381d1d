"""People's own phones and mail, codes that are sent there, what a message holds only when it leaves, an officer's own relief"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("row_key", sa.String(length=32), nullable=False),
        sa.Column("address_cell", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_factor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("code_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("row_key", name=op.f("uq_contact_row_key")),
        sa.UniqueConstraint("subject_id", "channel", name=op.f("uq_contact_subject_id_channel")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("secret_cell", sa.LargeBinary(), nullable=True))
        batch_op.create_index("ix_delivery_application", ["application"], unique=False)

    with op.batch_alter_table("relief", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mark_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_index("ix_relief_mark", ["mark_id"], unique=False)

    with op.batch_alter_table("sign_in_challenge", schema=None) as batch_op:
        batch_op.add_column(sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("code_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("code_tries", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("sign_in_challenge", schema=None) as batch_op:
        batch_op.drop_column("code_tries")
        batch_op.drop_column("code_at")
        batch_op.drop_column("code_hash")

    with op.batch_alter_table("relief", schema=None) as batch_op:
        batch_op.drop_index("ix_relief_mark")
        batch_op.drop_column("mark_id")

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_application")
        batch_op.drop_column("secret_cell")

    op.drop_table("contact")

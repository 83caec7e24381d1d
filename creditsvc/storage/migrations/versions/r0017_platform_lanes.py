"""Ends and corrections have a sender of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("platform_link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("urgent_claim", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("urgent_claimed_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("platform_link", schema=None) as batch_op:
        batch_op.drop_column("urgent_claimed_until")
        batch_op.drop_column("urgent_claim")

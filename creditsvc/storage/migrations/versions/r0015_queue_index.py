"""The court beside the due day in the index of the queue, so that the province's counts are read from it alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _made(columns: list[str]) -> None:
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index("ix_application_due")
        batch_op.create_index(
            "ix_application_due",
            columns,
            unique=False,
            sqlite_where=sa.text("with_court"),
            postgresql_where=sa.text("with_court"),
        )


def upgrade() -> None:
    _made(["due_on", "number", "court_code"])


def downgrade() -> None:
    _made(["due_on", "number"])

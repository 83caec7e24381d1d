"""A small index by court and due day of what lies with the courts, from which their counts are read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
_OPEN = {"sqlite_where": sa.text("with_court"), "postgresql_where": sa.text("with_court")}


def _due(columns: list[str]) -> None:
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index("ix_application_due")
        batch_op.create_index("ix_application_due", columns, unique=False, **_OPEN)


def upgrade() -> None:
    # the court beside the due day was no help: neither database chose it
    _due(["due_on", "number"])
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index("ix_application_load", ["court_code", "due_on"], unique=False, **_OPEN)


def downgrade() -> None:
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index("ix_application_load")
    _due(["due_on", "number", "court_code"])

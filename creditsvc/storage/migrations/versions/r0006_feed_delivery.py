"""The feed's witnesses, epochs, pushes, steps, probes and alarms; agreements with an address; receipts' effects."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_AT = sa.DateTime(timezone=True)


def _added() -> dict[str, tuple[sa.Column[Any], ...]]:
    """New columns by table, fresh at each call: a column belongs to one table."""
    return {
        "feed_stream": (
            sa.Column("cosigned", sa.Text(), nullable=False, server_default=""),
            sa.Column("halted", sa.String(length=64), nullable=True),
        ),
        "subscriber": (
            sa.Column("verifier_before", sa.String(length=256), nullable=True),
            sa.Column("before_until", _AT, nullable=True),
        ),
        "agreement": (
            sa.Column("push_url", sa.String(length=512), nullable=True),
            sa.Column("push_hosts", _JSON, nullable=False, server_default="[]"),
            sa.Column("push_ranges", _JSON, nullable=False, server_default="[]"),
        ),
        "feed_progress": (sa.Column("farewell_at", _AT, nullable=True),),
        "receipt": (
            sa.Column("verifier", sa.String(length=256), nullable=True),
            *(
                sa.Column(name, sa.Integer(), nullable=False, server_default="0")
                for name in ("deleted", "shielded", "history", "onward", "onward_confirmed")
            ),
        ),
    }


def _of_subscriber(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f(f"fk_{table}_subscriber_id"))


def upgrade() -> None:
    op.create_table(
        "feed_epoch",
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.Column("ended_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("stream", "epoch", name=op.f("pk_feed_epoch")),
    )
    op.create_table(
        "feed_witness",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("cosigned_at", _AT, nullable=True),
        sa.Column("failed_at", _AT, nullable=True),
        sa.Column("problem", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("name", "stream", name=op.f("pk_feed_witness")),
    )
    op.create_table(
        "feed_push",
        sa.Column("subscriber_id", _BIG, nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", _AT, nullable=False),
        sa.Column("next_at", _AT, nullable=True),
        sa.Column("claimed_until", _AT, nullable=True),
        sa.Column("heard", _BIG, nullable=False),
        _of_subscriber("feed_push"),
        sa.PrimaryKeyConstraint("subscriber_id", "stream", name=op.f("pk_feed_push")),
    )
    op.create_index("ix_feed_push_due", "feed_push", ["next_at"], unique=False)
    op.create_table(
        "feed_push_attempt",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _BIG, nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        _of_subscriber("feed_push_attempt"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_push_attempt")),
    )
    op.create_index("ix_feed_push_attempt_subscriber", "feed_push_attempt", ["subscriber_id", "id"], unique=False)
    op.create_index("ix_feed_push_attempt_at", "feed_push_attempt", ["at"], unique=False)
    op.create_table(
        "feed_step",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _BIG, nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("at", _AT, nullable=False),
        _of_subscriber("feed_step"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_step")),
    )
    op.create_index(
        "ix_feed_step_subscriber", "feed_step", ["subscriber_id", "stream", "step", "sequence"], unique=False
    )
    op.create_table(
        "feed_probe",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _BIG, nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("entry", sa.String(length=28), nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("planned_at", _AT, nullable=False),
        sa.Column("looked_at", _AT, nullable=True),
        sa.Column("finding", sa.String(length=16), nullable=True),
        sa.Column("note", sa.String(length=512), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=True),
        _of_subscriber("feed_probe"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_probe")),
    )
    op.create_index("ix_feed_probe_subscriber", "feed_probe", ["subscriber_id", "id"], unique=False)
    op.create_index("ix_feed_probe_entry", "feed_probe", ["entry"], unique=False)
    op.create_table(
        "feed_alarm",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subscriber_id", _BIG, nullable=True),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("closed_at", _AT, nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        _of_subscriber("feed_alarm"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_alarm")),
    )
    op.create_index("ix_feed_alarm_open", "feed_alarm", ["closed_at", "id"], unique=False)
    for table, columns in _added().items():
        for column in columns:
            with op.batch_alter_table(table, schema=None) as batch_op:
                batch_op.add_column(column)
            if column.server_default is not None:
                with op.batch_alter_table(table, schema=None) as batch_op:
                    batch_op.alter_column(column.name, server_default=None)


def downgrade() -> None:
    for table, columns in _added().items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
    for table in (
        "feed_alarm",
        "feed_probe",
        "feed_step",
        "feed_push_attempt",
        "feed_push",
        "feed_witness",
        "feed_epoch",
    ):
        op.drop_table(table)

"""A new epoch: after a restore that lost events, or where a log can't be continued. Every number starts again from 1.

It is announced by the list of keys, a note of the root keys, that names the next epoch of every stream; no client changes
epoch by itself. What stands in force is published afresh; what the old epoch held of personal data goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, Outbox
from sync.heads import remember, sign
from sync.key_lists import newest_list
from sync.publish import locked
from sync.tables_delivery import FeedAlarm, LadderStep, Push
from sync.tables_feed import (
    FeedDigest,
    FeedEntry,
    FeedEpoch,
    FeedHead,
    FeedSegment,
    FeedStream,
    LogNode,
    Overdue,
    Progress,
    ReceiptNonce,
    StreamEvent,
)
from sync.wire.ids import ENTRY_PREFIXES
from sync.wire.state import EMPTY_STATE

OF_ONE_EPOCH = (StreamEvent, LogNode, FeedEntry, FeedDigest, FeedSegment, FeedHead, ReceiptNonce, LadderStep, Push)
"""Tables whose rows speak of sequences that no longer exist in the next epoch."""


def open_epoch(services: Services, *, reason: str, caller: Caller, now: datetime) -> dict[str, int]:
    """Open the next epoch of every stream; the new epoch by stream. Raises ``InvalidInput`` (``reason-missing``) and
    ``Conflict`` (``epoch-unannounced``, ``feed-busy``). What stands is numbered by the next passes of the sequencer."""
    caller.require(Permission.OPERATE)
    if not reason.strip():
        raise InvalidInput(Bilingual("请写明原因", "say why"), code="reason-missing", field="reason")
    with services.database.writing() as session:
        if not locked(services, session):
            raise Conflict(
                Bilingual("编号正在进行，请稍后再试", "the sequencer is at work; try again"), code="feed-busy"
            )
        rows = session.scalars(select(FeedStream).order_by(FeedStream.stream).with_for_update()).all()
        _require_announcement(session, rows)
        _publish_again(session, now)
        for row in rows:
            _turn_over(session, services, row, reason.strip(), now)
        opened = {row.stream: row.epoch for row in rows}
        audit.record(session, action="epoch.opened", caller=caller, object="feed", at=now,
                     details={"epochs": opened, "reason": reason.strip()[:256]})  # fmt: skip
        return opened


def _require_announcement(session: Session, rows: Sequence[FeedStream]) -> None:
    keys = newest_list(session)
    missing = [row.stream for row in rows if keys is None or row.epoch + 1 not in keys.epochs(row.stream)]
    if missing:
        raise Conflict(
            Bilingual(
                f"密钥清单尚未宣告 {'、'.join(missing)} 的新纪元：先执行 creditsvc keys draft --new-epoch 并由根密钥签署",
                f"the list of keys does not announce a new epoch of {', '.join(missing)}: first creditsvc keys draft "
                "--new-epoch, signed by the roots",
            ),
            code="epoch-unannounced",
        )


def _publish_again(session: Session, now: datetime) -> None:
    """A fact for everything that stands on a stream and for whose publication none waits already."""
    waiting = select(Outbox.entry).where(Outbox.done_at.is_(None), Outbox.fact == FactType.PUBLISHED.value)
    columns = ["entry", "kind", "revision", "fact", "is_exit", "created_at"]
    for kind, prefix in ENTRY_PREFIXES.items():
        values = (literal(kind), literal(1), literal(FactType.PUBLISHED.value), literal(False))
        standing = select(FeedEntry.entry, *values, literal(now, Outbox.created_at.type)).where(
            FeedEntry.entry.like(f"{prefix}\\_%", escape="\\"),
            FeedEntry.canary.is_(False),
            FeedEntry.entry.not_in(waiting),
        )
        session.execute(insert(Outbox).from_select(columns, standing.distinct(), include_defaults=False))


def _turn_over(session: Session, services: Services, row: FeedStream, reason: str, now: datetime) -> None:
    session.add(FeedEpoch(stream=row.stream, epoch=row.epoch, size=row.size, head=row.cosigned or row.head,
                          reason=reason[:256], ended_at=now))  # fmt: skip
    for table in OF_ONE_EPOCH:
        session.execute(delete(table).where(table.stream == row.stream).execution_options(synchronize_session=False))
    _forget_progress(session, row.stream, now)
    row.epoch, row.size, row.frontier, row.count = row.epoch + 1, 0, b"", 0
    row.state, row.forget_before, row.cosigned, row.halted, row.advanced_at = EMPTY_STATE, 0, "", None, now
    sign(session, services, row, now)
    remember(session, row, now)


def _forget_progress(session: Session, stream: str, now: datetime) -> None:
    """Everybody starts again; who ever held a copy still owes its removals."""
    session.execute(
        update(Progress)
        .where(Progress.stream == stream)
        .values(joined=0, fetched=0, applied=0, complete_at=None, diverged_at=None)
        .execution_options(synchronize_session=False)
    )
    for table, column in ((Overdue, Overdue.lifted_at), (FeedAlarm, FeedAlarm.closed_at)):
        session.execute(
            update(table)
            .where(table.stream == stream, column.is_(None))
            .values({column.key: now})
            .execution_options(synchronize_session=False)
        )


def epochs_over(session: Session) -> Iterator[FeedEpoch]:
    """Epochs that are over, newest first."""
    return iter(session.scalars(select(FeedEpoch).order_by(FeedEpoch.ended_at.desc(), FeedEpoch.stream)))

"""A record read, opened and moved: the one place that changes its stage, with its history and the journal."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.audit import record
from creditsvc.access.callers import Caller
from creditsvc.kernel.errors import Conflict, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.register.entries import reaches
from creditsvc.services import Services
from creditsvc.storage.cells import Place
from repair.performing.tables import PerformanceEvent, PerformanceRecord
from repair.policy.performing_states import Act, Stage, move

ID_PREFIX = "prf_"
SEALED = ("name", "creditor", "obligation")


@dataclass(frozen=True, slots=True)
class Opened:
    """A record with its sealed texts, for the moment of use. Empty texts: the person's data have been destroyed."""

    row: PerformanceRecord
    name: str = field(repr=False)
    creditor: str = field(repr=False)
    obligation: str = field(repr=False)


def new_id() -> str:
    """A random name for addresses; it says nothing about the person."""
    return ID_PREFIX + secrets.token_hex(12)


def missing() -> NotFound:
    """The one answer for a record that is not there and for one that is somebody else's."""
    return NotFound(Bilingual("没有这份履行记录", "there is no such record"), code="performance-unknown")


def load(session: Session, record_id: str, *, to_change: bool) -> PerformanceRecord:
    """A record, locked if it is to be changed; raises ``NotFound``."""
    found = session.get(PerformanceRecord, record_id, with_for_update=to_change or None)
    if found is None:
        raise missing()
    return found


def in_court(row: PerformanceRecord, caller: Caller) -> PerformanceRecord:
    """The record if it lies with the caller's court or one below it; any other is as good as missing."""
    if not reaches(caller, row.court_code):
        raise missing()
    return row


def own(session: Session, record_id: str, caller: Caller, *, to_change: bool) -> PerformanceRecord:
    """One's own record; raises ``NotFound`` for anybody else's."""
    found = load(session, record_id, to_change=to_change)
    if not caller.subject_id or found.subject_id != caller.subject_id:
        raise missing()
    return found


def sealed(services: Services, record_id: str, subject: str, texts: Mapping[str, str]) -> dict[str, bytes]:
    """The cells of a record's texts by column."""
    key = services.vault.keys_of([subject])[subject]
    return {
        f"{name}_cell": services.vault.seal(key, _place(record_id, name, subject), text) for name, text in texts.items()
    }


def opened(services: Services, rows: Sequence[PerformanceRecord]) -> list[Opened]:
    """Records with their texts, in the same order."""
    keys = services.vault.keys_of([row.subject_id for row in rows])
    return [_opened(services, row, keys.get(row.subject_id)) for row in rows]


def performer_name(session: Session, services: Services, subject_id: str) -> str | None:
    """The name in the newest record of somebody; none if there is none or their data have been destroyed."""
    query = select(PerformanceRecord).where(PerformanceRecord.subject_id == subject_id)
    row = session.scalar(query.order_by(PerformanceRecord.created_at.desc()).limit(1))
    return (opened(services, [row])[0].name or None) if row else None


def own_records(session: Session, subject_id: str) -> Sequence[PerformanceRecord]:
    """One person's records, newest first."""
    query = select(PerformanceRecord).where(PerformanceRecord.subject_id == subject_id)
    return session.scalars(query.order_by(PerformanceRecord.created_at.desc())).all()


def _opened(services: Services, row: PerformanceRecord, key: bytes | None) -> Opened:
    if key is None:
        return Opened(row, "", "", "")
    texts = [
        services.vault.open(key, _place(row.id, name, row.subject_id), getattr(row, f"{name}_cell")) for name in SEALED
    ]
    return Opened(row, *texts)


def _place(record_id: str, name: str, subject: str) -> Place:
    return Place("performance_record", f"{name}_cell", record_id, subject)


def check_version(row: PerformanceRecord, shown: int) -> None:
    """Refuse to act on a state that is no longer the one that was shown."""
    if row.version != shown:
        raise Conflict(
            Bilingual(
                "这份记录刚刚被他人处理过；请核对最新内容后再操作",
                "somebody has just worked on this record; look at it again before you act",
            ),
            code="performance-changed",
        )


def take(session: Session, row: PerformanceRecord, act: Act, *, caller: Caller, now: datetime, note: str = "") -> Stage:
    """Move by the table; raises ``Conflict`` where there is no such move. Writes history and journal."""
    after = move(Stage(row.stage), act)
    row.stage = after.value
    row.version += 1
    write_history(session, row, act.value, caller=caller, now=now, note=note)
    return after


def write_history(
    session: Session, row: PerformanceRecord, act: str, *, caller: Caller, now: datetime, note: str = ""
) -> None:
    """One row in the record's history and one in the journal; the journal gets no free text."""
    session.add(
        PerformanceEvent(
            record_id=row.id,
            version=row.version,
            act=act,
            stage=row.stage,
            actor=caller.actor,
            note=note[:2000],
            at=now,
        )
    )
    record(
        session, action=f"performance.{act}", caller=caller, object=row.id, at=now,
        details={"stage": row.stage, "version": row.version, "entry": row.entry},
    )  # fmt: skip


def events_of(session: Session, row: PerformanceRecord) -> Sequence[PerformanceEvent]:
    """What happened, oldest first."""
    query = select(PerformanceEvent).where(PerformanceEvent.record_id == row.id)
    return session.scalars(query.order_by(PerformanceEvent.version)).all()

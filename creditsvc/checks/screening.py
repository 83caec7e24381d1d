"""A list of people comes in, is worked off by a job, and is taken or destroyed.

States: ``queued`` → ``running`` → ``done``; ``stopped`` after failures (a person resumes it), ``cancelled``; results of
each are destroyed in the end. A file is read to its end before it is taken: one that can't be is refused whole, with why.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.checks import screening_files as files
from creditsvc.checks.answer import decide
from creditsvc.checks.questions import demand_matter, demand_purpose
from creditsvc.checks.screening_columns import find_columns
from creditsvc.checks.screening_output import Writer, writer_for
from creditsvc.checks.tables_screening import Screening, ScreeningFault
from creditsvc.kernel.errors import Conflict, NotAllowed, NotFound, TooLarge, TooMany
from creditsvc.kernel.sheets.read import read_file
from creditsvc.kernel.sheets.table import Table
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from punishment_rules.facts import NO_FACTS

MOST_ROWS = 1_000_000
MOST_OPEN = 10
QUEUED, RUNNING, DONE, STOPPED, CANCELLED = "queued", "running", "done", "stopped", "cancelled"
OPEN = (QUEUED, RUNNING, STOPPED)
_LONG_FIGURES = re.compile(r"\d{6,}[\dXx]*")


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked about everybody in the list."""

    sector: str
    act: str
    purpose: str
    matter: str
    on: date


def receive(services: Services, file: BinaryIO, ask: Ask, *, filename: str, caller: Caller, now: datetime) -> Screening:
    """Take a list in. Commits by itself; what is refused leaves nothing behind.

    Raises ``InvalidInput``, ``UnsupportedFile`` or ``TooLarge`` for the file or the question, ``TooMany`` for a unit that
    has too much in hand.
    """
    caller.require(Permission.SCREEN_RUN)
    unit = unit_of(caller)
    _demand(ask)
    place, key = secrets.token_hex(16), secrets.token_bytes(32)
    try:
        digest, size = files.keep_source(services, file, place, key)
        with files.open_source(services, place, key) as source:
            table, rows = _measured(source)
        with services.database.writing() as session:
            _limits(session, services, unit, rows, now)
            made = Screening(
                place=place, unit=unit, actor=caller.actor, sector=ask.sector, act=ask.act, purpose=ask.purpose.strip(),
                matter=ask.matter.strip() or None, on_day=ask.on, filename=_shown_name(filename), sha256=digest, size=size,
                format=table.format, rows=rows, state=QUEUED, created_at=now,
            )  # fmt: skip
            session.add(made)
            session.flush()
            # committed in the key database before the row that uses it
            services.vault.keep_key(files.key_name(made.id), key, at=now)
            _journal(session, made, "screening.received", caller, now, rows=rows, sha256=digest)
    except BaseException:
        files.remove_folder(services, place)
        raise
    return made


def unit_of(caller: Caller) -> str:
    """The unit for which somebody screens; its colleagues see the same screenings. Raises ``NotAllowed``."""
    if not caller.unit or caller.kind not in {CallerKind.STAFF, CallerKind.API_KEY}:
        raise NotAllowed(
            Bilingual("您的账户不属于任何单位，不能批量核查", "your account belongs to no unit and can't screen"),
            code="unit-missing",
        )
    return caller.unit


def _demand(ask: Ask) -> None:
    demand_purpose(ask.purpose)
    demand_matter(ask.matter)
    decide(NO_FACTS, sector=ask.sector, act=ask.act, on=ask.on)


def _measured(source: BinaryIO) -> tuple[Table, int]:
    """The table's kind and how many rows it has: read to the end, so that nothing is answered of half a file."""
    table = read_file(source)
    find_columns(table.headers)
    rows = 0
    for _ in table.rows:
        rows += 1
        if rows > MOST_ROWS:
            raise TooLarge(
                Bilingual(
                    f"名单超过 {MOST_ROWS:,} 行，请拆分后分次上传",
                    f"more than {MOST_ROWS:,} rows; split the list and send its parts",
                ),
                code="screening-too-long",
                most=MOST_ROWS,
            )
    return table, rows


def _shown_name(filename: str) -> str:
    """The file's name without long figures: people are found by them."""
    return _LONG_FIGURES.sub("…", filename.replace("\\", "/").rpartition("/")[2])[-200:] or "list"


def _limits(session: Session, services: Services, unit: str, rows: int, now: datetime) -> None:
    mine = select(func.count(), func.coalesce(func.sum(Screening.rows), 0)).where(Screening.unit == unit)
    waiting = session.execute(mine.where(Screening.state.in_(OPEN))).one()[0]
    if waiting >= MOST_OPEN:
        raise TooMany(
            Bilingual(
                f"本单位已有 {waiting} 份名单未完成，请等待完成或者取消",
                f"{waiting} lists of your unit are unfinished; wait or cancel one",
            ),
            code="screenings-open",
            retry_after=60,
        )
    today = session.execute(mine.where(Screening.created_at > now - timedelta(days=1))).one()[1]
    if today + rows > services.settings.screening_rows_a_day:
        raise TooMany(
            Bilingual(
                "本单位 24 小时内核查的行数已达上限，请明日再试",
                "your unit has screened its most rows in 24 hours; try tomorrow",
            ),
            code="screening-quota",
            retry_after=3600,
        )


def find(session: Session, screening_id: int, *, caller: Caller, to_change: bool = False) -> Screening:
    """The screening of the caller's own unit; raises ``NotFound`` for any other as for one that is not there."""
    query = select(Screening).where(Screening.id == screening_id)
    found = session.scalar(query.with_for_update() if to_change else query)
    if found is None or not caller.unit or found.unit != caller.unit:
        raise NotFound(Bilingual("没有这份批量核查", "no such screening"), code="screening-unknown")
    return found


def newest(session: Session, *, caller: Caller, before: int | None = None, limit: int = 50) -> Sequence[Screening]:
    """The unit's screenings, newest first."""
    query = select(Screening).where(Screening.unit == (caller.unit or ""))
    if before is not None:
        query = query.where(Screening.id < before)
    return session.scalars(query.order_by(Screening.id.desc()).limit(limit)).all()


def faults_of(session: Session, screening_id: int, *, after: int = 0, limit: int = 100) -> Sequence[ScreeningFault]:
    """Rows that could not be asked about, by row."""
    query = select(ScreeningFault).where(ScreeningFault.screening_id == screening_id, ScreeningFault.row_number > after)
    return session.scalars(query.order_by(ScreeningFault.row_number).limit(limit)).all()


def cancel(services: Services, screening_id: int, *, caller: Caller, now: datetime) -> Screening:
    """Stop it, or put its results away: the list, the results and their key are destroyed. Twice is as once."""
    with services.database.writing() as session:
        screening = find(session, screening_id, caller=caller, to_change=True)
        if screening.state in OPEN:
            screening.state, screening.finished_at = CANCELLED, now
            _journal(session, screening, "screening.cancelled", caller, now, rows=screening.cursor)
        elif screening.destroyed_at is None:
            _journal(session, screening, "screening.destroyed", caller, now)
        if screening.destroyed_at is None:
            screening.destroyed_at = now
    files.destroy(services, screening.id, screening.place, at=now)
    return screening


def resume(services: Services, screening_id: int, *, caller: Caller, now: datetime) -> Screening:
    """Go on where it stopped. Raises ``Conflict`` unless it has stopped."""
    with services.database.writing() as session:
        screening = find(session, screening_id, caller=caller, to_change=True)
        if screening.state != STOPPED:
            raise Conflict(
                Bilingual("这份批量核查没有停下，无须继续", "this screening has not stopped"),
                code="screening-state",
                state=screening.state,
            )
        screening.state, screening.failures, screening.problem, screening.claimed_until = QUEUED, 0, None, None
        _journal(session, screening, "screening.resumed", caller, now, rows=screening.cursor)
    return screening


def results(
    services: Services, screening_id: int, *, caller: Caller, now: datetime
) -> tuple[Screening, Writer, Iterator[bytes]]:
    """The whole result, as a stream. Every person in it stands in the access ledger by now.

    Raises ``Conflict`` before it is done, ``Gone`` once it is destroyed.
    """
    with services.database.writing() as session:
        screening = find(session, screening_id, caller=caller)
        if screening.destroyed_at is not None:
            raise files.results_gone()
        if screening.state != DONE:
            raise Conflict(
                Bilingual("尚未完成，完成后才能下载结果", "not done yet; the results can be taken when it is"),
                code="screening-unfinished",
                state=screening.state,
            )
        key = files.key_of(services, screening)
        _journal(session, screening, "screening.taken", caller, now)
    # what the whole is made of does not depend on the sender's columns
    writer = writer_for(screening.format, (), english=False)
    return screening, writer, writer.whole(files.read_parts(services, screening.place, screening.parts, key))


def _journal(
    session: Session, screening: Screening, action: str, caller: Caller, now: datetime, **details: object
) -> None:
    audit.record(session, action=action, caller=caller, object=f"screening:{screening.id}", at=now, details=details)

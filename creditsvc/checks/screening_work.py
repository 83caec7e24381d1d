"""Works lists off, a chunk of rows at a time.

A chunk is answered from one snapshot, its results are sealed into a part, and one transaction counts the rows, places the
part and writes everybody into the access ledger. Killed anywhere, the chunk is done anew or was done: no row is lost or
doubled. Two workers can't both count a chunk: the cursor must still stand where this one read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from creditsvc.access.ledger import record_accesses
from creditsvc.checks import screening_files as files
from creditsvc.checks.data_age import data_age
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.screening import CANCELLED, DONE, QUEUED, RUNNING, STOPPED
from creditsvc.checks.screening_answers import Answered, Answers, Terms
from creditsvc.checks.screening_columns import find_columns
from creditsvc.checks.screening_output import Writer, writer_for
from creditsvc.checks.screening_people import Person, read_people
from creditsvc.checks.tables_screening import Screening, ScreeningFault
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.sheets.read import read_file
from creditsvc.kernel.text import Bilingual
from creditsvc.register.readings import newest_event
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows

CHUNK = 5_000
"""Rows in one transaction: fewer cost more commits of the ledger's scattered index, more keep other writers waiting."""
CLAIM = timedelta(seconds=20)
"""How long a worker that is heard of no more keeps others away."""
TURN = timedelta(seconds=20)
"""After this long another list gets its turn."""
SHIFT = timedelta(seconds=50)
MOST_FAILURES = 5
MOST_FAULTS = 1000
"""Faults kept for the page; the results name them all."""
log = structlog.get_logger("screening")


class Overtaken(Exception):
    """Somebody cancelled it, or another worker has it."""


def run_screenings(services: Services, now: datetime) -> str:
    """The job: lists in turn until none waits or the shift is over; a line for the journal, empty if there was nothing."""
    worked: Counter[int] = Counter()
    while services.clock.now() - now <= SHIFT and (screening := claim(services, services.clock.now())) is not None:
        worked[screening.id] += work(services, screening, until=services.clock.now() + TURN)
    return ", ".join(f"{number}: {rows} 行" for number, rows in worked.items())


def claim(services: Services, now: datetime) -> Screening | None:
    """The list that has waited longest for a turn, now ours for a while; none if there is none."""
    return _claim(services, now)


def claim_one(services: Services, screening_id: int, now: datetime) -> Screening | None:
    """As ``claim``, for this list alone."""
    return _claim(services, now, Screening.id == screening_id)


def _claim(services: Services, now: datetime, *which: ColumnElement[bool]) -> Screening | None:
    free = or_(Screening.claimed_until.is_(None), Screening.claimed_until <= now)
    with services.database.writing() as session:
        query = select(Screening).where(Screening.state.in_((QUEUED, RUNNING)), free, *which)
        query = query.order_by(Screening.claimed_until.is_not(None), Screening.claimed_until, Screening.id).limit(1)
        found = session.scalar(query.with_for_update(skip_locked=True))
        if found is not None:
            found.state, found.claimed_until = RUNNING, now + CLAIM
        return found


def work(services: Services, screening: Screening, *, until: datetime) -> int:
    """Work on a list until it is done or the time is over; how many rows were answered."""
    before = screening.cursor
    try:
        _Work(services, screening).run(until)
    except Overtaken:
        _clear_if_cancelled(services, screening)
    except CreditServiceError as wrong:
        _failed(services, screening.id, wrong.text, wrong.code)
    except Exception as error:  # noqa: BLE001 - one list's failure must not stop the others; it is logged and tried again
        log.error("screening-failed", screening=screening.id, error=type(error).__name__)
        text = Bilingual("处理时发生内部错误，请稍后继续", "an internal error; resume it later")
        _failed(services, screening.id, text, "internal")
    return screening.cursor - before


class _Work:
    """One worker's turn at one list."""

    def __init__(self, services: Services, screening: Screening) -> None:
        self._services, self._screening = services, screening
        self._key = files.key_of(services, screening)
        overlay = overlay_of(services.settings)
        terms = Terms(screening.sector, screening.act, screening.on_day, overlay)
        self._answers = Answers(services.vault, terms)
        self._new: dict[str, Any] = {}

    def run(self, until: datetime) -> None:
        """Answer chunks until the list or the time is over."""
        screening = self._screening
        with files.open_source(self._services, screening.place, self._key) as source:
            table = read_file(source)
            columns = find_columns(table.headers)
            writer = writer_for(
                table.format,
                table.headers,
                english=columns.is_english,
                encoding=table.encoding,
                delimiter=table.delimiter,
            )
            people = read_people(columns, islice(table.rows, screening.cursor, None))
            while chunk := list(islice(people, CHUNK)):
                self._chunk(chunk, writer)
                if screening.cursor < screening.rows and self._services.clock.now() >= until:
                    self._settle({"claimed_until": self._services.clock.now()})
                    return
        self._settle({"state": DONE, "finished_at": self._services.clock.now(), "claimed_until": None})

    def _chunk(self, people: Sequence[Person], writer: Writer) -> None:
        screening, number = self._screening, self._screening.parts
        with self._services.database.reading() as session:
            data_age(session, self._services, self._services.clock.now())
            event = newest_event(session)
            answers = self._answers.to(session, people)
        lines = [self._answers.line(person, answered) for person, answered in zip(people, answers, strict=True)]
        content = (b"" if number else writer.head()) + writer.part(lines, first=screening.cursor)
        part = files.keep_part(self._services, screening.place, number, self._key, content)
        try:
            with self._services.database.writing() as session:
                self._count(session, people, answers, event)
                self._record(session, people, answers)
                files.put_in_place(part, number)
        finally:
            part.unlink(missing_ok=True)
        for name, value in self._new.items():
            setattr(screening, name, value)

    def _count(
        self, session: Session, people: Sequence[Person], answers: Sequence[Answered | None], event: int
    ) -> None:
        """Move the cursor, if it still stands where this worker read it."""
        screening, now = self._screening, self._services.clock.now()
        outcomes = Counter("faulty" if one is None else one.outcome for one in answers)
        values: dict[str, Any] = {name: getattr(screening, name) + outcomes[name] for name in _COUNTED}
        values |= {
            "cursor": screening.cursor + len(people), "parts": screening.parts + 1, "claimed_until": now + CLAIM, "failures": 0,
            "hinted": screening.hinted + sum(bool(person.look) for person in people),
            "first_event": event if screening.first_event is None else screening.first_event,
        }  # fmt: skip
        self._change(session, values)

    def _change(self, session: Session, values: dict[str, Any]) -> None:
        screening = self._screening
        mine = and_(Screening.id == screening.id, Screening.state == RUNNING, Screening.cursor == screening.cursor)
        done = session.execute(
            update(Screening).where(mine).values(**values).execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Overtaken
        self._new = values

    def _record(self, session: Session, people: Sequence[Person], answers: Sequence[Answered | None]) -> None:
        screening = self._screening
        record_accesses(
            session,
            _accesses(answers),
            actor=screening.actor,
            unit=screening.unit,
            action="screening",
            purpose=screening.purpose,
            matter=screening.matter,
            sector=screening.sector,
            act=screening.act,
            at=self._services.clock.now(),
        )
        room = max(0, MOST_FAULTS - screening.faulty)
        faulty = [(person.row, person.problem) for person in people if person.problem is not None][:room]
        faults = [
            {
                "screening_id": screening.id,
                "row_number": row,
                "code": problem.code,
                "zh": problem.text.zh,
                "en": problem.text.en,
            }
            for row, problem in faulty
        ]
        insert_rows(session, ScreeningFault, faults)

    def _settle(self, values: dict[str, Any]) -> None:
        with self._services.database.writing() as session:
            self._change(session, values)


_COUNTED = ("restricted", "needs_officer", "clear", "faulty")


def _accesses(answers: Sequence[Answered | None]) -> Iterator[tuple[bytes, str | None, str]]:
    for one in answers:
        if one is not None:
            subject = one.match.subject_id if one.match.name_agrees else None
            yield one.token, subject, one.outcome


def _failed(services: Services, screening_id: int, text: Bilingual, code: str) -> None:
    """Try again a little later, or stop for a person to look."""
    now = services.clock.now()
    with services.database.writing() as session:
        row = session.scalar(select(Screening).where(Screening.id == screening_id).with_for_update())
        if row is None or row.state != RUNNING:
            return
        row.failures += 1
        row.claimed_until = now + CLAIM * row.failures
        row.problem = {"code": code, "zh": text.zh, "en": text.en}
        if row.failures >= MOST_FAILURES:
            row.state, row.claimed_until = STOPPED, None


def _clear_if_cancelled(services: Services, screening: Screening) -> None:
    """The last part of a cancelled list may have been written after its folder was cleared."""
    with services.database.reading() as session:
        state = session.scalar(select(Screening.state).where(Screening.id == screening.id))
    if state == CANCELLED:
        files.destroy(services, screening.id, screening.place, at=services.clock.now())


def destroy_old_results(services: Services, now: datetime) -> str:
    """The job: destroy results past their days, lists that stopped as long ago, and uploads that never became a list."""
    oldest = now - timedelta(days=services.settings.screening_keep_days)
    with services.database.reading() as session:
        over = or_(
            Screening.finished_at <= oldest,
            and_(Screening.state == STOPPED, Screening.claimed_until.is_(None), Screening.created_at <= oldest),
        )
        due = [row[0] for row in session.execute(select(Screening.id).where(Screening.destroyed_at.is_(None), over))]
    for screening_id in due:
        _destroy(services, screening_id, now)
    left = _broken_off(services, now)
    return f"{len(due)} destroyed, {left} broken off" if due or left else ""


def _destroy(services: Services, screening_id: int, now: datetime) -> None:
    with services.database.writing() as session:
        row = session.scalars(select(Screening).where(Screening.id == screening_id).with_for_update()).one()
        row.destroyed_at = now
        if row.state == STOPPED:
            row.state, row.finished_at = CANCELLED, now
        place = row.place
    files.destroy(services, screening_id, place, at=now)


def _broken_off(services: Services, now: datetime) -> int:
    """Folders of which no row tells, once they are a day old: their key was never kept."""
    root = files.root(services)
    if not root.is_dir():
        return 0
    oldest = (now - timedelta(days=1)).timestamp()
    old = {path.name: path for path in root.iterdir() if path.stat().st_mtime < oldest}
    with services.database.reading() as session:
        kept = {
            row[0]
            for row in session.execute(
                select(Screening.place).where(Screening.place.in_(old), Screening.destroyed_at.is_(None))
            )
        }
    for name in set(old) - kept:
        files.remove_folder(services, name)
    return len(set(old) - kept)

"""Watch lists: a unit's own counterparties, and what is told when an entry about one comes, changes or goes.

What is in force is worked out whenever somebody reads, from the register as it stands: a removal is told by the very next
reading and waits for no batch; a term's end works by date alone. The job only makes sure that what comes and goes between
two readings is told too. A number whose name does not agree is nobody's, as in a check.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.ledger import record_accesses
from creditsvc.access.permissions import Permission
from creditsvc.checks import watch_people as people
from creditsvc.checks.answer import decide as answer_for
from creditsvc.checks.data_age import data_age
from creditsvc.checks.questions import demand_matter, demand_purpose
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.screening import unit_of
from creditsvc.checks.tables_screening import WatchDecision, WatchEvent, WatchList, WatchMember, WatchState
from creditsvc.checks.watch_people import Watched
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.register.readings import Asked, Match, matches_about, newest_event, revisions_of
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from creditsvc.storage.keyring import KEY_BYTES
from creditsvc.storage.subjects import subjects_by_token
from creditsvc.storage.vault import Vault
from punishment_rules.evaluate import Answer
from punishment_rules.facts import NO_FACTS, ListingFact, MarkFact, OrderFact
from punishment_rules.law import Outcome
from punishment_rules.overlay import NONE, Overlay

ENTERED, CHANGED, LEFT = "entered", "changed", "left"
MOST_LISTS = 100
CHOICES = {
    "acted": Bilingual("已按条款处理", "acted on it"),
    "not_applied": Bilingual("未适用，理由见备注", "not applied; the note says why"),
    "follow_up": Bilingual("需要继续跟进", "to be followed up"),
}
_LONG_FIGURES = re.compile(r"\d{6,}[\dXx]*")


class Standing(NamedTuple):
    """An entry in force about a member, as the register has it now."""

    revision: int
    outcome: str


Key = tuple[int, str]
"""Member and entry."""


@dataclass(frozen=True, slots=True)
class Now:
    """What is in force about the members of a list: standing by member and entry, what each entry is, whose it is."""

    standing: Mapping[Key, Standing]
    entries: Mapping[str, dict[str, Any]]
    people: Mapping[int, Watched]
    tokens: Mapping[int, tuple[bytes, str | None]] = field(default_factory=dict)
    as_of_event: int = 0


@dataclass(frozen=True, slots=True)
class NewList:
    """A list as it is asked for."""

    name: str
    sector: str
    act: str
    purpose: str
    matter: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What somebody of the unit made of an entry at a revision of it."""

    member: int
    entry: str
    revision: int
    choice: str
    note: str = ""


def create(services: Services, new: NewList, *, caller: Caller, now: datetime) -> WatchList:
    """An empty list of the caller's unit. Commits by itself. Raises ``InvalidInput`` or ``TooMany``."""
    caller.require(Permission.SCREEN_RUN)
    unit = unit_of(caller)
    if not new.name.strip() or len(new.name) > 100:
        raise InvalidInput(
            Bilingual("请填写名单名称（100 字以内）", "name the list, at most 100 characters"),
            code="name-missing",
            field="name",
        )
    demand_purpose(new.purpose)
    demand_matter(new.matter)
    answer_for(NO_FACTS, sector=new.sector, act=new.act, on=legal_day(now))
    with services.database.writing() as session:
        mine = select(func.count()).select_from(WatchList).where(WatchList.unit == unit, WatchList.closed_at.is_(None))
        if (session.scalar(mine) or 0) >= MOST_LISTS:
            raise TooMany(
                Bilingual(f"本单位最多 {MOST_LISTS} 份关注名单", f"a unit has {MOST_LISTS} watch lists at most"),
                code="watch-lists-open",
                retry_after=3600,
            )
        made = WatchList(
            unit=unit, actor=caller.actor, name=_without_figures(new.name.strip()), sector=new.sector, act=new.act,
            purpose=new.purpose.strip(), matter=new.matter.strip(), created_at=now,
        )  # fmt: skip
        session.add(made)
        session.flush()
        # committed in the key database before the row that uses it
        services.vault.keep_key(people.key_name(made.id), secrets.token_bytes(KEY_BYTES), at=now)
        _journal(session, made, "watch.created", caller, now)
    return made


def find(session: Session, list_id: int, *, caller: Caller, to_change: bool = False) -> WatchList:
    """The list of the caller's own unit; raises ``NotFound`` for any other, and for a closed one that is to be changed."""
    query = select(WatchList).where(WatchList.id == list_id)
    found = session.scalar(query.with_for_update() if to_change else query)
    if found is None or not caller.unit or found.unit != caller.unit or found.closed_at is not None:
        raise NotFound(Bilingual("没有这份关注名单", "no such watch list"), code="watch-unknown")
    return found


def lists_of(session: Session, *, caller: Caller) -> Sequence[WatchList]:
    """The unit's lists, newest first."""
    query = select(WatchList).where(WatchList.unit == (caller.unit or ""), WatchList.closed_at.is_(None))
    return session.scalars(query.order_by(WatchList.id.desc())).all()


def add(services: Services, list_id: int, who: Sequence[Watched], *, caller: Caller, now: datetime) -> tuple[int, int]:
    """Watch these people: how many are new, how many were on the list. Each new one stands in the access ledger."""
    with services.database.writing() as session:
        watch_list = find(session, list_id, caller=caller, to_change=True)
        fresh, known = people.add(session, services.vault, watch_list, who, now=now)
        _ledger(session, watch_list, [(token, None, "watched") for token, _ in fresh], actor=caller.actor, now=now)
        _journal(session, watch_list, "watch.added", caller, now, people=len(fresh))
    return len(fresh), known


def remove(services: Services, list_id: int, member_id: int, *, caller: Caller, now: datetime) -> None:
    """Watch this one no longer: what was sealed about them is deleted. What was told stays."""
    with services.database.writing() as session:
        watch_list = find(session, list_id, caller=caller, to_change=True)
        of_member = (WatchState.list_id == watch_list.id, WatchState.member_id == member_id)
        session.execute(delete(WatchState).where(*of_member))
        gone = session.execute(
            delete(WatchMember).where(WatchMember.list_id == watch_list.id, WatchMember.id == member_id)
        )
        if gone.rowcount != 1:  # type: ignore[attr-defined]
            raise _unknown_member()
        _journal(session, watch_list, "watch.removed", caller, now)


def close(services: Services, list_id: int, *, caller: Caller, now: datetime) -> None:
    """End the list: its key is destroyed and its people deleted."""
    with services.database.writing() as session:
        watch_list = find(session, list_id, caller=caller, to_change=True)
        watch_list.closed_at = now
        for table in (WatchState, WatchMember):
            session.execute(delete(table).where(table.list_id == list_id))
        _journal(session, watch_list, "watch.closed", caller, now)
    services.vault.destroy(people.key_name(list_id), at=now)


def refresh(services: Services, watch_list: WatchList, *, now: datetime, overlay: Overlay = NONE) -> Now:
    """What is in force now; what differs from what was told last is told. Commits by itself, only if there is news.

    Raises ``Unavailable`` when the register is too old to say who comes and who goes.
    """
    with services.database.reading() as session:
        data_age(session, services, now)
        found = in_force(session, services.vault, watch_list, on=legal_day(now), overlay=overlay)
        if _told_last(session, watch_list.id) == found.standing:
            return found
    with services.database.writing() as session:
        locked = session.scalars(select(WatchList).where(WatchList.id == watch_list.id).with_for_update()).one()
        if locked.closed_at is not None:
            return found
        # once more, since somebody may have told the news between the two
        found = in_force(session, services.vault, locked, on=legal_day(now), overlay=overlay)
        _tell(session, locked, found, now)
    return found


def in_force(session: Session, vault: Vault, watch_list: WatchList, *, on: date, overlay: Overlay = NONE) -> Now:
    """Every entry in force about a member whose name agrees, with its revision and what it means for the list's act."""
    tokens = people.tokens_of(session, watch_list.id)
    subjects = subjects_by_token(session, list(tokens.values()))
    hits = [member for member, token in tokens.items() if token in subjects]
    persons = people.some(session, vault, watch_list.id, hits)
    asked = [Asked(subjects[tokens[member]], persons[member].number, persons[member].name) for member in hits]
    standing: dict[Key, Standing] = {}
    entries: dict[str, dict[str, Any]] = {}
    matches = matches_about(session, asked, on=on)
    revisions = revisions_of(session, {entry for match in matches for entry in match.entries})
    for member, match in zip(hits, matches, strict=True):
        answer = answer_for(match.facts, sector=watch_list.sector, act=watch_list.act, on=on, overlay=overlay)
        for entry in _entries(match, on):
            standing[member, entry] = Standing(revisions.get(entry, 0), _outcome(answer, entry))
        entries.update(match.entries)
    whose = {
        member: (tokens[member], match.subject_id if match.name_agrees else None)
        for member, match in zip(hits, matches, strict=True)
    }
    return Now(standing, entries, persons, whose, newest_event(session))


def _entries(match: Match, on: date) -> set[str]:
    facts = match.facts
    about: tuple[ListingFact | OrderFact | MarkFact, ...] = (*facts.listings, *facts.orders, *facts.marks)
    return {fact.entry for fact in about if fact.in_force(on)}


def _outcome(answer: Answer, entry: str) -> str:
    """The heaviest of the verdicts that rest on this entry."""
    about = [verdict.outcome for verdict in answer.verdicts if entry in verdict.sources]
    return max(about, key=lambda outcome: outcome.weight, default=Outcome.CLEAR).value


def _told_last(session: Session, list_id: int) -> dict[Key, Standing]:
    columns = (WatchState.member_id, WatchState.entry, WatchState.revision, WatchState.outcome)
    rows = session.execute(select(*columns).where(WatchState.list_id == list_id))
    return {(row[0], row[1]): Standing(row[2], row[3]) for row in rows}


def _tell(session: Session, watch_list: WatchList, found: Now, now: datetime) -> None:
    before = _told_last(session, watch_list.id)
    news: list[tuple[str, Key, Standing]] = [
        (CHANGED if key in before else ENTERED, key, standing)
        for key, standing in found.standing.items()
        if before.get(key) != standing
    ]
    news += [(LEFT, key, standing) for key, standing in before.items() if key not in found.standing]
    # exits first, as everywhere
    news.sort(key=lambda told: (told[0] != LEFT, told[1]))
    common = {"list_id": watch_list.id, "at": now, "as_of_event": found.as_of_event}
    events = [
        {
            **common,
            "member_id": member,
            "kind": kind,
            "entry": entry,
            "revision": standing.revision,
            "outcome": standing.outcome,
        }
        for kind, (member, entry), standing in news
    ]
    insert_rows(session, WatchEvent, events)
    for _, (member, entry), _ in news:
        session.execute(delete(WatchState).where(WatchState.member_id == member, WatchState.entry == entry))
    states = [
        {
            "list_id": watch_list.id,
            "member_id": member,
            "entry": entry,
            "revision": standing.revision,
            "outcome": standing.outcome,
        }
        for kind, (member, entry), standing in news
        if kind != LEFT
    ]
    insert_rows(session, WatchState, states)
    about = {member: standing.outcome for kind, (member, _), standing in news if kind != LEFT}
    told = [(*found.tokens[member], outcome) for member, outcome in about.items()]
    _ledger(session, watch_list, told, actor=watch_list.actor, now=now)


def events_of(session: Session, list_id: int, *, after: int = 0, limit: int = 100) -> Sequence[WatchEvent]:
    """What was told after this one, in order."""
    query = select(WatchEvent).where(WatchEvent.list_id == list_id, WatchEvent.id > after)
    return session.scalars(query.order_by(WatchEvent.id).limit(limit)).all()


def newest_events(session: Session, list_id: int, *, limit: int = 100) -> Sequence[WatchEvent]:
    """What was told last, newest first."""
    query = select(WatchEvent).where(WatchEvent.list_id == list_id)
    return session.scalars(query.order_by(WatchEvent.id.desc()).limit(limit)).all()


def decisions_of(session: Session, list_id: int) -> dict[tuple[int, str, int], WatchDecision]:
    """The unit's decisions by member, entry and revision."""
    rows = session.scalars(select(WatchDecision).where(WatchDecision.list_id == list_id))
    return {(row.member_id, row.entry, row.revision): row for row in rows}


def settle(
    services: Services, list_id: int, made: Settled, *, caller: Caller, now: datetime, overlay: Overlay = NONE
) -> WatchDecision:
    """Note what the unit made of an entry; another revision of the entry opens the question again.

    Raises ``Conflict`` if the entry has another revision by now or is in force no longer, ``InvalidInput`` for an unknown
    choice or a missing note.
    """
    _demand(made)
    with services.database.writing() as session:
        watch_list = find(session, list_id, caller=caller, to_change=True)
        found = in_force(session, services.vault, watch_list, on=legal_day(now), overlay=overlay)
        standing = found.standing.get((made.member, made.entry))
        if standing is None or standing.revision != made.revision:
            raise Conflict(
                Bilingual(
                    "该记录已变动或者不再生效，请刷新后重新判断",
                    "the entry has changed or is in force no longer; look again",
                ),
                code="entry-changed",
                revision=None if standing is None else standing.revision,
            )
        values = {"list_id": list_id, "member_id": made.member, "entry": made.entry, "revision": made.revision}
        session.execute(delete(WatchDecision).filter_by(**values))
        row = WatchDecision(
            **values, choice=made.choice, note=_without_figures(made.note.strip())[:500], actor=caller.actor, at=now
        )
        session.add(row)
        details = {"entry": made.entry, "revision": made.revision, "choice": made.choice}
        _journal(session, watch_list, "watch.decided", caller, now, **details)
    return row


def _demand(made: Settled) -> None:
    if made.choice not in CHOICES:
        raise InvalidInput(
            Bilingual(f"处理结果应为：{'、'.join(CHOICES)}", f"the choice must be one of {', '.join(CHOICES)}"),
            code="choice-unknown",
            field="choice",
        )
    if made.choice == "not_applied" and not made.note.strip():
        raise InvalidInput(
            Bilingual("未适用的，请写明理由", "say why it was not applied"), code="note-missing", field="note"
        )


def refresh_all(services: Services, now: datetime) -> str:
    """The job: tell each list what came and went; how many had news."""
    overlay = overlay_of(services.settings)
    with services.database.reading() as session:
        open_lists = session.scalars(select(WatchList).where(WatchList.closed_at.is_(None))).all()
        newest = session.scalar(select(func.max(WatchEvent.id))) or 0
    for watch_list in open_lists:
        refresh(services, watch_list, now=now, overlay=overlay)
    with services.database.reading() as session:
        told = session.scalar(select(func.count()).select_from(WatchEvent).where(WatchEvent.id > newest)) or 0
    return f"{told} 条变动" if told else ""


def _ledger(
    session: Session, watch_list: WatchList, told: Sequence[tuple[bytes, str | None, str]], *, actor: str, now: datetime
) -> None:
    record_accesses(
        session, told, actor=actor, unit=watch_list.unit, action="watch", purpose=watch_list.purpose, matter=watch_list.matter,
        sector=watch_list.sector, act=watch_list.act, at=now,
    )  # fmt: skip


def _without_figures(text: str) -> str:
    return _LONG_FIGURES.sub("…", text)


def _unknown_member() -> NotFound:
    return NotFound(Bilingual("名单上没有此人", "nobody of this number is on the list"), code="member-unknown")


def _journal(
    session: Session, watch_list: WatchList, action: str, caller: Caller, now: datetime, **details: object
) -> None:
    audit.record(session, action=action, caller=caller, object=f"watch:{watch_list.id}", at=now, details=details)

"""The daily comparison: what we say stands and what the platform says it holds; what differs, repaired and tracked.

The report is a signed note of both sides' counts and bucket digests: the platform adds its own signature to the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import BEIJING, legal_day
from creditsvc.kernel.errors import Conflict, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from sync.platform.alarms import clear_alarms, raise_alarm
from sync.platform.channels.base import Channel
from sync.platform.channels.open import link_signer
from sync.platform.receive import wish
from sync.platform.records import STREAM, stream_row
from sync.platform.shape.answers import Holding, Unreadable, read_holding
from sync.platform.shape.compare import BUCKETS, ENDED, LISTED, Difference, Ours, Tally, Tallying, compare, differing
from sync.platform.shape.profile import Profile
from sync.platform.spool import Spool
from sync.platform.tables import (
    PlatformBatch,
    PlatformComparison,
    PlatformDifference,
    PlatformLink,
    PlatformReceipt,
    PlatformRow,
    PlatformWish,
)
from sync.tables_feed import FeedEntry
from sync.wire.encoding import instant
from sync.wire.ids import is_entry_id
from sync.wire.notes import sign_note

ANSWERED, UNANSWERED = timedelta(hours=1), timedelta(days=1)
MOST_DIFFERENCES = 100_000
BY_ITSELF = frozenset({"held_but_ended", "lacking", "older"})
"""Differences that are repaired without a person: ends first of all. What we never sent, and what is newer, is a person's."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to; none of it if the platform has not said what it holds."""

    id: int
    differences: int
    waiting: int
    state: str


def reconcile(
    services: Services, link: PlatformLink, profile: Profile, channel: Channel, *, caller: Caller, strict: bool = False
) -> Compared | None:
    """Compare now; none if the platform has not said what it holds. Raises ``ChannelTrouble``.

    ``strict``: everything that went out counts, also what the platform has had no time to take in.
    """
    bundle = channel.holdings()
    if bundle is None:
        return None
    now = services.clock.now()
    with Spool() as spool:
        unread = _lay_down_theirs(spool, profile, bundle.rows)
        with services.database.reading() as session:
            lay_down_ours(session, spool, link.id, now, strict=strict)
        found = _compared(spool)
    with services.database.writing() as session:
        made = _keep(session, services, link, found, unread=unread, now=now, caller=caller)
    bundle.taken()
    return made


@dataclass(slots=True)
class Found:
    """What both sides hold, and what differs. Records that still stand there though they ended are kept in any number."""

    ours: Tally
    theirs: Tally
    kinds: Counter[str]
    differences: list[Difference]
    waiting: int


def _lay_down_theirs(spool: Spool, profile: Profile, rows: Iterable[Mapping[str, Any]]) -> int:
    """Lay their list down; how many of its rows make no sense."""
    unread = 0
    for row in rows:
        try:
            spool.put("theirs", *read_holding(profile, row))
        except Unreadable:
            unread += 1
    return unread


def _compared(spool: Spool) -> Found:
    """Bucket after bucket: no more than one of them stands in memory."""
    told_ours, told_theirs, kinds, waiting = Tallying(), Tallying(), Counter[str](), 0
    urgent: list[Difference] = []
    others: list[Difference] = []
    for bucket in range(BUCKETS):
        ours, theirs = ours_in(spool, bucket), [Holding(*each) for each in spool.read("theirs", bucket)]
        found = compare(ours, theirs)
        kinds.update(each.kind for each in found.differences)
        waiting += found.waiting
        urgent += [each for each in found.differences if each.kind == "held_but_ended"]
        others += [each for each in found.differences if each.kind != "held_but_ended"][
            : MOST_DIFFERENCES - len(others)
        ]
        told_ours.add(bucket, _told(ours, theirs))
        told_theirs.add(bucket, ((held.key, held.version, held.status, held.court) for held in theirs))
    return Found(told_ours.done(), told_theirs.done(), kinds, urgent + others, waiting)


def _keep(
    session: Session,
    services: Services,
    link: PlatformLink,
    found: Found,
    *,
    unread: int,
    now: datetime,
    caller: Caller,
) -> Compared:
    stream, differences = stream_row(session), sum(found.kinds.values())
    report = report_text(services, link, found.ours, found.theirs, found.kinds, now=now)
    row = PlatformComparison(
        link_id=link.id, at=now, on_day=legal_day(now), sequence=stream.size if stream else 0, ours=found.ours.as_json(),
        theirs=found.theirs.as_json(), found=dict(found.kinds), waiting=found.waiting, report=report, actor=caller.actor,
        state="differs" if differences else "agrees",
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, link, row, found, unread=unread, now=now)
    audit.record(session, action="platform.compared", caller=caller, object=f"platform:{link.name}", at=now,
                 details={"differences": differences, "waiting": found.waiting})  # fmt: skip
    return Compared(row.id, differences, found.waiting, row.state)


def _note(
    session: Session, link: PlatformLink, row: PlatformComparison, found: Found, *, unread: int, now: datetime
) -> None:
    """Keep the differences, tell of them, and have repaired what needs no person."""
    kept = found.differences
    insert_rows(
        session, PlatformDifference,
        [{"comparison_id": row.id, "entry": each.key[:64], "kind": each.kind, "ours": each.ours, "theirs": each.theirs,
          "court": each.court[:32], "serial": None} for each in kept],
    )  # fmt: skip
    if unread:
        raise_alarm(session, link.id, "answer-unreadable", now, detail=f"holdings: {unread}")
    confirmed = _confirmed(session, link.id, [each.key for each in kept if each.kind == "lacking"])
    if confirmed:
        raise_alarm(session, link.id, "keeps-nothing", now, detail=str(confirmed))
    if found.differences:
        detail = ", ".join(f"{kind} {count}" for kind, count in sorted(row.found.items()))
        raise_alarm(session, link.id, "differs", now, detail=detail)
        row.repaired = _wish_all(session, link.id, [each for each in kept if each.kind in BY_ITSELF], now)
        row.state = "repairing" if row.repaired == sum(found.kinds.values()) else row.state
    else:
        clear_alarms(session, link.id, frozenset({"differs", "keeps-nothing"}), now)


def _confirmed(session: Session, link_id: int, entries: Sequence[str]) -> int:
    """How many of these the platform had confirmed: it answered and keeps nothing."""
    found = 0
    for start in range(0, len(entries), 500):
        query = (
            select(PlatformRow.entry)
            .join(
                PlatformReceipt,
                (PlatformReceipt.link_id == PlatformRow.link_id)
                & (PlatformReceipt.serial == PlatformRow.serial)
                & (PlatformReceipt.sequence == PlatformRow.sequence),
            )
            .where(PlatformRow.link_id == link_id, PlatformRow.entry.in_(entries[start : start + 500]),
                   PlatformReceipt.result.in_(("accepted", "duplicate")))
            .distinct()
        )  # fmt: skip
        found += len(session.scalars(query).all())
    return found


def _wish_all(session: Session, link_id: int, differences: Sequence[Difference], now: datetime) -> int:
    asked = set(session.scalars(select(PlatformWish.entry).where(PlatformWish.link_id == link_id)))
    rows = [
        {"link_id": link_id, "entry": each.key, "operation": _OPERATION[each.kind], "version": max(each.ours, each.theirs + 1),
         "asked_at": now}
        for each in differences if is_entry_id(each.key) and each.key not in asked
    ]  # fmt: skip
    insert_rows(session, PlatformWish, rows)
    return len(rows) + sum(each.key in asked for each in differences)


_OPERATION = {
    "held_but_ended": "D", "held_but_unknown": "D", "lacking": "I", "older": "U", "newer": "U", "ended_but_standing": "I",
}  # fmt: skip


def repair(
    session: Session, comparison_id: int, difference_ids: Sequence[int], *, caller: Caller, now: datetime
) -> int:
    """A person has these differences repaired too; how many. Raises ``NotFound``, ``Conflict`` for names that are not ours."""
    caller.require(Permission.SUBSCRIBER_MANAGE)
    row = session.get(PlatformComparison, comparison_id)
    if row is None:
        raise NotFound(Bilingual("没有这次对账", "no such comparison"), code="comparison-unknown")
    query = select(PlatformDifference).where(
        PlatformDifference.comparison_id == comparison_id, PlatformDifference.id.in_(difference_ids)
    )
    found = session.scalars(query).all()
    if any(not is_entry_id(each.entry) for each in found):
        raise Conflict(
            Bilingual("其中有不是本方标识的记录，请与对方核实", "some of them bear no name of ours: ask the platform"),
            code="difference-foreign",
        )
    for each in found:
        version = max(each.ours, each.theirs + 1)
        wish(session, row.link_id, each.entry, operation=_OPERATION[each.kind], version=version, now=now)
    row.repaired += len(found)
    audit.record(session, action="platform.repair", caller=caller, object=f"comparison:{comparison_id}", at=now,
                 details={"rows": len(found)})  # fmt: skip
    return len(found)


def lay_down_ours(session: Session, spool: Spool, link_id: int, now: datetime, *, strict: bool = False) -> None:
    """What we say of every record that went to this platform, and of those in force that have not yet gone.

    A row counts as sent an hour after its receipt, or a day after it went out: before that the platform's list may be
    older than the row. With ``strict`` it counts at once.
    """
    for entry, version, operation, court, result, answered, went in session.execute(_went(link_id)):
        counts = _counts(operation, result) and (strict or _has_had_time(answered, went, now))
        spool.put("went", entry, version, operation, court, counts)
    standing = select(FeedEntry.entry, FeedEntry.revision).where(
        FeedEntry.stream == STREAM, FeedEntry.canary.is_(False)
    )
    for entry, revision in session.execute(standing.execution_options(yield_per=5000)):
        spool.put("standing", entry, revision)


def ours_in(spool: Spool, bucket: int) -> dict[str, Ours]:
    """Our side of a bucket; the last row of an entry is what counts."""
    found: dict[str, Ours] = {}
    sent = {entry: (version, operation, court, counts)
            for entry, version, operation, court, counts in spool.read("went", bucket)}  # fmt: skip
    for entry, revision in spool.read("standing", bucket):
        before = sent.pop(entry, None)
        counts = before is not None and before[0] == revision and before[1] != "D" and before[3]
        found[entry] = Ours(revision, LISTED, before[2] if before else "", counts)
    for entry, (version, operation, court, counts) in sent.items():
        # it has left: either its end went out, or that waits
        found[entry] = Ours(version, ENDED, court, operation == "D" and counts)
    return found


def _went(link_id: int) -> Any:
    """Every row that went out, oldest first: the last of an entry is what counts."""
    return (
        select(PlatformRow.entry, PlatformRow.version, PlatformRow.operation, PlatformRow.court, PlatformReceipt.result, PlatformReceipt.at,
               PlatformBatch.sent_at)
        .join(PlatformBatch, (PlatformBatch.link_id == PlatformRow.link_id) & (PlatformBatch.serial == PlatformRow.serial))
        .outerjoin(PlatformReceipt, (PlatformReceipt.link_id == PlatformRow.link_id)
                   & (PlatformReceipt.serial == PlatformRow.serial) & (PlatformReceipt.sequence == PlatformRow.sequence))
        .where(PlatformRow.link_id == link_id, PlatformBatch.sent_at.is_not(None))
        .order_by(PlatformRow.serial, PlatformRow.sequence).execution_options(yield_per=5000)
    )  # fmt: skip


def _counts(operation: str, result: str | None) -> bool:
    """Whether a row is one that the platform should hold: what it refused is before a person already. Ends always are."""
    return operation == "D" or result != "rejected"


def _has_had_time(answered: datetime | None, went: datetime, now: datetime) -> bool:
    return (answered is not None and now - answered >= ANSWERED) or now - went >= UNANSWERED


def _told(ours: Mapping[str, Ours], theirs: Sequence[Holding]) -> Iterator[tuple[str, int, str, str]]:
    """Ours, of the records that are sent; ends that the platform has put away for good are no longer counted."""
    held = {holding.key: holding for holding in theirs}
    for key, own in ours.items():
        if own.sent and (own.status == LISTED or (key in held and held[key].status == ENDED)):
            yield key, own.version, own.status, own.court


def report_text(
    services: Services, link: PlatformLink, ours: Tally, theirs: Tally, kinds: Mapping[str, int], *, now: datetime
) -> str:
    """The signed report: counts by court and status of both sides, buckets that differ, differences by kind."""
    apart = sorted(differing(ours, theirs))
    lines = [
        f"{services.settings.host}/platform/{link.name}/comparison",
        instant(now),
        f"ours {ours.total}",
        f"theirs {theirs.total}",
        *(f"court {court} {status} {ours.counts.get((court, status), 0)} {theirs.counts.get((court, status), 0)}"
          for court, status in sorted({*ours.counts, *theirs.counts})),
        *(f"bucket {bucket} {ours.digests.get(bucket, '-')} {theirs.digests.get(bucket, '-')}" for bucket in apart),
        *(f"difference {kind} {count}" for kind, count in sorted(kinds.items())),
    ]  # fmt: skip
    return sign_note("\n".join(lines) + "\n", [link_signer(services, link.name)])


def due_now(session: Session, link: PlatformLink, profile: Profile, now: datetime) -> bool:
    """Whether today's comparison is still to be made: once a day, from the hour that the profile names."""
    today = legal_day(now)
    if now.astimezone(BEIJING).hour < profile.schedule.reconcile_hour:
        today -= timedelta(days=1)
    newest = session.scalar(
        select(PlatformComparison.on_day)
        .where(PlatformComparison.link_id == link.id)
        .order_by(PlatformComparison.id.desc())
        .limit(1)
    )
    return newest is None or newest < today


def as_bytes(row: PlatformComparison) -> bytes:
    """Both sides' figures as JSON, for a file."""
    return msgspec.json.format(msgspec.json.encode({"ours": row.ours, "theirs": row.theirs, "found": row.found}))

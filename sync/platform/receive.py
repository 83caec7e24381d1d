"""Receipts and refusals, row by row: kept once however often they come, worked off by people where one is needed.

Times are ours: a platform's clock is read only to see that it is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from creditsvc.kernel.days import BEIJING
from creditsvc.services import Services
from creditsvc.storage.bulk import insert_rows
from sync.ladder import note_confirmed, note_fetched
from sync.platform.alarms import clear_alarms, raise_alarm
from sync.platform.channels.base import FEEDBACK, Channel
from sync.platform.channels.files import FilesChannel
from sync.platform.links import locked
from sync.platform.planning import PLANNED, SENT, SETTLED, newest_rows
from sync.platform.records import STREAM
from sync.platform.shape.answers import ReceiptIn, Unreadable, read_receipt
from sync.platform.shape.profile import Profile
from sync.platform.tables import (
    PlatformBatch,
    PlatformLink,
    PlatformReceipt,
    PlatformRefusal,
    PlatformRow,
    PlatformStray,
    PlatformWish,
)
from sync.tables_feed import Subscriber

CHUNK = 400
APART = timedelta(minutes=5)
REJECTED = "rejected"


@dataclass(slots=True)
class Received:
    """What one run brought."""

    receipts: int = 0
    again: int = 0
    strays: int = 0
    refusals: int = 0
    unreadable: int = 0


def receive(services: Services, link: PlatformLink, profile: Profile, channel: Channel) -> Received:
    """Take in every receipt that waits. Raises ``ChannelTrouble``; what was taken in before stays."""
    total = Received()
    for bundle in channel.inbox(FEEDBACK):
        with services.database.writing() as session:
            # the sender and two receivers would count the same batch
            locked(session, link.id)
            take_receipts(session, link.id, profile, list(bundle.rows), now=services.clock.now(), total=total)
        bundle.taken()
    if isinstance(channel, FilesChannel):
        channel.refuse_broken()
    with services.database.writing() as session:
        row = session.get_one(PlatformLink, link.id)
        row.received_at = services.clock.now()
        confirm(session, row, services.clock.now())
        clear_alarms(session, link.id, frozenset({"half-file"}), services.clock.now())
    return total


def take_receipts(
    session: Session,
    link_id: int,
    profile: Profile,
    rows: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    total: Received,
) -> None:
    """Keep these receipts; the same ones again change nothing."""
    read: list[ReceiptIn] = []
    for row in rows:
        try:
            read.append(read_receipt(profile, row))
        except Unreadable as wrong:
            total.unreadable += 1
            raise_alarm(session, link_id, "answer-unreadable", now, detail=str(wrong))
            id_ = str(row.get(profile.feedback.named("id"), ""))
            _stray(session, link_id, id_, batch="", sequence=0, result="unreadable", now=now)
    serials = _serials(session, link_id, {receipt.batch for receipt in read})
    sent = _rows(session, link_id, {(serials[each.batch], each.sequence) for each in read if each.batch in serials})
    kept = _kept(session, link_id, sent)
    fresh: dict[tuple[int, int], ReceiptIn] = {}
    for receipt in read:
        place = (serials.get(receipt.batch, 0), receipt.sequence)
        if place not in sent:
            total.strays += 1
            _stray(
                session,
                link_id,
                receipt.id,
                batch=receipt.batch,
                sequence=receipt.sequence,
                result=receipt.result,
                now=now,
            )
            raise_alarm(session, link_id, "stray-receipt", now, detail=f"{receipt.batch}:{receipt.sequence}"[:80])
            continue
        _clock(session, link_id, receipt, now)
        before = fresh.get(place) or kept.get(place)
        if before is not None and before.result == receipt.result and before.code == receipt.code:
            total.again += 1
        else:
            fresh[place] = receipt
    _keep(session, link_id, profile, fresh=fresh, kept=kept, sent=sent, now=now, total=total)


def _stray(session: Session, link_id: int, id_: str, *, batch: str, sequence: int, result: str, now: datetime) -> None:
    there = select(PlatformStray.id).where(PlatformStray.link_id == link_id, PlatformStray.remote_id == id_[:64])
    if session.scalar(there) is None:
        session.add(PlatformStray(link_id=link_id, remote_id=id_[:64], batch=batch, sequence=min(sequence, 2**62),
                                  result=result, at=now))  # fmt: skip
        session.flush()


def _serials(session: Session, link_id: int, numbers: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), CHUNK):
        query = select(PlatformBatch.number, PlatformBatch.serial).where(
            PlatformBatch.link_id == link_id, PlatformBatch.number.in_(wanted[start : start + CHUNK])
        )
        found.update((number, serial) for number, serial in session.execute(query))
    return found


def _rows(session: Session, link_id: int, places: set[tuple[int, int]]) -> dict[tuple[int, int], PlatformRow]:
    found: dict[tuple[int, int], PlatformRow] = {}
    wanted = sorted(place for place in places if place[1] <= 2**31 - 1)
    for start in range(0, len(wanted), CHUNK):
        query = select(PlatformRow).where(
            PlatformRow.link_id == link_id,
            tuple_(PlatformRow.serial, PlatformRow.sequence).in_(wanted[start : start + CHUNK]),
        )
        found.update({(row.serial, row.sequence): row for row in session.scalars(query)})
    return found


def _kept(
    session: Session, link_id: int, sent: Mapping[tuple[int, int], PlatformRow]
) -> dict[tuple[int, int], PlatformReceipt]:
    found: dict[tuple[int, int], PlatformReceipt] = {}
    wanted = list(sent)
    for start in range(0, len(wanted), CHUNK):
        query = select(PlatformReceipt).where(
            PlatformReceipt.link_id == link_id,
            tuple_(PlatformReceipt.serial, PlatformReceipt.sequence).in_(wanted[start : start + CHUNK]),
        )
        found.update({(row.serial, row.sequence): row for row in session.scalars(query)})
    return found


def _clock(session: Session, link_id: int, receipt: ReceiptIn, now: datetime) -> None:
    """A receipt from the future tells of a wrong clock."""
    try:
        at = datetime.fromisoformat(receipt.at) if receipt.at else None
    except ValueError:
        return
    if at is None:
        return
    at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
    if at - now > APART:
        raise_alarm(session, link_id, "clock-apart", now, detail=f"{int((at - now).total_seconds())} s")


def _keep(
    session: Session, link_id: int, profile: Profile, *, fresh: Mapping[tuple[int, int], ReceiptIn],
    kept: Mapping[tuple[int, int], PlatformReceipt], sent: Mapping[tuple[int, int], PlatformRow], now: datetime,
    total: Received,
) -> None:  # fmt: skip
    new = []
    first: dict[int, int] = {}
    for place, receipt in fresh.items():
        values = {"result": receipt.result, "code": receipt.code, "field": receipt.field, "message": receipt.message,
                  "record": receipt.record, "effect": receipt.effect, "at": now}  # fmt: skip
        if place in kept:
            for name, value in values.items():
                setattr(kept[place], name, value)
        else:
            new.append({"link_id": link_id, "serial": place[0], "sequence": place[1], **values})
            first[place[0]] = first.get(place[0], 0) + 1
        total.receipts += 1
    insert_rows(session, PlatformReceipt, new)
    _refusals(
        session, link_id, profile, {sent[place]: receipt for place, receipt in fresh.items()}, now=now, total=total
    )
    for serial, count in first.items():
        batch = session.get_one(PlatformBatch, (link_id, serial))
        batch.answered += count
        if batch.answered >= batch.rows and batch.state == SENT:
            batch.state = SETTLED


def _refusals(
    session: Session,
    link_id: int,
    profile: Profile,
    told: Mapping[PlatformRow, ReceiptIn],
    *,
    now: datetime,
    total: Received,
) -> None:
    """What a platform refused goes before a person, unless it heals by itself."""
    newest = newest_rows(session, link_id, list({row.entry for row in told}))
    for row, receipt in told.items():
        held = newest.get(row.entry)
        if held is not None and (held.serial, held.sequence) != (row.serial, row.sequence):
            continue  # a later row is on its way: what became of this one no longer matters
        if receipt.result != REJECTED:
            _settle(session, link_id, row, now)
            continue
        code = profile.refusals.get(receipt.code)
        means = code.means if code else "other"
        if means == "unknown_key" and row.operation == "D":
            continue  # nothing to end is what the row wanted
        if means == "unknown_key":
            wish(session, link_id, row.entry, operation="I", version=0, now=now)
            continue
        total.refusals += 1
        _refused(session, link_id, row, receipt, means=means, now=now)


def _settle(session: Session, link_id: int, row: PlatformRow, now: datetime) -> None:
    query = select(PlatformRefusal).where(
        PlatformRefusal.link_id == link_id,
        PlatformRefusal.entry == row.entry,
        PlatformRefusal.state.in_(("open", "resent")),
    )
    for refusal in session.scalars(query):
        refusal.state, refusal.settled_at = "closed", now
        refusal.note = refusal.note or "accepted later"


def _refused(
    session: Session, link_id: int, row: PlatformRow, receipt: ReceiptIn, *, means: str, now: datetime
) -> None:
    there = session.scalar(
        select(PlatformRefusal).where(
            PlatformRefusal.link_id == link_id, PlatformRefusal.entry == row.entry, PlatformRefusal.version == row.version,
            PlatformRefusal.code == receipt.code,
        )
    )  # fmt: skip
    if there is None:
        session.add(
            PlatformRefusal(
                link_id=link_id, serial=row.serial, sequence=row.sequence, entry=row.entry, version=row.version,
                operation=row.operation, court=row.court, code=receipt.code, means=means, field=receipt.field,
                message=receipt.message, state="open", at=now,
            )
        )  # fmt: skip
        session.flush()
        if means in {"hash", "signature"}:
            # damaged on its way: once more, and only then a person
            wish(session, link_id, row.entry, operation=row.operation, version=row.version, now=now)
        return
    there.state, there.serial, there.sequence, there.settled_at = "open", row.serial, row.sequence, None


def wish(session: Session, link_id: int, entry: str, *, operation: str, version: int, now: datetime) -> None:
    """Have an entry's row sent before anything else."""
    found = session.get(PlatformWish, (link_id, entry))
    if found is None:
        session.add(PlatformWish(link_id=link_id, entry=entry, operation=operation, version=version, asked_at=now))
        session.flush()
    else:
        found.operation, found.version = operation, version


def confirm(session: Session, link: PlatformLink, now: datetime) -> None:
    """Tell the ladder how far the platform is: what it took, and what it has confirmed row by row."""
    subscriber = session.scalar(select(Subscriber).where(Subscriber.name == (link.subscriber or "")))
    if subscriber is None:
        return
    cursors = (link.removals_cursor, link.corrections_cursor, link.additions_cursor)
    unsettled = session.scalar(
        select(PlatformBatch.after)
        .where(PlatformBatch.link_id == link.id, PlatformBatch.state.in_((PLANNED, SENT)))
        .order_by(PlatformBatch.after)
        .limit(1)
    )
    refused = session.scalar(
        select(PlatformBatch.after)
        .join(PlatformRefusal, (PlatformRefusal.link_id == PlatformBatch.link_id) & (PlatformRefusal.serial == PlatformBatch.serial))
        .where(PlatformBatch.link_id == link.id, PlatformRefusal.operation == "D", PlatformRefusal.state != "closed")
        .order_by(PlatformBatch.after).limit(1)
    )  # fmt: skip
    note_fetched(session, subscriber.id, STREAM, min(cursors), now)
    reached = min([*cursors, *(each for each in (unsettled, refused) if each is not None)])
    if reached:
        note_confirmed(session, subscriber.id, STREAM, reached, now)

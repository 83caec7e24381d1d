"""Receipts: a subscriber proves which set it holds, for a question that only it was asked and only once.

A receipt proves the set that a subscriber declares; it does not prove that no hidden copy exists.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput
from creditsvc.kernel.text import Bilingual
from sync.farewells import is_empty_handed, note_farewell
from sync.feed_state import Past
from sync.ladder import note_receipt, open_overdue, progress_of
from sync.subscribers import receipt_keys
from sync.tables_feed import FeedHead, FeedStream, Receipt, ReceiptNonce, StreamEvent, Subscriber
from sync.wire.encoding import b64url
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.notes import verify_note
from sync.wire.receipts import Receipt as Declared
from sync.wire.receipts import buckets_for, parse_receipt, proof
from sync.wire.state import EMPTY_GROUP, FAN, bucket_digest

YOUNG = timedelta(minutes=15)
WEEKLY = timedelta(days=7)
LIFE = timedelta(hours=12)
"""Of a nonce; shorter than the time for which the states of heads are kept."""


class StateMismatch(Conflict):
    """What the subscriber holds is not what we published up to there."""

    default_code = "state-mismatch"


def ask(
    session: Session, subscriber: Subscriber, *, stream: str, sequence: int, now: datetime, parting: bool = False
) -> dict[str, Any]:
    """A fresh question for a head under 15 minutes old; raises ``Conflict`` (``head-old``). ``parting``: over everything."""
    head = session.get(FeedHead, (stream, sequence))
    if head is None or now - head.at > YOUNG:
        raise Conflict(
            Bilingual(
                "该序号不是十五分钟内的流头，请先拉取最新流头",
                "not a head of the last 15 minutes: pull the newest head first",
            ),
            code="head-old",
        )
    progress = progress_of(session, subscriber.id, stream)
    everything = parting or progress.complete_at is None or now - progress.complete_at > WEEKLY
    nonce = ReceiptNonce(nonce=secrets.token_bytes(32), subscriber_id=subscriber.id, stream=stream, sequence=sequence,
                         since=progress.applied, everything=everything, made_at=now)  # fmt: skip
    session.add(nonce)
    return {"all": everything, "nonce": b64url(nonce.nonce), "sequence": sequence, "since": nonce.since}


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was found out about a receipt without writing: it holds for its nonce, whose sequence's state never changes."""

    nonce: bytes
    agrees: bool
    agrees_on_removals: bool
    """As a subscriber would that was given removals only since it is overdue."""
    differs: StateMismatch | None


def weigh(session: Session, subscriber: Subscriber, raw: bytes, *, stream: str, now: datetime) -> Weighed | None:
    """Reckon what the receipt should prove, which takes long, in a transaction that keeps nobody waiting. None for a
    receipt that is refused anyway."""
    try:
        declared, _ = _verified(subscriber, raw, now)
    except CreditServiceError:
        return None
    nonce = session.get(ReceiptNonce, declared.nonce)
    if nonce is None or (nonce.subscriber_id, nonce.stream) != (subscriber.id, stream) or nonce.spent_at is not None:
        return None
    return _weighed(session, subscriber, declared, nonce)


@dataclass(frozen=True, slots=True)
class Judged:
    """A receipt that was signed as it must be. It is kept and has spent its nonce, also where it is refused."""

    sequence: int
    refusal: CreditServiceError | None = None


def accept(
    session: Session,
    subscriber: Subscriber,
    raw: bytes,
    *,
    host: str,
    stream: str,
    now: datetime,
    parting: bool = False,
    weighed: Weighed | None = None,
) -> Judged:
    """Judge a receipt; ``parting``: the last one of an agreement that has ended, over an empty set; ``weighed``: what
    ``weigh`` found before, else it is found now.

    A correctly signed one spends its nonce, whatever it says: commit, then raise its refusal.

    Raises ``SignatureInvalid``, ``InvalidInput`` (``receipt-wrong``), ``Conflict`` (``nonce-used``, ``verifier-missing``).
    """
    declared, verifier = _verified(subscriber, raw, now)
    nonce = session.scalar(select(ReceiptNonce).where(ReceiptNonce.nonce == declared.nonce).with_for_update())
    row = session.get(FeedStream, stream)
    if nonce is None or row is None or (nonce.subscriber_id, nonce.stream) != (subscriber.id, stream):
        raise _wrong()
    if nonce.spent_at is not None or now - nonce.made_at > LIFE:
        raise Conflict(
            Bilingual("该随机数已使用或已过期，请重新申请", "this nonce is spent or too old; ask for another"),
            code="nonce-used",
        )
    nonce.spent_at = now
    if (declared.host, declared.stream, declared.epoch, declared.sequence) != (host, stream, row.epoch, nonce.sequence):
        return Judged(nonce.sequence, _wrong())
    kept = _kept(subscriber, declared, nonce, raw=raw, verifier=verifier, now=now)
    session.add(kept)
    if parting:
        kept.agrees = is_empty_handed(declared, bytes(nonce.nonce))
        note_farewell(session, subscriber, nonce, empty=kept.agrees, now=now)
        return Judged(nonce.sequence, None if kept.agrees else _not_empty(nonce))
    overdue = open_overdue(session, subscriber.id, nonce.stream)
    if weighed is None or weighed.nonce != bytes(nonce.nonce) or (weighed.agrees_on_removals and overdue is None):
        weighed = _weighed(session, subscriber, declared, nonce)
    # it was not given what came after it fell behind: such a receipt covers what left, and no more
    kept.agrees = weighed.agrees or (overdue is not None and weighed.agrees_on_removals)
    note_receipt(session, subscriber, nonce, overdue, agrees=kept.agrees, now=now)
    return Judged(nonce.sequence, None if kept.agrees else weighed.differs)


def _kept(
    subscriber: Subscriber, declared: Declared, nonce: ReceiptNonce, *, raw: bytes, verifier: str, now: datetime
) -> Receipt:
    """The row of a receipt, as it came."""
    return Receipt(
        subscriber_id=subscriber.id, stream=nonce.stream, sequence=nonce.sequence, agrees=False, nonce=nonce.nonce,
        verifier=verifier, deleted=declared.deleted, shielded=declared.shielded, history=declared.history, onward=declared.onward,
        onward_confirmed=declared.onward_confirmed, note=raw.decode(), received_at=now,
    )  # fmt: skip


def _weighed(session: Session, subscriber: Subscriber, declared: Declared, nonce: ReceiptNonce) -> Weighed:
    buckets, question = _buckets(session, subscriber, nonce), bytes(nonce.nonce)
    few = () if nonce.everything else buckets
    past = Past(session, nonce.stream, nonce.sequence, few=few)
    stands = _agrees(session, declared, nonce)
    if stands and declared.proof == proof(question, buckets, past):
        return Weighed(question, agrees=True, agrees_on_removals=False, differs=None)
    overdue = open_overdue(session, subscriber.id, nonce.stream)
    removals_only = False
    if stands and overdue is not None:
        less = Past(session, nonce.stream, overdue.withheld_after, removed_until=nonce.sequence, few=few)
        removals_only = declared.proof == proof(question, buckets, less)
    differs = None if removals_only else _mismatch(past, nonce, buckets)
    return Weighed(question, agrees=False, agrees_on_removals=removals_only, differs=differs)


def _verified(subscriber: Subscriber, raw: bytes, now: datetime) -> tuple[Declared, str]:
    """What is declared, and the key that signed it."""
    if subscriber.verifier is None:
        raise Conflict(
            Bilingual("尚未登记回执公钥，请先登记", "no key for receipts is registered; register one first"),
            code="verifier-missing",
        )
    try:
        verified = verify_note(raw, receipt_keys(subscriber, now))
        declared = parse_receipt(verified.text)
    except FormatInvalid:
        raise SignatureInvalid from None
    if declared.subscriber != subscriber.name:
        raise _wrong()
    return declared, verified.keys[0].text


def _wrong() -> InvalidInput:
    return InvalidInput(
        Bilingual(
            "回执与所申请的随机数、数据流或序号不符",
            "the receipt does not belong to the nonce, stream or sequence asked",
        ),
        code="receipt-wrong",
    )


def _buckets(session: Session, subscriber: Subscriber, nonce: ReceiptNonce) -> list[int]:
    removed = session.scalars(
        select(StreamEvent.entry).where(
            StreamEvent.stream == nonce.stream, StreamEvent.removes.is_(True), StreamEvent.sequence > nonce.since,
            StreamEvent.sequence <= nonce.sequence,
        )
    ).all()  # fmt: skip
    return buckets_for(bytes(nonce.nonce), subscriber.name, removed=removed, everything=nonce.everything)


def _agrees(session: Session, declared: Declared, nonce: ReceiptNonce) -> bool:
    head = session.get(FeedHead, (nonce.stream, nonce.sequence))
    return head is not None and (declared.count, declared.state) == (head.count, bytes(head.state))


def _not_empty(nonce: ReceiptNonce) -> StateMismatch:
    text = Bilingual(
        "协议已终止：最后一份回执应证明已不再持有任何记录",
        "the agreement has ended: the last receipt is over an empty set",
    )
    return StateMismatch(text, groups=[b64url(EMPTY_GROUP)] * FAN, sequence=nonce.sequence)


def _mismatch(past: Past, nonce: ReceiptNonce, buckets: list[int]) -> StateMismatch:
    """Ours at that sequence: all groups, and the checked buckets where not all were checked."""
    members: dict[str, Any] = {"groups": [b64url(digest) for digest in past.groups()], "sequence": nonce.sequence}
    if not nonce.everything:
        members["buckets"] = [
            {"bucket": number % FAN, "digest": b64url(bucket_digest(past(number))), "group": number // FAN}
            for number in buckets
        ]
    text = Bilingual(
        "本地副本与已发布状态不一致，请按所附摘要修复",
        "the copy differs from what was published; heal by the digests",
    )
    return StateMismatch(text, **members)


def forget_nonces(session: Session, now: datetime) -> None:
    """Drop questions that nobody may answer any more."""
    session.execute(delete(ReceiptNonce).where(ReceiptNonce.made_at < now - 2 * LIFE))

"""The receipt: the state proved for the publisher's nonce, signed with the subscriber's own key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sync.mirror.errors import NonceUsed, ReceiptRefused
from sync.mirror.feed import Feed, OverdueHere, as_object, problem_type, refuse
from sync.mirror.store import Store
from sync.wire.canonical import canonical_json
from sync.wire.encoding import unb64url
from sync.wire.errors import FormatInvalid
from sync.wire.head import Head
from sync.wire.notes import Signer
from sync.wire.receipts import Receipt, buckets_for, sign_receipt
from sync.wire.state import EMPTY_STATE


@dataclass(frozen=True, slots=True)
class Onward:
    """Recipients to whom the subscriber passed data on, and how many have confirmed the removals."""

    confirmed: int = 0
    recipients: int = 0


class StateDiffers(Exception):
    """409 ``state-mismatch``: heal, then try once more."""


def send_receipt(
    feed: Feed, store: Store, head: Head, signer: Signer, *, onward: Onward, now: datetime, deleted: int | None = None
) -> None:
    """Prove the state at the head; with ``deleted``, that so many entries went and nothing is held any more.

    Raises StateDiffers, NonceUsed or ReceiptRefused; returns when it was taken.
    """
    for attempt in (1, 2):
        answer = feed.post("receipts/nonce", canonical_json({"sequence": head.size}), content_type="application/json")
        refuse(answer)
        asked = _Nonce(as_object(answer), head)
        receipt = _receipt(store, head, signer, asked, onward=onward, now=now)
        note = sign_receipt(receipt if deleted is None else _of_nothing(receipt, deleted), signer)
        answer = feed.post("receipts", note.encode("utf-8"), content_type="text/plain; charset=utf-8")
        problem = problem_type(answer)
        if answer.status in {200, 201, 204}:
            with store.transaction():
                store.put("receipt_sequence", head.size)
                store.put("receipt_at", int(now.timestamp()))
            return
        if problem == "state-mismatch":
            raise StateDiffers
        if problem == "overdue":
            raise OverdueHere
        if problem != "nonce-used" or attempt == 2:
            break
    if problem == "nonce-used":
        raise NonceUsed
    raise ReceiptRefused(status=answer.status, problem=problem)


class _Nonce:
    """The publisher's question."""

    def __init__(self, value: dict[str, Any], head: Head) -> None:
        try:
            self.nonce = unb64url(value.get("nonce"), "nonce")
        except FormatInvalid:
            raise ReceiptRefused(status=200, problem="nonce") from None
        since = value.get("since")
        if value.get("sequence") != head.size or type(since) is not int or not 0 <= since <= head.size:
            raise ReceiptRefused(status=200, problem="nonce")
        self.since: int = since
        self.everything = value.get("all") is True


def _receipt(store: Store, head: Head, signer: Signer, asked: _Nonce, *, onward: Onward, now: datetime) -> Receipt:
    removed = store.departed_between(asked.since, head.size)
    numbers = buckets_for(asked.nonce, signer.name, removed=removed, everything=asked.everything)
    proved = prove_everything(asked.nonce, store) if asked.everything else _prove(asked.nonce, store, numbers)
    return Receipt(
        host=head.origin.host,
        subscriber=signer.name,
        stream=head.origin.stream,
        epoch=head.origin.epoch,
        sequence=head.size,
        count=head.count,
        state=head.state,
        nonce=asked.nonce,
        proof=proved,
        deleted=len(removed),
        shielded=0,
        history=0,
        onward_confirmed=onward.confirmed,
        onward=onward.recipients,
        applied=now,
    )


def _of_nothing(receipt: Receipt, deleted: int) -> Receipt:
    """The last receipt of an agreement: over an empty set, so that the lines behind the nonce are none."""
    proved = sha256(receipt.nonce).digest()
    return replace(receipt, count=0, state=EMPTY_STATE, proof=proved, deleted=deleted)


def _prove(nonce: bytes, store: Store, numbers: Iterable[int]) -> bytes:
    digest = sha256(nonce)
    for number in numbers:
        digest.update(store.bucket_lines(number))
    return digest.digest()


def prove_everything(nonce: bytes, store: Store) -> bytes:
    """The proof over all buckets: SHA-256 of the nonce and every line, ascending by bucket, then by line."""
    digest = sha256(nonce)
    for _, lines in store.lines_by_bucket():
        digest.update(lines)
    return digest.digest()

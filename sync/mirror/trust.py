"""Whom the mirror believes: the key list that it pinned, and heads by that list's keys. Nothing here reads a clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sync.mirror.errors import (
    FeedForked,
    FeedUnreadable,
    FeedWentBackwards,
    HeadExpired,
    HeadFromFuture,
    HeadUntrusted,
    KeysUntrusted,
    KeysWentBackwards,
    OtherEpoch,
    OtherOrigin,
    WitnessesMissing,
)
from sync.wire.encoding import instant
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.head import Head, parse_head
from sync.wire.keys import KeyList, verify_key_list
from sync.wire.notes import parse_note, verify_note
from sync.wire.origins import Origin

CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_BEIJING = ZoneInfo("Asia/Shanghai")


def judge_keys(raw: bytes | str, pinned: str) -> tuple[str, KeyList]:
    """The list to use from now on, as text and as value. ``pinned``: the list trusted so far, empty at first use."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    try:
        known = verify_key_list(pinned) if pinned else None
        keys = verify_key_list(text, known=known)
    except SignatureInvalid:
        raise KeysUntrusted from None
    if known is not None and keys.version < known.version:
        raise KeysWentBackwards
    if known is not None and keys.version == known.version and keys.text != known.text:
        raise KeysWentBackwards
    return text, keys


def newer_list(pinned: str, given: str) -> str:
    """Which list to judge by: the one that was pinned, or a newer one of the same publisher that the operator gives by
    hand (a mirror that slept through two changes of the roots can't follow them by itself)."""
    if not pinned or not given:
        return pinned or given
    try:
        ours, theirs = verify_key_list(pinned), verify_key_list(given)
    except SignatureInvalid:
        raise KeysUntrusted from None
    return given if theirs.host == ours.host and theirs.version > ours.version else pinned


def judge_head(
    raw: bytes | str, origin: Origin, keys: KeyList, *, last: Head | None, now: datetime, witnesses: int = 0
) -> Head:
    """The head, if it is this stream's, signed, fresh, not behind or beside the last one that was trusted, and cosigned
    by so many of the key list's witnesses."""
    head = read_head(raw, origin, keys)
    if last is not None:
        _refuse_history(head, last)
    refuse_stale(head, now)
    if witnesses and len(had := cosigners(raw, head, keys)) < witnesses:
        raise WitnessesMissing(had=len(had), wanted=witnesses)
    return head


def cosigners(raw: bytes | str, head: Head, keys: KeyList) -> tuple[str, ...]:
    """Names of the witnesses that cosigned a head that has been read, each once."""
    on = head.published.astimezone(_BEIJING).date()
    signing = keys.stream_keys(head.origin.stream, head.origin.epoch, on=on)
    found = verify_note(raw, signing + keys.witness_keys(on=on))
    return tuple(sorted({key.name for key, _ in found.cosigned}))


def read_head(raw: bytes | str, origin: Origin, keys: KeyList) -> Head:
    """The head of this stream and epoch, its signature checked by a key that counts on the day of its publication."""
    try:
        claimed = parse_head(parse_note(raw).text)
    except FormatInvalid as error:
        raise FeedUnreadable(where=error.details.get("where", "head")) from None
    except SignatureInvalid:
        raise HeadUntrusted from None
    if (claimed.origin.host, claimed.origin.stream) != (origin.host, origin.stream):
        raise OtherOrigin
    on = claimed.published.astimezone(_BEIJING).date()
    try:
        verify_note(raw, keys.stream_keys(origin.stream, claimed.origin.epoch, on=on) + keys.witness_keys(on=on))
    except SignatureInvalid:
        raise HeadUntrusted from None
    if claimed.origin.epoch != origin.epoch:
        raise OtherEpoch(epoch=claimed.origin.epoch, stream=origin.stream)
    return claimed


def refuse_stale(head: Head, now: datetime) -> None:
    """Refuse a head that has expired or that is from the future."""
    if head.published > now + CLOCKS_MAY_DIFFER:
        raise HeadFromFuture(published=instant(head.published))
    if head.expires <= now:
        raise HeadExpired(expires=instant(head.expires))


def _refuse_history(head: Head, last: Head) -> None:
    if head.size < last.size:
        raise FeedWentBackwards(had=last.size, size=head.size)
    same = (head.root, head.state, head.count) == (last.root, last.state, last.count)
    if head.size == last.size and not same:
        raise FeedForked(size=head.size)

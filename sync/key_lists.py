"""The list of keys: made, drafted anew, published; and which private keys sign a stream on a day.

The newest list is the only truth about who signs: a key signs on the days that the list gives it, so during a rotation
two do. Signing keys are derived from the root secret under a stream, an epoch and a generation. The three root keys of
the list are files that belong offline: no job ever needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import Permission
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.keyring import Keyring
from sync.root_keys import open_roots
from sync.tables_feed import FeedKeyList, FeedStream
from sync.wire.errors import SignatureInvalid
from sync.wire.keys import DatedKey, KeyList, StreamKey, parse_key_list, sign_key_list, verify_key_list
from sync.wire.notes import Signer, VerifierKey, parse_note
from sync.wire.origins import STREAMS, Origin

KEYS_LIFE = timedelta(days=730)
OVERLAP = timedelta(days=7)
"""Both keys sign heads for this long."""
MOST_GENERATIONS = 64


def generation_signer(keyring: Keyring, origin: Origin, generation: int) -> Signer:
    """The key of one generation of a stream's epoch."""
    label = f"stream/{origin.stream_epoch}" + (f"/{generation}" if generation > 1 else "")
    return Signer(origin.text, keyring.signing_key(label))


@lru_cache(maxsize=16)
def _parsed(note: str) -> KeyList:
    return parse_key_list(parse_note(note).text)


def newest_list(session: Session) -> KeyList | None:
    """The list in force; none before the first."""
    note = key_list_note(session)
    return _parsed(note) if note else None


def key_list_note(session: Session) -> str:
    """The newest list as it is served."""
    return session.scalar(select(FeedKeyList.note).order_by(FeedKeyList.version.desc()).limit(1)) or ""


def signers_of(keys: KeyList | None, keyring: Keyring, origin: Origin, on: date) -> list[Signer]:
    """Who signs for this epoch on a day: the first generation where the list names none of ours, never nobody."""
    wanted = set(keys.stream_keys(origin.stream, origin.epoch, on=on)) if keys and keys.host == origin.host else set()
    found = [signer for _, signer in _ours(keyring, origin, wanted)]
    return found or [generation_signer(keyring, origin, 1)]


def stream_signers(session: Session, keyring: Keyring, origin: Origin, now: datetime) -> list[Signer]:
    """As ``signers_of``, by the list in force."""
    return signers_of(newest_list(session), keyring, origin, legal_day(now))


def _ours(keyring: Keyring, origin: Origin, wanted: Collection[VerifierKey]) -> list[tuple[int, Signer]]:
    """Generations, ascending, whose keys are among those wanted."""
    found: list[tuple[int, Signer]] = []
    for generation in range(1, MOST_GENERATIONS + 1):
        if len(found) == len(wanted):
            break
        signer = generation_signer(keyring, origin, generation)
        if signer.verifier in wanted:
            found.append((generation, signer))
    return found


def ensure_key_list(session: Session, services: Services, witnesses: Sequence[VerifierKey], now: datetime) -> None:
    """Make the first list of this host, signed by two new roots; a list that is there is left alone."""
    newest = newest_list(session)
    if newest is not None and newest.host == services.settings.host:
        return
    first, last = legal_day(now), legal_day(now + KEYS_LIFE)
    roots = open_roots(services.settings.keys / "offline", services.settings.host, make=True)
    epochs = {row.stream: row.epoch for row in session.scalars(select(FeedStream))}
    origins = [Origin(services.settings.host, stream, epochs.get(stream, 1)) for stream in sorted(STREAMS)]
    keys = KeyList(
        host=services.settings.host,
        version=(newest.version if newest else 0) + 1,
        roots=tuple(DatedKey(root.verifier, first, last) for root in roots),
        streams=tuple(
            StreamKey(o.stream, o.epoch, DatedKey(generation_signer(services.keyring, o, 1).verifier, first, last))
            for o in origins
        ),
        witnesses=tuple(DatedKey(witness, first, last) for witness in witnesses),
    )
    session.add(FeedKeyList(version=keys.version, note=sign_key_list(keys, roots[:2]), made_at=now))
    session.flush()


def _current(session: Session) -> KeyList:
    keys = newest_list(session)
    if keys is None:
        raise NotFound(
            Bilingual("还没有密钥清单；先运行 creditsvc migrate", "no list of keys yet; run creditsvc migrate first"),
            code="keys-missing",
        )
    return keys


def draft(
    session: Session,
    services: Services,
    now: datetime,
    *,
    rotate: Collection[str] = (),
    new_epoch: bool = False,
    witnesses: Sequence[VerifierKey] | None = None,
    roots: Sequence[VerifierKey] | None = None,
) -> KeyList:
    """The next list, unsigned. ``rotate``: streams that get a new key beside the old one, which ends seven days later.
    ``new_epoch``: each stream's next epoch gets a key, which announces it. ``witnesses``, ``roots``: the new set."""
    keys, today = _current(session), legal_day(now)
    end = legal_day(now + KEYS_LIFE)
    streams = [key for key in keys.streams if key.dated.last_day >= today]
    epochs = {row.stream: row.epoch for row in session.scalars(select(FeedStream))}
    for stream, epoch in sorted(epochs.items()):
        origin = Origin(keys.host, stream, epoch)
        if stream in rotate:
            streams = [_ending(key, origin, legal_day(now + OVERLAP)) for key in streams]
            streams.append(_next_key(services.keyring, origin, streams, today, end))
        if new_epoch:
            streams = [_ending(key, origin, legal_day(now + OVERLAP)) for key in streams]
            streams.append(_next_key(services.keyring, replace(origin, epoch=epoch + 1), streams, today, end))
    streams.sort(key=lambda key: (key.stream, key.epoch, key.dated.first_day))
    return replace(
        keys,
        version=keys.version + 1,
        streams=tuple(streams),
        roots=keys.roots if roots is None else _dated(roots, keys.roots, today, end),
        witnesses=keys.witnesses if witnesses is None else _dated(witnesses, keys.witnesses, today, end),
    )


def _ending(key: StreamKey, origin: Origin, last: date) -> StreamKey:
    if (key.stream, key.epoch) != (origin.stream, origin.epoch):
        return key
    return replace(key, dated=replace(key.dated, last_day=min(key.dated.last_day, last)))


def _next_key(keyring: Keyring, origin: Origin, streams: Iterable[StreamKey], first: date, last: date) -> StreamKey:
    used = {key.dated.key for key in streams if (key.stream, key.epoch) == (origin.stream, origin.epoch)}
    generation = max((generation for generation, _ in _ours(keyring, origin, used)), default=0) + 1
    return StreamKey(
        origin.stream, origin.epoch, DatedKey(generation_signer(keyring, origin, generation).verifier, first, last)
    )


def _dated(keys: Sequence[VerifierKey], before: Sequence[DatedKey], first: date, last: date) -> tuple[DatedKey, ...]:
    """A set of keys with their days; those that were in it keep theirs."""
    known = {dated.key: dated for dated in before}
    return tuple(known.get(key, DatedKey(key, first, last)) for key in keys)


def publish_list(session: Session, services: Services, note: str, *, caller: Caller, now: datetime) -> KeyList:
    """Put a signed list in force. Raises ``InvalidInput`` (``keys-refused``) unless two of the old and two of the new
    roots signed it, it is the next version, and every stream keeps a key that is ours."""
    caller.require(Permission.OPERATE)
    known, today = _current(session), legal_day(now)
    try:
        keys = verify_key_list(note, known=known)
    except SignatureInvalid:
        raise _refused("须由两把旧根密钥和两把新根密钥签署", "two old and two new roots must have signed it") from None
    if keys.version != known.version + 1:
        raise _refused(f"版本应为 {known.version + 1}", f"its version must be {known.version + 1}")
    for row in session.scalars(select(FeedStream)):
        origin = Origin(keys.host, row.stream, row.epoch)
        listed = set(keys.stream_keys(row.stream, row.epoch, on=today))
        if not listed or len(_ours(services.keyring, origin, listed)) < len(listed):
            raise _refused(
                f"数据流 {row.stream} 没有本机的密钥", f"the stream {row.stream} has no key of this installation"
            )
    session.add(FeedKeyList(version=keys.version, note=note, made_at=now))
    audit.record(session, action="keys.published", caller=caller, object=f"keys:{keys.version}", at=now)
    session.flush()
    return keys


def _refused(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(f"密钥清单未被接受：{zh}", f"the list of keys is refused: {en}"), code="keys-refused")

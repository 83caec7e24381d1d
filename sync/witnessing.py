"""The service's side of the witnesses: it shows each one every new head with a proof, and serves their cosignatures.

A head is served at once and cosigned a moment later; a witness that hangs delays nobody. A witness that knows a larger
log than ours says that events were lost here: then nothing more is signed until a person opens a new epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import urllib3
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.settings import Settings
from sync.alarms import raise_alarm
from sync.feed_reading import tile
from sync.key_lists import newest_list
from sync.tables_feed import FeedStream, FeedWitness
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.head import Head, parse_head
from sync.wire.keys import KeyList
from sync.wire.merkle import consistency_proof
from sync.wire.notes import LARGEST_NOTE, NoteSignature, VerifierKey, add_signatures, parse_note, parse_verifier_key
from sync.wire.tiles import TileNodes
from sync.wire.witness import ADD_CHECKPOINT, SIZE_TYPE, ask_bytes, parse_answer
from sync.witness.witness import Reply, Witness, witness_signer

LOCAL = ("witness-a", "witness-b")
CONTRADICTIONS = 2
"""Witnesses that must know more than we do before we stop; all of them where there are fewer."""
_PATIENCE = urllib3.Timeout(connect=3, read=5)
_pool = urllib3.PoolManager(retries=False)
Ask = Callable[[bytes], Reply]


@dataclass(frozen=True, slots=True)
class Place:
    """A witness and where it is asked: an address, or a folder on this machine."""

    verifier: VerifierKey
    where: str


def local_keys(settings: Settings) -> list[VerifierKey]:
    """Keys of the two local witnesses, made at the first start; none where others are named."""
    if settings.witness_file:
        return []
    return [witness_signer(_folder(settings, name), name).cosigner for name in LOCAL]


def witness_keys(settings: Settings) -> list[VerifierKey]:
    """Keys of every witness, for the list of keys."""
    return [place.verifier for place in places(settings)]


def _folder(settings: Settings, name: str) -> Path:
    return settings.home / "witness" / name


def places(settings: Settings) -> list[Place]:
    """The witnesses of this installation. Raises ``SettingError`` for a file that can't be read."""
    if not settings.witness_file:
        return [Place(key, str(_folder(settings, name))) for key, name in zip(local_keys(settings), LOCAL, strict=True)]
    try:
        lines = Path(settings.witness_file).read_text("utf-8").splitlines()
        return [_place(line) for line in lines if line.strip() and not line.startswith("#")]
    except (OSError, FormatInvalid, ValueError):
        raise SettingError(
            Bilingual("见证人文件：每行“公钥 地址”", "the file of witnesses has lines of verifier key and address"),
            code="witness-file",
        ) from None


def _place(line: str) -> Place:
    key, where = line.split()
    return Place(parse_verifier_key(key), where)


def _asker(place: Place, trusted: Callable[[], KeyList], now: datetime) -> Ask:
    if place.where.startswith(("http://", "https://")):
        return lambda body: _by_http(place.where, body)
    folder = Path(place.where)
    witness = Witness(folder, witness_signer(folder, place.verifier.name), trusted)
    return lambda body: witness.reply(body, at=now)


def _by_http(where: str, body: bytes) -> Reply:
    address = f"{where.rstrip('/')}/{ADD_CHECKPOINT}"
    answer = _pool.request("POST", address, body=body, redirect=False, timeout=_PATIENCE, preload_content=False)
    try:
        return Reply(answer.status, answer.headers.get("Content-Type", ""), answer.read(LARGEST_NOTE))
    finally:
        answer.close()


def cosign_heads(services: Services, now: datetime) -> int:
    """Show every head to the witnesses that have not cosigned it; how many cosignatures came."""
    everyone, got = places(services.settings), 0
    with services.database.reading() as session:
        rows = session.scalars(select(FeedStream).where(FeedStream.halted.is_(None)).order_by(FeedStream.stream)).all()
        keys = newest_list(session)
    known = set(keys.witness_keys(on=legal_day(now))) if keys else set()
    for row in rows:
        missing = [place for place in everyone if place.verifier in known and not _has(row.head, place.verifier)]
        if missing:
            got += _show(services, row, missing, known, now)
    return got


def _has(note: str, witness: VerifierKey) -> bool:
    return any((one.name, one.key_id) == (witness.name, witness.key_id) for one in parse_note(note).signatures)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one witness said: a cosignature, or why there is none; ``knows``: the size that it stands at."""

    name: str
    knows: int
    signature: NoteSignature | None = None
    problem: str = ""


def _show(services: Services, row: FeedStream, places_: Sequence[Place], known: set[VerifierKey], now: datetime) -> int:
    head = parse_head(parse_note(row.head).text)
    answers = []
    for place in places_:
        try:
            answers.append(_ask(services, row, head, place, now))
        except (urllib3.exceptions.HTTPError, SignatureInvalid, FormatInvalid, OSError) as problem:
            answers.append(_Answer(place.verifier.name, -1, problem=type(problem).__name__))
    with services.database.writing() as session:
        _remember(session, row, answers, now)
        ahead = [answer for answer in answers if answer.knows > head.size]
        if ahead and len(ahead) >= min(CONTRADICTIONS, len(known)):
            _halt(session, row, ahead[0].knows, now)
        return _attach(session, row, [one.signature for one in answers if one.signature], known)


def _ask(services: Services, row: FeedStream, head: Head, place: Place, now: datetime) -> _Answer:
    """Ask one witness; once more where it stands elsewhere than we thought."""
    with services.database.reading() as session:
        seen = session.get(FeedWitness, (place.verifier.name, row.stream))
        old = seen.size if seen is not None and seen.epoch == row.epoch else 0
        keys = newest_list(session)
    if keys is None:
        return _Answer(place.verifier.name, -1, problem="keys-missing")
    trusted = keys
    ask = _asker(place, lambda: trusted, now)
    for _ in range(2):
        if old > head.size:
            return _Answer(place.verifier.name, old, problem="knows-more")
        reply = ask(ask_bytes(old, _proof(services, row, old, head.size), row.head))
        if reply.status != 409 or not reply.kind.startswith(SIZE_TYPE):
            break
        old = _size(reply.body)
    if reply.status == 200:
        return _Answer(place.verifier.name, head.size, parse_answer(reply.body, row.head, place.verifier))
    return _Answer(place.verifier.name, old, problem=f"answer-{reply.status}")


def _size(body: bytes) -> int:
    text = body.strip()
    if not text.isdigit() or len(text) > 15:
        raise FormatInvalid("witness", "no size")
    return int(text)


def _proof(services: Services, row: FeedStream, old: int, size: int) -> list[bytes]:
    if old in {0, size}:
        return []
    with services.database.reading() as session:
        nodes = TileNodes(size, lambda wanted: tile(session, row, wanted.path))
        return consistency_proof(old, size, nodes)


def _remember(session: Session, row: FeedStream, answers: Sequence[_Answer], now: datetime) -> None:
    for answer in answers:
        seen = session.get(FeedWitness, (answer.name, row.stream))
        if seen is None:
            seen = FeedWitness(name=answer.name, stream=row.stream, epoch=row.epoch, size=0)
            session.add(seen)
        if answer.signature is not None:
            seen.epoch, seen.size, seen.cosigned_at, seen.problem = row.epoch, answer.knows, now, None
        else:
            seen.failed_at, seen.problem = now, answer.problem[:64]


def _halt(session: Session, row: FeedStream, knows: int, now: datetime) -> None:
    """A witness has cosigned events that are not here any more: a restored copy. Nothing is signed on top of it."""
    current = session.get_one(FeedStream, row.stream, with_for_update=True)
    if current.halted is None:
        current.halted = f"witness knows {knows}"
        raise_alarm(session, "halted", subscriber_id=None, stream=row.stream, sequence=knows, at=now)


def _attach(session: Session, row: FeedStream, signatures: Sequence[NoteSignature], known: set[VerifierKey]) -> int:
    """Put the cosignatures under the head, if it is still the head; keep it once every witness has signed."""
    if not signatures:
        return 0
    note = add_signatures(row.head, signatures)
    changes = {"head": note}
    if all(_has(note, witness) for witness in known):
        changes["cosigned"] = note
    session.execute(
        update(FeedStream)
        .where(FeedStream.stream == row.stream, FeedStream.head == row.head)
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    return len(signatures)

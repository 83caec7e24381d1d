"""Sync's part of a removal certificate: one file that proves the removal and who has let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.ports import Holder, RemovalProof
from creditsvc.services import Services
from sync.feed_reading import tile
from sync.heads import origin_of
from sync.holders import holders_of
from sync.key_lists import key_list_note, stream_signers
from sync.tables_feed import FeedStream, Receipt, StreamEvent, Subscriber
from sync.wire.encoding import instant
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.events import EventType
from sync.wire.head import parse_head
from sync.wire.merkle import inclusion_proof
from sync.wire.notes import parse_note, parse_verifier_key, sign_note, verify_note
from sync.wire.origins import Origin
from sync.wire.proofs import log_proof
from sync.wire.removal import Part, verify_bundle, write_bundle
from sync.wire.statements import LET_GO, HolderLine, Statement
from sync.wire.tiles import TileNodes


def prove_removal(services: Services, session: Session, entry: str, now: datetime) -> RemovalProof | None:
    """The proof as of ``now``; none for an entry that was on no stream or whose removal has no head over it yet.

    What is handed out has been verified as its reader will verify it.
    """
    removals = _removals(session, entry)
    if not removals or any(event.sequence > row.size for row, event in removals):
        return None
    keys = key_list_note(session)
    origins = {row.stream: origin_of(services.settings.host, row) for row, _ in removals}
    names = tuple(sorted(origin.stream_epoch for origin in origins.values()))
    holders = holders_of(session, entry)
    parts = {}
    for row, event in removals:
        origin = origins[row.stream]
        proof = _proof(session, row, event)
        lines, receipts = _lines(session, [holder for holder in holders if holder.stream == row.stream], event)
        statement = Statement(
            host=services.settings.host,
            entry=entry,
            stream_epoch=origin.stream_epoch,
            sequence=event.sequence,
            streams=names,
            keys=sha256(keys.encode("utf-8")).digest(),
            proof=sha256(proof.encode("utf-8")).digest(),
            at=now,
            holders=lines,
        )
        parts[origin.stream_epoch] = Part(
            bytes(event.body or b"").decode("utf-8"), proof, receipts, _signed(session, services, statement, origin)
        )
    raw = write_bundle(entry, keys, [parts[name] for name in names])
    return replace(described(raw, now), holders=holders)


def described(raw: bytes, at: datetime) -> RemovalProof:
    """A proof that was made at this time, verified as its reader will verify it; of its holders nothing yet."""
    verified = verify_bundle(raw)
    return RemovalProof(
        entry=verified.entry,
        bundle=raw,
        digest=sha256(raw).hexdigest(),
        filename=f"{verified.entry}-{instant(at)[:10]}.removal.json",
        complete=verified.complete,
        witnesses=tuple(sorted({name for stream in verified.streams for name in stream.witnesses})),
        holders=(),
    )


def _removals(session: Session, entry: str) -> list[tuple[FeedStream, StreamEvent]]:
    """Each stream of the entry with the event that took it off."""
    query = (
        select(FeedStream, StreamEvent)
        .join(StreamEvent, StreamEvent.stream == FeedStream.stream)
        .where(StreamEvent.entry == entry, StreamEvent.type == EventType.REMOVED.value)
        .order_by(FeedStream.stream)
    )
    return [(row, event) for row, event in session.execute(query)]


def _proof(session: Session, row: FeedStream, event: StreamEvent) -> str:
    """Under the last head that every witness has cosigned, if the removal is in it; else under the newest head."""
    head, size = row.head, row.size
    if row.cosigned:
        cosigned = parse_head(parse_note(row.cosigned).text).size
        head, size = (row.cosigned, cosigned) if cosigned >= event.sequence else (head, size)
    nodes = TileNodes(size, lambda wanted: tile(session, row, wanted.path))
    index = event.sequence - 1
    return log_proof(index, inclusion_proof(index, size, nodes), head)


def _lines(
    session: Session, holders: Sequence[Holder], event: StreamEvent
) -> tuple[tuple[HolderLine, ...], tuple[str, ...]]:
    """A line a holder, and the receipts of those who have one, in the same order."""
    lines, notes = [], []
    for holder in holders:
        found = _receipt(session, holder, event)
        # applied by the ladder and yet no receipt that verifies: say the stage before, never more than is proved
        stage = holder.stage if found is not None or holder.stage not in LET_GO else "fetched"
        if found is None:
            lines.append(HolderLine(holder.subscriber, stage, event.sequence, None, "", _plain(holder.name)))
            continue
        receipt, verifier = found
        stage = stage if stage in LET_GO else "applied"
        digest = sha256(receipt.note.encode("utf-8")).digest()
        lines.append(HolderLine(holder.subscriber, stage, receipt.sequence, digest, verifier, _plain(holder.name)))
        notes.append(receipt.note)
    return tuple(lines), tuple(notes)


def _receipt(session: Session, holder: Holder, event: StreamEvent) -> tuple[Receipt, str] | None:
    """The first receipt that covers the removal and agreed, with the key that signed it."""
    query = (
        select(Receipt, Subscriber.verifier)
        .join(Subscriber, Subscriber.id == Receipt.subscriber_id)
        .where(
            Subscriber.name == holder.subscriber,
            Receipt.stream == event.stream,
            Receipt.sequence >= event.sequence,
            Receipt.agrees.is_(True),
        )
        .order_by(Receipt.sequence, Receipt.id)
    )
    for receipt, newest in session.execute(query):
        verifier = receipt.verifier or newest
        if verifier and _signed_by(receipt.note, verifier):
            return receipt, verifier
    return None


def _signed_by(note: str, verifier: str) -> bool:
    try:
        verify_note(note, [parse_verifier_key(verifier)])
    except (FormatInvalid, SignatureInvalid):
        return False
    return len(parse_note(note).signatures) == 1


def _signed(session: Session, services: Services, statement: Statement, origin: Origin) -> str:
    return sign_note(statement.text, stream_signers(session, services.keyring, origin, statement.at)[-1:])


def _plain(title: str) -> str:
    """A title as one line."""
    return " ".join("".join(char if char >= " " else " " for char in title).split()) or "-"

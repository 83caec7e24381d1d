"""Witnesses: they cosign what continues, refuse what does not, and a log that lost events is stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from creditsvc.services import Services
from creditsvc.wallclock import FixedClock
from sync.heads import resign_heads
from sync.key_lists import generation_signer, key_list_note, newest_list
from sync.tables_delivery import FeedAlarm
from sync.tables_feed import FeedStream, FeedWitness
from sync.wire.errors import FormatInvalid, ProofInvalid, SignatureInvalid
from sync.wire.head import Head, parse_head, sign_head
from sync.wire.keys import KeyList
from sync.wire.merkle import Tree, consistency_proof
from sync.wire.notes import Signer, parse_note, verify_cosignature, verify_note
from sync.wire.origins import Origin
from sync.wire.state import EMPTY_STATE
from sync.wire.witness import SIZE_TYPE, ask_bytes, parse_answer, parse_ask
from sync.witness.cli import TrustedKeys, server
from sync.witness.witness import Witness, witness_signer
from sync.witnessing import LOCAL, cosign_heads, witness_keys
from tests.support.feed_world import Register

LEAVES = [bytes([number]) * 32 for number in range(30)]


@pytest.fixture
def keys(sqlite_services: Services) -> KeyList:
    """The list of an installation's keys."""
    Register(sqlite_services)
    with sqlite_services.database.reading() as session:
        found = newest_list(session)
    assert found is not None
    return found


def _checkpoint(
    services: Services, tree: Tree, *, signer: Signer | None = None, stream: str = "public", epoch: int = 1
) -> str:
    origin, now = Origin(services.settings.host, stream, epoch), services.clock.now()
    head = Head(origin=origin, size=tree.size, root=tree.root(), count=0, state=EMPTY_STATE, published=now,
                expires=now + timedelta(hours=1), forget_before=0)  # fmt: skip
    return sign_head(head, [signer or generation_signer(services.keyring, origin, 1)])


def _question(services: Services, tree: Tree, old: int) -> bytes:
    return ask_bytes(old, consistency_proof(old, tree.size, tree.node), _checkpoint(services, tree))


def test_a_witness_follows_a_log_that_grows(sqlite_services: Services, keys: KeyList, tmp_path: Path) -> None:
    now = sqlite_services.clock.now()
    witness = Witness(tmp_path, witness_signer(tmp_path, "witness-a"), lambda: keys)
    for old, new in ((0, 3), (3, 3), (3, 8), (8, 30)):
        tree = Tree(LEAVES[:new])
        raw = _question(sqlite_services, tree, old)
        reply = witness.reply(raw, at=now)
        assert reply.status == 200
        checkpoint = parse_ask(raw).checkpoint
        line = parse_answer(reply.body, checkpoint, witness.verifier).line
        assert verify_cosignature(checkpoint + line, witness.verifier) == now.replace(microsecond=0)


def test_a_witness_refuses_each_lie_with_its_own_answer(
    sqlite_services: Services, keys: KeyList, tmp_path: Path
) -> None:
    now, services = sqlite_services.clock.now(), sqlite_services
    witness = Witness(tmp_path, witness_signer(tmp_path, "witness-a"), lambda: keys)
    tree = Tree(LEAVES[:9])
    assert witness.reply(_question(services, tree, 0), at=now).status == 200
    other = Tree([*LEAVES[:4], b"x" * 32, *LEAVES[5:12]])
    stranger = Signer(Origin(services.settings.host, "public", 1).text, Ed25519PrivateKey.generate())
    larger = Tree(LEAVES[:12])
    proof = consistency_proof(9, 12, larger.node)
    said = {
        "another history": witness.reply(
            ask_bytes(9, consistency_proof(9, 12, other.node), _checkpoint(services, other)), at=now
        ),
        "a fork of the same size": witness.reply(ask_bytes(9, [], _checkpoint(services, Tree(LEAVES[1:10]))), at=now),
        "without proof": witness.reply(ask_bytes(9, [], _checkpoint(services, larger)), at=now),
        "a wrong key": witness.reply(ask_bytes(9, proof, _checkpoint(services, larger, signer=stranger)), at=now),
        "another epoch": witness.reply(ask_bytes(0, [], _checkpoint(services, larger, epoch=2)), at=now),
        "old beyond the head": witness.reply(ask_bytes(13, [], _checkpoint(services, larger)), at=now),
        "no question": witness.reply(b"old x\n\n", at=now),
    }
    assert {why: reply.status for why, reply in said.items()} == {
        "another history": 422, "a fork of the same size": 422, "without proof": 422, "a wrong key": 403, "another epoch": 404,
        "old beyond the head": 400, "no question": 400,
    }  # fmt: skip
    rolled_back = witness.reply(_question(services, Tree(LEAVES[:5]), 3), at=now)
    assert (rolled_back.status, rolled_back.kind, rolled_back.body) == (409, SIZE_TYPE, b"9\n")
    again = Witness(tmp_path, witness_signer(tmp_path, "witness-a"), lambda: keys)
    assert again.reply(ask_bytes(9, proof, _checkpoint(services, larger)), at=now).status == 200


def test_an_answer_that_is_no_cosignature_is_refused(sqlite_services: Services, keys: KeyList) -> None:
    checkpoint = _checkpoint(sqlite_services, Tree(LEAVES))
    witness = Signer("witness-a", Ed25519PrivateKey.generate()).cosigner
    for raw in (b"", b"\xff", "— witness-a AAAA\n".encode(), checkpoint.encode()):
        with pytest.raises((SignatureInvalid, FormatInvalid, ProofInvalid)):
            parse_answer(raw, checkpoint, witness)


def test_two_local_witnesses_cosign_every_head(register: Register, services: Services, client: FlaskClient) -> None:
    register.listings(3)
    register.publish()
    now = services.clock.now()
    assert cosign_heads(services, now) == 8
    assert cosign_heads(services, now) == 0
    served = client.get("/v1/streams/agency/head").get_data(as_text=True)
    with services.database.reading() as session:
        keys = newest_list(session)
        row = session.get_one(FeedStream, "agency")
    assert keys is not None and row.cosigned == served
    today = now.date()
    verified = verify_note(served, keys.stream_keys("agency", 1, on=today) + keys.witness_keys(on=today))
    assert [key.name for key, _ in verified.cosigned] == list(LOCAL)
    assert client.get("/v1/streams/agency/1/checkpoint").get_data(as_text=True) == served
    register.listings(300)
    register.publish()
    assert cosign_heads(services, now) == 8
    assert resign_heads(services, now + timedelta(minutes=5)) == 4
    assert cosign_heads(services, now + timedelta(minutes=5)) == 8


def test_a_restored_copy_that_lost_events_is_stopped(register: Register, services: Services) -> None:
    register.listings(4)
    register.publish()
    cosign_heads(services, services.clock.now())
    before = register.head("public")
    register.listings(2)
    register.publish()
    with services.database.reading() as session:
        kept = {row.stream: row for row in session.scalars(select(FeedStream))}
    cosign_heads(services, services.clock.now())
    _restore(services, before, kept)
    cosign_heads(services, services.clock.now())
    register.listings(1)
    assert register.publish() == 0
    assert resign_heads(services, services.clock.now() + timedelta(hours=1)) == 3
    with services.database.reading() as session:
        assert session.scalars(select(FeedAlarm.kind)).all() == ["halted"]
        assert session.get_one(FeedStream, "public").halted == "witness knows 6"


def _restore(services: Services, before: Head, kept: dict[str, FeedStream]) -> None:
    """The public stream as an old backup has it: what the witnesses have seen since is gone."""
    old = Head(**{name: getattr(before, name) for name in before.__slots__})
    note = sign_head(old, [generation_signer(services.keyring, old.origin, 1)])
    with services.database.writing() as session:
        session.execute(update(FeedStream).where(FeedStream.stream == "public").values(size=old.size, head=note))
        session.execute(delete(FeedWitness))


@contextmanager
def _serving(services: Services, folder: Path, name: str, trust: Path) -> Iterator[str]:
    keys = TrustedKeys(folder, trust, None)
    made = server(
        Witness(folder, witness_signer(folder, name), keys), keys, ("127.0.0.1", 0), FixedClock(services.clock.now())
    )
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def test_witnesses_elsewhere_are_asked_by_http_and_a_dead_one_delays_nobody(
    sqlite_services: Services, tmp_path: Path
) -> None:
    names, file = ("witness-x", "witness-y"), tmp_path / "witnesses"
    folders = {name: tmp_path / name for name in names}
    signers = {name: witness_signer(folders[name], name) for name in names}
    placed = replace(sqlite_services, settings=replace(sqlite_services.settings, witness_file=str(file)))
    file.write_text(
        f"{signers['witness-x'].cosigner.text} http://127.0.0.1:1\n{signers['witness-y'].cosigner.text} http://127.0.0.1:1\n"
    )
    register, now = Register(placed), placed.clock.now()
    with placed.database.reading() as session:
        trust = tmp_path / "trust"
        trust.write_text(key_list_note(session))
    with _serving(placed, folders["witness-x"], "witness-x", trust) as address:
        assert urllib3.request("GET", address + "/").data.decode() == signers["witness-x"].cosigner.text + "\n"
        assert urllib3.request("POST", address + "/else", body=b"").status == 404
        file.write_text(file.read_text().replace("http://127.0.0.1:1", address, 1))
        register.listings(2)
        register.publish()
        assert cosign_heads(placed, now) == 4
    with placed.database.reading() as session:
        row = session.get_one(FeedStream, "public")
        problems = dict(
            session.execute(select(FeedWitness.name, FeedWitness.problem).where(FeedWitness.stream == "public")).all()
        )
    assert row.cosigned == "" and [one.name for one in parse_note(row.head).signatures][1:] == ["witness-x"]
    assert problems["witness-x"] is None and problems["witness-y"]
    assert parse_head(parse_note(row.head).text).size == 2
    assert witness_keys(placed.settings) == [signers[name].cosigner for name in names]

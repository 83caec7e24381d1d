"""The proof of a removal: made by the service, believed by two verifiers, spoilt by any change."""

from __future__ import annotations

import ast
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.app import create_app
from creditsvc.ports import RemovalProof
from creditsvc.services import Services
from creditsvc.verify_command import EXIT, Standing, Trust
from creditsvc.wallclock import FixedClock
from sync.heads import resign_heads
from sync.key_lists import key_list_note
from sync.mirror.verify import KeysNotTrusted, verify
from sync.proofs_kept import kept_proof
from sync.removal_proof import prove_removal
from sync.tables_delivery import KeptProof
from sync.wire.canonical import canonical_json
from sync.wire.errors import BundleInvalid
from sync.wire.keys import sign_key_list
from sync.wire.removal import verify_bundle
from sync.witnessing import cosign_heads
from tests.support import removal_verifier
from tests.support.apps import Templates, world
from tests.support.feed_simulator import Publisher
from tests.support.feed_world import Account, Copy, Register
from tests.support.removal_verifier import No
from wsgi import features, main


class World:
    """Two bureaus hold an entry; it leaves; the first confirms."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.services: Services = register.services
        self.client: FlaskClient = create_app(register.services, features()).test_client()
        self.one, self.other = register.subscriber("bureau-a"), register.subscriber("bureau-b")
        self.entry = register.listings(5)[2]
        register.publish()
        self.copies = {account.row.name: Copy() for account in (self.one, self.other)}
        for account in (self.one, self.other):
            self.confirm(account)
        register.remove(self.entry)
        register.publish()

    def confirm(self, account: Account) -> None:
        """Pull everything and prove it."""
        copy = self.copies[account.row.name].pull(self.client, account, "bureau")
        note = account.receipt(self.client, self.register.head("bureau"), copy)
        assert account.send(self.client, "bureau", note).status_code == 200

    def proof(self) -> RemovalProof:
        """As of now."""
        with self.services.database.reading() as session:
            made = prove_removal(self.services, session, self.entry, self.services.clock.now())
        assert made is not None
        return made

    def trust(self) -> bytes:
        """The key list, as it came with the agreement."""
        with self.services.database.reading() as session:
            return key_list_note(session).encode()


@dataclass(frozen=True)
class Proved:
    """A proof in which the first bureau has let go and the second has not even fetched; and what its reader trusts."""

    raw: bytes
    trust: bytes
    entry: str
    numbers: tuple[str, ...]


@pytest.fixture(scope="module")
def proved(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Proved:
    """Made once: nobody changes it."""
    with world("sqlite", templates, tmp_path_factory.mktemp("proved")) as services:
        held = World(Register(services))
        held.confirm(held.one)
        numbers = tuple(number.number for number in held.register.numbers)
        return Proved(held.proof().bundle, held.trust(), held.entry, numbers)


def test_both_verifiers_follow_it_from_open_to_complete(register: Register) -> None:
    held = World(register)
    held.confirm(held.one)
    held.copies["bureau-b"].pull(held.client, held.other, "bureau")
    proof = held.proof()
    assert not proof.complete and proof.digest == sha256(proof.bundle).hexdigest()
    verified, second = verify_bundle(proof.bundle), removal_verifier.verify(proof.bundle, held.trust())
    assert [(each.line.subscriber, each.line.stage) for each in verified.holders] == [
        ("bureau-a", "applied"),
        ("bureau-b", "fetched"),
    ]
    assert [stream.statement.stream_epoch for stream in verified.streams] == [
        "agency/1",
        "bureau/1",
        "platform/1",
        "public/1",
    ]
    assert [who for _, who, _, stage in second["holders"] if stage == "applied"] == ["bureau-a"]
    assert not second["complete"]
    held.confirm(held.other)
    proof = held.proof()
    assert proof.complete and removal_verifier.verify(proof.bundle, held.trust())["complete"]
    assert len(proof.bundle) < 20_000


def test_it_names_no_person(proved: Proved) -> None:
    assert all(number.encode() not in proved.raw for number in proved.numbers)
    assert "测试".encode() not in proved.raw


def test_the_first_receipt_that_covers_it_is_the_one(sqlite_services: Services) -> None:
    held = World(Register(sqlite_services))
    held.confirm(held.one)
    first = held.proof().bundle
    held.register.listings(30)
    held.register.publish()
    held.confirm(held.one)
    receipts = [each.receipt.sequence for each in verify_bundle(held.proof().bundle).holders if each.receipt]
    assert receipts == [each.receipt.sequence for each in verify_bundle(first).holders if each.receipt]
    assert removal_verifier.verify(held.proof().bundle)["entry"] == held.entry


def test_no_proof_without_a_published_removal(register: Register) -> None:
    (entry,) = register.listings(1)
    register.publish()
    now = register.services.clock.now()
    with register.services.database.reading() as session:
        assert prove_removal(register.services, session, entry, now) is None
        assert prove_removal(register.services, session, "lst_" + "0" * 24, now) is None


def test_trust_comes_from_elsewhere(proved: Proved) -> None:
    told = verify(proved.raw, Trust([proved.trust]))
    # a holder is open and no witness has cosigned: said, and left to a person
    assert told.standing is Standing.DOUBT and len(told.doubts) == 2
    assert len(verify(proved.raw, Trust()).doubts) == 3
    stranger = Publisher()
    other = sign_key_list(stranger.keys, stranger.roots).encode()
    with pytest.raises(KeysNotTrusted):
        verify(proved.raw, Trust([other, b"no list"]))
    with pytest.raises(No):
        removal_verifier.verify(proved.raw, other)
    assert len(verify(proved.raw, Trust([other, proved.trust])).doubts) == 2


def test_the_command(proved: Proved, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, trust = tmp_path / "proof.json", tmp_path / "keys.note"
    file.write_bytes(proved.raw)
    trust.write_bytes(proved.trust)
    assert main(["verify", str(file), "--trust", str(trust)]) == EXIT[Standing.DOUBT]
    said = capsys.readouterr().out
    assert proved.entry in said and "单位bureau-a" in said and "published, not fetched" in said
    file.write_bytes(proved.raw.replace(b"bureau-a applied", b"bureau-b applied", 1))
    assert main(["verify", str(file)]) == EXIT[Standing.REFUSED]
    assert "removal-proof-invalid" in capsys.readouterr().err
    file.write_bytes(b"something else")
    assert main(["verify", str(file)]) == 1
    assert main(["verify", str(tmp_path / "none")]) == 1
    said = capsys.readouterr().err
    assert "verify-unknown" in said and "file-unreadable" in said


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each text in the bundle."""
    if isinstance(value, str):
        yield path
    else:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def changed(bundle: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> bytes:
    """The bundle with one place changed, written canonically again."""
    copy = json.loads(json.dumps(bundle))
    *way, last = path
    owner = copy
    for step in way:
        owner = owner[step]
    owner[last] = change(owner[last])
    return canonical_json(copy) + b"\n"


def refused(raw: bytes, trust: bytes) -> None:
    """By both, each with its one way to say no."""
    with pytest.raises(BundleInvalid):
        verify_bundle(raw)
    with pytest.raises(No):
        removal_verifier.verify(raw, trust)


def _other_char(text: str, at: int) -> str:
    old = text[at]
    new = "A" if old != "A" else "B"
    return text[:at] + (new if old.isalnum() else "0") + text[at + 1 :]


def test_every_change_is_refused_by_both(proved: Proved) -> None:
    """One letter at random places of each text; lines dropped and doubled; parts dropped, doubled, exchanged."""
    raw, trust, chance = proved.raw, proved.trust, random.Random(5)
    bundle = json.loads(raw)
    assert removal_verifier.verify(raw, trust)
    tried = 0
    for path in places(bundle):
        text = bundle
        for step in path:
            text = text[step]
        for at in chance.sample(range(len(text)), min(5, len(text))):
            refused(changed(bundle, path, lambda old, at=at: _other_char(old, at)), trust)
            tried += 1
        for lines in _line_changes(text):
            refused(changed(bundle, path, lambda _, lines=lines: lines), trust)
            tried += 1
    for streams in _part_changes(bundle["streams"]):
        refused(canonical_json({**bundle, "streams": streams}) + b"\n", trust)
        tried += 1
    for other in (b"", raw[:-1], raw + b" ", b" " + raw, raw.replace(b":", b": ", 1), raw[: len(raw) // 2], b"{}\n"):
        refused(other, trust)
    assert tried > 150


def _line_changes(text: str) -> Iterator[str]:
    lines = text.split("\n")
    for at in range(len(lines) - 1):
        yield "\n".join(lines[:at] + lines[at + 1 :])
        yield "\n".join([*lines[: at + 1], *lines[at:]])


def _part_changes(streams: list[Any]) -> Iterator[list[Any]]:
    for at in range(len(streams)):
        yield streams[:at] + streams[at + 1 :]
        yield [*streams[: at + 1], *streams[at:]]
    yield streams[::-1]
    yield []
    bureau = next(part for part in streams if part["receipts"])
    others = [part for part in streams if part is not bureau]
    for name in ("event", "proof", "statement"):
        yield sorted([{**bureau, name: others[0][name]}, *others], key=lambda part: part["statement"])
    yield [{**part, "receipts": []} for part in streams]
    yield [{**part, "receipts": part["receipts"] * 2} for part in streams]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_byte_of_a_proof_counts(proved: Proved) -> None:
    """All of them, not only a sample."""
    raw, trust = proved.raw, proved.trust
    for at in range(len(raw)):
        refused(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], trust)


def test_what_was_handed_out_comes_again_until_there_is_more_to_say(templates: Templates, tmp_path: Path) -> None:
    with world("sqlite", templates, tmp_path) as services:
        made = World(Register(services))

        def handed_out() -> RemovalProof:
            with services.database.reading() as session:
                proof = kept_proof(services, session, made.entry, services.clock.now())
            assert proof is not None and verify_bundle(proof.bundle).entry == made.entry
            return proof

        first = handed_out()
        assert isinstance(services.clock, FixedClock)
        services.clock.set(services.clock.now() + timedelta(minutes=30))
        resign_heads(services, services.clock.now())
        assert handed_out() == first and not first.complete
        cosign_heads(services, services.clock.now())
        witnessed = handed_out()
        assert witnessed.digest != first.digest and witnessed.witnesses
        made.confirm(made.one)
        with services.database.writing() as session:
            confirmed = kept_proof(services, session, made.entry, services.clock.now())
        assert confirmed is not None and confirmed.digest != witnessed.digest
        assert handed_out() == confirmed
        with services.database.reading() as session:
            kept = session.scalars(select(KeptProof).order_by(KeptProof.id)).all()
        assert [row.digest for row in kept] == [first.digest, witnessed.digest, confirmed.digest]


def test_the_second_verifier_stands_alone() -> None:
    source = Path(removal_verifier.__file__).read_text("utf-8")
    names = [
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names) | {"cryptography"}
    assert source.count("\n") <= 300

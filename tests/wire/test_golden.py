"""The bytes on the wire are fixed: what is built from the same inputs is what lies in ``tests/golden/feed/``."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest

from sync.wire.events import Event, parse_line
from sync.wire.head import parse_head
from sync.wire.keys import verify_key_list
from sync.wire.merkle import leaf_hash, tree_hash
from sync.wire.notes import verify_note
from sync.wire.origins import Origin
from sync.wire.receipts import parse_receipt
from sync.wire.removal import verify_bundle
from sync.wire.sheets import verify_sheet
from sync.wire.slips import open_block
from sync.wire.snapshot import read_snapshot
from sync.wire.witness import Seen, judge, parse_answer, parse_ask
from tests.support import removal_verifier
from tests.wire.golden import BOB, FOLDER, HOST, build, salt, signer

FILES = build()


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_bytes_are_those_of_the_contract(name: str) -> None:
    assert FILES[name] == (FOLDER / name).read_bytes()


def test_there_is_no_golden_file_that_nothing_makes() -> None:
    kept = {path.name for path in FOLDER.iterdir()} - {"README.md", "slips-sealed.ndjson"}
    assert kept == FILES.keys()


def test_the_files_hang_together_as_a_stranger_would_check_them() -> None:
    origin = Origin(HOST, "agency", 1)
    keys = verify_key_list((FOLDER / "keys.note").read_bytes())
    (key,) = {stream.dated.key for stream in keys.streams}
    head = parse_head(verify_note((FOLDER / "head.note").read_bytes(), [key, *keys.root_keys()]).text)
    served = [
        parse_line(line, origin) for line in (FOLDER / "events-after-erasure.ndjson").read_bytes().splitlines() if line
    ]
    whole = [parse_line(line, origin) for line in (FOLDER / "events.ndjson").read_bytes().split(b"\n")[:-1]]
    assert [event.leaf for event in served] == [event.leaf for event in whole]
    assert tree_hash([event.leaf for event in served]) == head.root != leaf_hash(b"")
    assert sum(isinstance(event, Event) for event in served) == 4
    records = list(read_snapshot([(FOLDER / "snapshot.ndjson").read_bytes()], origin, [key]))
    assert len(records) == 1 + head.count + 2
    subscriber = signer("agency-a", "agency-a").verifier
    receipt = parse_receipt(verify_note((FOLDER / "receipt.note").read_bytes(), [subscriber]).text)
    assert (receipt.state, receipt.sequence) == (head.state, head.size)


def test_the_golden_rotation_and_question_are_believed() -> None:
    first = verify_key_list((FOLDER / "keys.note").read_bytes())
    keys = verify_key_list((FOLDER / "keys-rotated.note").read_bytes(), known=first)
    on = date(2026, 3, 2)
    both = keys.stream_keys("agency", 1, on=on)
    assert (len(both), len(keys.stream_keys("agency", 1, on=date(2026, 3, 9))), keys.epochs("agency")) == (2, 1, (1, 2))
    for key in both:
        verify_note((FOLDER / "head-rotated.note").read_bytes(), [key])
    question = parse_ask((FOLDER / "witness-question.txt").read_bytes())
    seen = Seen(3, tree_hash(bytes.fromhex(line) for line in (FOLDER / "commitments.hex").read_text().split()[:3]))
    assert judge(question, both, seen).size == 8
    (witness,) = keys.witness_keys(on=on)
    parse_answer((FOLDER / "witness-answer.txt").read_bytes(), question.checkpoint, witness)
    digest = sha256((FOLDER / "snapshot.csv").read_bytes()).hexdigest()
    note = (FOLDER / "snapshot.csv.note").read_bytes()
    assert verify_sheet(note, both, Origin(HOST, "agency", 1), "csv", digest)[:2] == (8, 2)
    event = parse_line((FOLDER / "incentive.ndjson").read_bytes().rstrip(b"\n"), Origin(HOST, "platform", 1))
    assert isinstance(event, Event) and event.kind == "incentive"


def test_the_golden_removal_proof_is_believed_by_both_verifiers() -> None:
    raw, keys = (FOLDER / "removal-proof.json").read_bytes(), (FOLDER / "keys.note").read_bytes()
    found = verify_bundle(raw)
    assert found.witnessed and not found.complete and found.keys_note.encode() == keys
    assert [held.receipt is not None for held in found.holders] == [True, False]
    second = removal_verifier.verify(raw, keys)
    assert second["witnessed"] and [title for _, _, title, _ in second["holders"]] == ["某局 一处", "另一局"]


def test_the_sealed_golden_block_opens() -> None:
    """Sealing is never the same twice, so this file is kept and opened, not made anew."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.from_private_bytes(salt("recipient"))
    slips = open_block((FOLDER / "slips-sealed.ndjson").read_bytes(), private)
    assert [(slip.entry[:3], slip.revision) for slip in slips] == [("lst", 2), ("ord", 1)]
    assert slips[0].own is None and slips[0].roles == (BOB,)

"""The fixed inputs behind ``tests/golden/feed/``. ``python -m tests.wire.golden --write`` makes the files anew."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from creditsvc.kernel.identity import resident_check_digit, uscc_check_digit
from sync.wire.canonical import canonical_json
from sync.wire.encoding import b64url
from sync.wire.events import EventType, build_event, commitment, erased_line, event_bytes, withheld_line
from sync.wire.fields import project
from sync.wire.head import Head, sign_head
from sync.wire.keys import DatedKey, KeyList, StreamKey, sign_key_list
from sync.wire.merkle import Tree, consistency_proof, inclusion_proof
from sync.wire.notes import Signer, add_signatures, cosign, parse_note, sign_note
from sync.wire.origins import Origin
from sync.wire.proofs import log_proof
from sync.wire.push import push_body, push_headers, push_key
from sync.wire.receipts import Receipt, buckets_for, proof, sign_receipt
from sync.wire.removal import Part, write_bundle
from sync.wire.sheets import columns_of, first_row, row_of, sheet_text, sign_sheet
from sync.wire.slips import Identity, Slip, token_block, tokens_of
from sync.wire.snapshot import Header, Tombstone, entry_line, write_snapshot
from sync.wire.state import EMPTY_STATE, FAN, StateTree, bucket_number
from sync.wire.statements import HolderLine, Statement
from sync.wire.tiles import bundle_bytes, tile_bytes, tiles_of
from sync.wire.witness import answer_bytes, ask_bytes

FOLDER = Path(__file__).parents[1] / "golden" / "feed"
HOST = "feed.example:8443"
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TOKEN_KEY = sha256(b"token key").digest()


def signer(name: str, seed: str) -> Signer:
    """A key made of a word: the private key is SHA-256 of the seed."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest()))


def salt(word: str) -> bytes:
    """A salt made of a word."""
    return sha256(word.encode()).digest()


def _entry(letter: str, kind: str = "lst") -> str:
    return f"{kind}_{letter * 24}"


def _resident(first17: str) -> str:
    return f"resident_id:{first17}{resident_check_digit(first17)}"


ALICE = Identity(_resident("41010519850307123"), salt("alice"))
BOB = Identity(_resident("41010519701111231"), salt("bob"))
FULL: dict[str, Any] = {
    "entry": _entry("a"),
    "kind": "listing",
    "revision": 1,
    "debtor_kind": "person",
    "name": "张三",
    "sex": "male",
    "age": 40,
    "number_masked": "4101051985****" + ALICE.number[-4:],
    "subject": ALICE.subject,
    "court_code": "豫0105",
    "court_name": "郑州市金水区人民法院",
    "case_number": "（2026）豫0105执1234号",
    "filed_on": "2026-01-05",
    "basis_number": "（2025）豫0105民初1号",
    "basis_issuer": "郑州市金水区人民法院",
    "obligation": "支付货款\u2028及利息",
    "performance": "partial",
    "performed_part": "1000",
    "unperformed_part": "9000",
    "grounds": ["evades", "property_report"],
    "published_on": "2026-03-01",
    "until": "2028-02-29",
    "marks": [
        {"from": "2026-03-01", "mark": "disputed", "to": "2026-03-31"},
        {"from": "2026-03-01", "mark": "single_lift", "measures": ["transport.fly"], "to": "2026-03-05"},
    ],
}
UNIT: dict[str, Any] = {
    "entry": _entry("b"),
    "kind": "listing",
    "revision": 1,
    "debtor_kind": "organisation",
    "name": "测试有限公司",
    "unit_code": "91410105MA3X00000" + uscc_check_digit("91410105MA3X00000"),
    "legal_representative": "李四",
    "published_on": "2026-03-01",
    "roles": [{"from": "2026-03-01", "name": "李四", "role": "legal_representative", "subject": BOB.subject}],
}
ORDER: dict[str, Any] = {
    "entry": _entry("c", "ord"),
    "kind": "consumption_order",
    "revision": 1,
    "debtor_kind": "person",
    "name": "张三",
    "subject": ALICE.subject,
    "items": ["transport.fly", "transport.high_speed_rail"],
    "published_on": "2026-03-01",
}
REMOVAL = {
    "basis": "法释〔2017〕7号 art. 10(1)(1)",
    "decision": "（2026）豫0105执1234号之二",
    "due": "2026-03-04",
    "effect": "stop_use",
    "effective": "2026-03-02",
    "entry": _entry("a"),
    "exit": "removed",
    "ground": "performed",
    "kind": "listing",
    "revision": 3,
}


def _history() -> list[tuple[EventType, dict[str, Any]]]:
    marks = {"entry": _entry("a"), "kind": "listing", "marks": FULL["marks"][:1], "revision": 2}
    canary = project({**FULL, "entry": _entry("d"), "name": "演练"}, "agency")
    unit = project(UNIT, "agency")
    gone = {**REMOVAL, "entry": _entry("d"), "revision": 2, "ground": "term_ended"}
    return [
        (EventType.PUBLISHED, project(FULL, "agency")),
        (EventType.PUBLISHED, unit),
        (EventType.PUBLISHED, project(ORDER, "agency")),
        (EventType.ANNOTATED, marks),
        (EventType.CANARY_PUBLISHED, canary),
        (EventType.CORRECTED, {**unit, "name": "测试（更正）有限公司", "revision": 2}),
        (EventType.REMOVED, REMOVAL),
        (EventType.CANARY_REMOVED, gone),
    ]


def _events(origin: Origin) -> list[dict[str, Any]]:
    return [
        build_event(
            type=type_,
            event_id=f"evt_{index:024d}",
            sequence=index,
            origin=origin,
            time=AT,
            data=data,
            salt=salt(f"event {index}"),
        )
        for index, (type_, data) in enumerate(_history(), 1)
    ]


def _log_files(tree: Tree, leaves: list[bytes]) -> dict[str, bytes]:
    files = {}
    for tile in tiles_of(tree.size):
        first = tile.index * 256
        bundle = bundle_bytes(leaves[first : first + tile.width])
        raw = bundle if tile.level is None else tile_bytes(tile, tree.node)
        files[tile.path.replace("/", "_") + ".hex"] = raw.hex().encode() + b"\n"
    proofs = {
        "consistency 3 to 8": [step.hex() for step in consistency_proof(3, 8, tree.node)],
        "inclusion of 6 in 8": [step.hex() for step in inclusion_proof(6, 8, tree.node)],
        "roots": [tree.root(size).hex() for size in range(tree.size + 1)],
    }
    return {**files, "proofs.json": canonical_json(proofs) + b"\n"}


def build() -> Mapping[str, bytes]:
    """Every golden file: name → bytes."""
    origin = Origin(HOST, "agency", 1)
    log, witness, bureau = signer(origin.text, "log"), signer("witness-a", "witness"), signer("agency-a", "agency-a")
    events = _events(origin)
    leaves = [commitment(event) for event in events]
    lines = [event_bytes(event) for event in events]
    for erased in (1, 2, 4, 5):
        lines[erased - 1] = erased_line(erased, leaves[erased - 1])
    tree = Tree(leaves)
    bodies = {_entry("b"): (events[5]["data"], 6), _entry("c", "ord"): (events[2]["data"], 3)}
    state = StateTree((entry, data["revision"]) for entry, (data, _) in bodies.items())
    head = Head(origin, 8, tree.root(), state.count, state.root(), AT, AT + timedelta(hours=1), 0)
    signed = sign_head(head, [log])
    stones = [Tombstone("stop_use", _entry("a"), "removed", 7), Tombstone("stop_use", _entry("d"), "removed", 8)]
    snapshot = write_snapshot(
        origin,
        Header(state.count, 1, 8, state.root()),
        [entry_line(data, sequence) for _, (data, sequence) in sorted(bodies.items())],
        stones,
        [log],
    )
    head_note = add_signatures(signed, [cosign(parse_note(signed).text, witness, at=AT)])
    keys, receipt = _keys(log, witness), _receipt(state, origin, bureau)
    group = bucket_number(_entry("b")) // FAN
    slips = [Slip(_entry("b"), 2, None, (BOB,)), Slip(_entry("c", "ord"), 1, ALICE)]
    body = push_body(stream="agency", sequence=8, urgent=True)
    headers = push_headers(body, message_id="msg_golden", at=AT, key=log.private)
    public = push_key(log.private.public_key().public_bytes_raw())
    return {
        "events.ndjson": b"".join(event_bytes(event) + b"\n" for event in events),
        "events-after-erasure.ndjson": b"".join(line + b"\n" for line in lines),
        "event-withheld.ndjson": withheld_line(3, leaves[2]) + b"\n",
        "commitments.hex": b"".join(leaf.hex().encode() + b"\n" for leaf in leaves),
        "data-by-stream.ndjson": _by_stream(),
        **_log_files(tree, leaves),
        "head.note": head_note.encode(),
        "keys.note": keys.encode(),
        "state.json": canonical_json(
            {"groups": [b64url(d) for d in state.group_digests()], "sequence": 8, "state": b64url(state.root())}
        ),
        "state-group.json": canonical_json(
            {"buckets": [b64url(d) for d in state.bucket_digests(group)], "group": group, "sequence": 8}
        ),
        "state-bucket.txt": state.lines(bucket_number(_entry("b"))),
        "snapshot.ndjson": b"".join(snapshot),
        "slips-token.ndjson": token_block(tokens_of(slip, TOKEN_KEY) for slip in slips),
        **receipt,
        "removal-proof.json": _removal(origin, log, tree, events, receipt["receipt.note"].decode(), head_note, keys),
        "push.json": body,
        "push-headers.json": canonical_json({**headers, "public-key": public}) + b"\n",
        "witness-question.txt": ask_bytes(3, consistency_proof(3, 8, tree.node), signed),
        "witness-answer.txt": answer_bytes(signed, witness, at=AT),
        **_rotation(log, witness, head),
        **_farewell(origin, bureau),
        "incentive.ndjson": _incentive(),
        **_sheet(origin, log, [bodies[entry][0] for entry in sorted(bodies)]),
    }


def _rotation(log: Signer, witness: Signer, head: Head) -> dict[str, bytes]:
    """During a rotation two keys are listed and both sign; the next epoch is announced by its key."""
    roots = [signer(f"{HOST}/root", f"root {number}") for number in (1, 2, 3)]
    second, coming = signer(log.name, "log 2"), signer(f"{HOST}/v1/streams/agency/2", "log of epoch 2")
    first, last = date(2026, 1, 1), date(2035, 12, 31)
    keys = KeyList(
        HOST,
        2,
        tuple(DatedKey(root.verifier, first, last) for root in roots),
        (
            StreamKey("agency", 1, DatedKey(log.verifier, first, date(2026, 3, 8))),
            StreamKey("agency", 1, DatedKey(second.verifier, date(2026, 3, 1), last)),
            StreamKey("agency", 2, DatedKey(coming.verifier, date(2026, 3, 1), last)),
        ),
        (DatedKey(witness.cosigner, first, last),),
    )
    return {
        "keys-rotated.note": sign_key_list(keys, roots[1:]).encode(),
        "head-rotated.note": sign_head(head, [log, second]).encode(),
    }


def _farewell(origin: Origin, subscriber: Signer) -> dict[str, bytes]:
    """The last receipt of an agreement that has ended: over an empty set."""
    nonce = salt("farewell")
    receipt = Receipt(
        HOST, subscriber.name, origin.stream, origin.epoch, 8, 0, EMPTY_STATE, nonce, proof(nonce, (), lambda number: b""),
        deleted=2, shielded=0, history=0, onward_confirmed=0, onward=0, applied=AT,
    )  # fmt: skip
    return {"receipt-farewell.note": sign_receipt(receipt, subscriber).encode()}


def _incentive() -> bytes:
    """An incentive record, on the platform's stream alone."""
    data = {
        "entry": _entry("e", "inc"), "kind": "incentive", "revision": 1, "debtor_kind": "person", "name": "李四", "court_code": "豫0105",
        "court_name": "郑州市金水区人民法院", "case_number": "（2026）豫0105执77号", "published_on": "2026-03-01", "until": "2027-03-01",
        "decision": "（2026）豫0105证1号", "catalogue_code": "SX-02", "subject": BOB.subject,
    }  # fmt: skip
    event = build_event(type=EventType.PUBLISHED, event_id="evt_" + "9" * 24, sequence=1, origin=Origin(HOST, "platform", 1), time=AT,
                        data=project(data, "platform"), salt=salt("incentive"))  # fmt: skip
    return event_bytes(event) + b"\n"


def _sheet(origin: Origin, log: Signer, entries: list[dict[str, Any]]) -> dict[str, bytes]:
    """The snapshot as CSV and its detached note."""
    text, until = io.StringIO(newline=""), AT + timedelta(days=1)
    columns = columns_of(origin.stream)
    csv.writer(text).writerows([first_row(origin, 8, until), columns, *(row_of(data, columns) for data in entries)])
    raw = text.getvalue().encode("utf-8-sig")
    said = sheet_text(origin, "csv", sequence=8, count=len(entries), digest=sha256(raw).hexdigest(), valid_until=until)
    return {"snapshot.csv": raw, "snapshot.csv.note": sign_sheet(said, [log]).encode()}


def _by_stream() -> bytes:
    rows = [{"data": project(FULL, stream), "stream": stream} for stream in ("public", "agency", "bureau", "platform")]
    return b"".join(canonical_json(row) + b"\n" for row in rows)


def _keys(log: Signer, witness: Signer) -> str:
    roots = [signer(f"{HOST}/root", f"root {number}") for number in (1, 2, 3)]
    first, last = date(2026, 1, 1), date(2035, 12, 31)
    keys = KeyList(
        HOST,
        1,
        tuple(DatedKey(root.verifier, first, last) for root in roots),
        (StreamKey("agency", 1, DatedKey(log.verifier, first, date(2027, 1, 7))),),
        (DatedKey(witness.cosigner, first, last),),
    )
    return sign_key_list(keys, roots[:2])


def _receipt(state: StateTree, origin: Origin, subscriber: Signer) -> dict[str, bytes]:
    nonce = salt("nonce")
    asked = buckets_for(nonce, subscriber.name, removed=[_entry("a"), _entry("d")])
    receipt = Receipt(
        HOST,
        subscriber.name,
        origin.stream,
        origin.epoch,
        8,
        state.count,
        state.root(),
        nonce,
        proof(nonce, asked, state.lines),
        deleted=2,
        shielded=0,
        history=0,
        onward_confirmed=12,
        onward=12,
        applied=AT,
    )
    return {
        "receipt.note": sign_receipt(receipt, subscriber).encode(),
        "receipt-buckets.json": canonical_json(asked) + b"\n",
        "receipt-nonce.json": canonical_json({"all": False, "nonce": b64url(nonce), "sequence": 8, "since": 6}),
    }


def _removal(
    origin: Origin, log: Signer, tree: Tree, events: list[dict[str, Any]], receipt: str, head: str, keys: str
) -> bytes:
    bureau = signer("agency-a", "agency-a").verifier.text
    proved = log_proof(6, inclusion_proof(6, tree.size, tree.node), head)
    statement = Statement(
        host=HOST,
        entry=_entry("a"),
        stream_epoch=origin.stream_epoch,
        sequence=7,
        streams=(origin.stream_epoch,),
        keys=sha256(keys.encode()).digest(),
        proof=sha256(proved.encode()).digest(),
        at=AT,
        holders=(
            HolderLine("agency-a", "applied", 8, sha256(receipt.encode()).digest(), bureau, "某局 一处"),
            HolderLine("agency-b", "fetched", 7, None, "", "另一局"),
        ),
    )
    part = Part(event_bytes(events[6]).decode(), proved, (receipt,), sign_note(statement.text, [log]))
    return write_bundle(_entry("a"), keys, [part])


def main() -> int:
    """Write the files, if told to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True, help="overwrite the golden files")
    parser.parse_args()
    for name, raw in build().items():
        (FOLDER / name).write_bytes(raw)
    sys.stdout.write(f"{len(build())} files\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

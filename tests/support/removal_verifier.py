"""A second verifier of removal proofs, written from docs/removal-proof.md alone: the standard library and `cryptography`.

``python removal_verifier.py FILE [KEYS]`` prints what holds and exits with 0 (holds), 4 (holds in part) or 1 (does not).
It shares no line with the product, so that a mistake in one is not a mistake in both.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
import sys
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BEIJING = dt.timezone(dt.timedelta(hours=8))
NUMBER = re.compile(r"(0|[1-9][0-9]*)\Z")


def tree(leaf: bytes, levels: int) -> bytes:
    """An RFC 6962 tree whose leaves are all the same."""
    node = hashlib.sha256(b"\0" + leaf).digest()
    for _ in range(levels):
        node = hashlib.sha256(b"\1" + node + node).digest()
    return node


NOTHING = "state 0 " + base64.b64encode(tree(tree(hashlib.sha256(b"").digest(), 8), 8)).decode()
"""What a subscriber declares whose agreement has ended and who has deleted everything."""


class No(Exception):
    """The proof does not hold."""


def must(holds: object, why: str) -> None:
    if not holds:
        raise No(why)


def number(text: str) -> int:
    must(NUMBER.match(text), "number")
    return int(text)


def binary(text: str, length: int | None = 32) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise No("base64") from None
    must(base64.b64encode(raw).decode() == text and (length is None or len(raw) == length), "base64")
    return raw


def salt_of(text: str) -> bytes:
    return binary(text.replace("-", "+").replace("_", "/") + "=")


def moment(text: str) -> dt.datetime:
    must(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", text), "time")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise No("time") from None


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load(raw: bytes) -> Any:
    """JSON that is written the one way in which it may be."""
    try:
        value = json.loads(raw)
        same = canonical(value) == raw
    except (ValueError, RecursionError, UnicodeError):
        raise No("json") from None
    must(same, "canonical json")
    return value


class Key:
    """name+hash+key."""

    def __init__(self, text: str) -> None:
        parts = text.split("+", 2)
        must(len(parts) == 3, "key")
        raw = binary(parts[2], 33)
        self.text, self.name, self.kind, self.public = text, parts[0], raw[0], raw[1:]
        self.id = sha(self.name.encode(), b"\n", raw)[:4]
        must(self.kind in (1, 4) and parts[1] == self.id.hex(), "key")

    def signed(self, text: str, signature: bytes) -> bool:
        message = text.encode()
        if self.kind == 4:
            must(len(signature) == 72, "cosignature")
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8], "big") + message
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def open_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text and its signature lines: name, key id, signature."""
    body, gap, tail = note.rpartition("\n\n")
    must(gap and tail.endswith("\n"), "note")
    lines = []
    for line in tail[:-1].split("\n"):
        words = line.split(" ")
        must(len(words) == 3 and words[0] == "\u2014", "signature line")
        raw = binary(words[2], None)
        lines.append((words[1], raw[:4], raw[4:]))
    return body + "\n", lines


def signers(note: str, keys: list[Key]) -> list[Key]:
    """The keys that signed, a line each; a wrong signature by one of them spoils the note, strangers are passed over."""
    text, lines = open_note(note)
    found = []
    for name, key_id, signature in lines:
        for key in keys:
            if (key.name, key.id) == (name, key_id):
                must(key.signed(text, signature), f"signature of {name}")
                found.append(key)
    return found


class Keys:
    """The list of keys."""

    def __init__(self, note: str) -> None:
        text, _ = open_note(note)
        lines = text[:-1].split("\n")
        must(lines[0].endswith("/v1/keys") and lines[1].startswith("version "), "key list")
        self.host = lines[0].removesuffix("/v1/keys")
        self.roots: list[Key] = []
        self.rest: list[tuple[str, Key, str, str]] = []
        for line in lines[2:]:
            what, *words = line.split(" ")
            if what == "root":
                self.roots.append(Key(words[0]))
            else:
                where = words.pop(0) if what == "stream" else "witness"
                self.rest.append((where, Key(words[0]), words[1], words[2]))
        must(vouched(note, self.roots), "two roots")

    def of(self, where: str, at: dt.datetime) -> list[Key]:
        day = at.astimezone(BEIJING).date().isoformat()
        return [key for place, key, first, last in self.rest if place == where and first <= day <= last]


def vouched(note: str, roots: list[Key]) -> bool:
    return len({key.public for key in signers(note, roots)}) >= 2


def lines_of(text: str, words: list[str]) -> list[str]:
    """The values of lines that begin with these words, in this order; the first line is not among them."""
    values = []
    for word, line in zip(words, text[:-1].split("\n")[1:], strict=False):
        must(line.startswith(word + " "), word)
        values.append(line[len(word) + 1 :])
    must(len(values) == len(words), "lines")
    return values


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 6962: the root of a tree of ``size`` from one leaf hash and its audit path, by recursion from the top."""
    if size == 1:
        must(not path, "path too long")
        return leaf
    must(path, "path too short")
    split = 1 << ((size - 1).bit_length() - 1)
    if index < split:
        return sha(b"\1", root_from(leaf, index, split, path[:-1]), path[-1])
    return sha(b"\1", path[-1], root_from(leaf, index - split, size - split, path[:-1]))


def check_part(part: dict[str, Any], bundle: dict[str, Any], keys: Keys) -> dict[str, Any]:
    text, lines = open_note(part["statement"])
    entry, stream, sequence, streams, list_digest, proof_digest, at = lines_of(
        text, ["entry", "stream", "sequence", "streams", "keys", "proof", "at"]
    )
    must(text.startswith(f"{keys.host}/removal/v1\n") and entry == bundle["entry"], "statement")
    must(len(lines) == 1 and len(signers(part["statement"], keys.of(stream, moment(at)))) == 1, "statement")
    must(binary(list_digest) == sha(bundle["keys"].encode()), "digest of keys")
    must(binary(proof_digest) == sha(part["proof"].encode()), "digest of proof")

    event = load(part["event"].encode())
    salt = salt_of(event.pop("salt"))
    origin = f"{keys.host}/v1/streams/{stream}"
    must(event["type"] == "entry.removed" and event["source"] == "//" + origin, "event")
    must(event["data"]["entry"] == entry and event["sequence"] == number(sequence), "event")
    commitment = sha(b"alf-event-1\n", salt, canonical(event))

    first, gap, checkpoint = part["proof"].partition("\n\n")
    header, index, *hashes = first.split("\n")
    must(header == "c2sp.org/tlog-proof@v1" and gap and index == f"index {event['sequence'] - 1}", "proof")
    head, marks = open_note(checkpoint)
    named, size, log_root, *rest = head[:-1].split("\n")
    must(named == origin and len(rest) == 4, "head")
    state, published = rest[0], moment(rest[1].removeprefix("published "))
    log_keys, witness_keys = keys.of(stream, published), keys.of("witness", published)
    by_log, by_witness = signers(checkpoint, log_keys), signers(checkpoint, witness_keys)
    must(by_log and len(by_log) + len(by_witness) == len(marks), "signatures of the head")
    must(event["sequence"] <= number(size), "index past the head")
    path = [binary(step) for step in hashes]
    must(root_from(sha(b"\0", commitment), event["sequence"] - 1, number(size), path) == binary(log_root), "inclusion")

    receipts = list(part["receipts"])
    holders = []
    for line in text[:-1].split("\n")[8:]:
        what, who, stage, upto, digest, verifier, title = line.split(" ", 6)
        must(what == "holder" and (digest == "-") == (stage not in ("applied", "probed")), "holder")
        if digest != "-":
            must(receipts, "a receipt is missing")
            receipt = receipts.pop(0)
            must(binary(digest) == sha(receipt.encode()), "digest of a receipt")
            key = Key(verifier)
            must(key.name == who and len(signers(receipt, [key])) >= 1, "signature of a receipt")
            check_receipt(receipt, [keys.host, who, stream, upto], event["sequence"], (number(size), state))
        holders.append((stream, who, title, stage))
    must(not receipts, "a receipt too many")
    return {"stream": stream, "streams": streams, "holders": holders, "witnesses": [key.name for key in by_witness]}


def check_receipt(note: str, expected: list[str], removal: int, head: tuple[int, str]) -> None:
    text, _ = open_note(note)
    who, stream, upto, state = lines_of(text, ["subscriber", "stream", "sequence", "state"])
    must([text.split("\n")[0].removesuffix("/receipt/v1"), who, stream, upto] == expected, "receipt")
    must(number(upto) >= removal, "receipt before the removal")
    must(number(upto) != head[0] or f"state {state}" in (head[1], NOTHING), "receipt of another state")


def verify(raw: bytes, trusted: bytes | None = None) -> dict[str, Any]:
    """What holds: ``holders``, ``complete``, ``witnessed``, ``trusted``. Raises No."""
    try:
        return _verify(raw, trusted)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        raise No(type(error).__name__) from None


def _verify(raw: bytes, trusted: bytes | None) -> dict[str, Any]:
    must(raw.endswith(b"\n"), "last line")
    bundle = load(raw[:-1])
    must(set(bundle) == {"entry", "format", "keys", "streams"}, "members")
    must(bundle["format"] == "alf-removal-proof-1" and bundle["streams"], "format")
    keys = Keys(bundle["keys"])
    if trusted is not None:
        known = Keys(trusted.decode())
        must(known.host == keys.host and vouched(bundle["keys"], known.roots), "not signed by the roots that we trust")
    for part in bundle["streams"]:
        must(set(part) == {"event", "proof", "receipts", "statement"}, "members")
    parts = [check_part(part, bundle, keys) for part in bundle["streams"]]
    names = [part["stream"] for part in parts]
    must(names == sorted(set(names)) and all(part["streams"] == " ".join(names) for part in parts), "streams")
    holders = [holder for part in parts for holder in part["holders"]]
    return {
        "entry": bundle["entry"],
        "holders": holders,
        "complete": all(stage in ("applied", "probed") for *_, stage in holders),
        "witnessed": all(part["witnesses"] for part in parts),
        "trusted": trusted is not None,
    }


def main(argv: list[str]) -> int:
    files = []
    for path in argv:
        with open(path, "rb") as file:
            files.append(file.read())
    try:
        found = verify(files[0], files[1] if len(files) > 1 else None)
    except No as why:
        sys.stdout.write(f"does not hold: {why}\n")
        return 1
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    return 0 if found["complete"] and found["witnessed"] and found["trusted"] else 4


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

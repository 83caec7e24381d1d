"""The witness's question and answer, byte by byte (C2SP tlog-witness): ``old SIZE``, proof, empty line, checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.wire.encoding import b64, parse_number, unb64
from sync.wire.errors import FormatInvalid, ProofInvalid, SignatureInvalid
from sync.wire.head import Head, parse_head
from sync.wire.merkle import verify_consistency
from sync.wire.notes import (
    LARGEST_NOTE,
    Note,
    NoteSignature,
    Signer,
    VerifierKey,
    cosign,
    parse_note,
    verify_cosignature,
    verify_note,
)

ADD_CHECKPOINT = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
"""Of the answer 409: the witness names the size that it knows."""
LONGEST_PROOF = 63
LARGEST_QUESTION = LARGEST_NOTE + 4 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What a witness is asked: cosign this checkpoint, which continues a log that you know at ``old`` leaves."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness remembers of one log: its size and root when it last cosigned."""

    size: int
    root: bytes


NOTHING_SEEN = Seen(0, b"")


def ask_bytes(old: int, proof: Sequence[bytes], checkpoint: str) -> bytes:
    """The body of ``POST add-checkpoint``."""
    lines = [f"old {old}", *(b64(step) for step in proof)]
    return ("\n".join(lines) + "\n\n" + checkpoint).encode()


def parse_ask(raw: bytes) -> Question:
    """The question of a body. Raises FormatInvalid."""
    head, gap, checkpoint = raw.partition(b"\n\n")
    try:
        lines, note = head.decode("ascii").split("\n"), checkpoint.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatInvalid("witness", "not text") from None
    if not gap or not lines[0].startswith("old ") or len(lines) - 1 > LONGEST_PROOF or len(raw) > LARGEST_QUESTION:
        raise FormatInvalid("witness", "not old, proof, empty line, checkpoint")
    steps = tuple(unb64(line, "witness") for line in lines[1:])
    return Question(parse_number(lines[0].removeprefix("old "), "witness"), steps, note)


class SizeDiffers(ProofInvalid):
    """The log doesn't know where this witness stands: it is told the size, and asks again."""

    default_code = "witness-size"

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


def judge(question: Question, keys: Iterable[VerifierKey], seen: Seen) -> Head:
    """The head that may be cosigned: signed by the log, and continuing what was seen.

    Raises SignatureInvalid, FormatInvalid, SizeDiffers, ProofInvalid (a fork, or a history that was changed).
    """
    head = parse_head(verify_note(question.checkpoint, keys).text)
    if question.old > head.size:
        raise FormatInvalid("witness", "the old size is beyond the checkpoint")
    if question.old != seen.size:
        raise SizeDiffers(seen.size)
    if seen.size == head.size and seen.size and seen.root != head.root:
        raise ProofInvalid
    if seen.size:
        verify_consistency(
            first=seen.size, second=head.size, first_root=seen.root, second_root=head.root, proof=question.proof
        )
    elif question.proof:
        raise ProofInvalid
    return head


def answer_bytes(checkpoint: str, signer: Signer, *, at: datetime) -> bytes:
    """The cosignature line of a checkpoint that has been judged."""
    return cosign(parse_note(checkpoint).text, signer, at=at).line.encode()


def parse_answer(raw: bytes, checkpoint: str, witness: VerifierKey) -> NoteSignature:
    """The cosignature in a witness's answer, checked. Raises SignatureInvalid."""
    text = parse_note(checkpoint).text
    try:
        answered = parse_note(text + "\n" + raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise SignatureInvalid from None
    for signature in answered.signatures:
        if (signature.name, signature.key_id) == (witness.name, witness.key_id):
            verify_cosignature(str(Note(text, (signature,))), witness)
            return signature
    raise SignatureInvalid

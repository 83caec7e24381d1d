"""The stand-in itself: takes batches, makes receipts by its manners, sends messages. Its ends bring and carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sync.platform.shape.batches import check_signature
from sync.platform.shape.profile import Profile, Side
from sync.platform.shape.rows import batch_digest, row_digest
from sync.platform.shape.values import written_instant
from sync.platform.standin.ledger import Ledger, Verdict
from sync.platform.standin.manners import Manners
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.notes import VerifierKey


@dataclass(slots=True)
class Seen:
    """What it has done, for whoever watches."""

    batches: int = 0
    results: dict[str, int] = field(default_factory=dict)
    habits: dict[str, int] = field(default_factory=dict)
    bad_signatures: int = 0


class StandIn:
    """One platform's inside."""

    def __init__(self, profile: Profile, ledger: Ledger, manners: Manners, key: VerifierKey | None = None) -> None:
        self.profile, self.ledger, self.manners, self._key = profile, ledger, manners, key
        self.seen = Seen()
        self._serial = 0

    def habit(self, name: str) -> bool:
        """Whether it misbehaves so this time; counted."""
        if not self.manners.draws(name):
            return False
        self.seen.habits[name] = self.seen.habits.get(name, 0) + 1
        return True

    def take_batch(
        self, number: str, rows: Sequence[tuple[Mapping[str, Any], str]], note: str, now: datetime
    ) -> list[dict[str, Any]]:
        """Receipts for the rows (each with its shape) of a batch, in the profile's columns."""
        if self.ledger.knows_batch(number):
            return []
        if self.habit("lose_rows"):
            self.ledger.keep_batch(number, len(rows), note)
            return []
        self.seen.batches += 1
        signed = self._signed(number, rows, note)
        keeps = not self.habit("keep_nothing")
        receipts: list[dict[str, Any]] = []
        with self.ledger.transaction():
            for row, shape in rows:
                verdict = self._verdict(row, shape, signed=signed, keeps=keeps)
                self.seen.results[verdict.result] = self.seen.results.get(verdict.result, 0) + 1
                if self.habit("lose_receipts"):
                    continue
                receipt = self.receipt(number, row, verdict, now)
                receipts.append(receipt)
                if self.habit("duplicate"):
                    receipts.append(self._renamed(receipt))
            self.ledger.keep_batch(number, len(rows), note)
        if self.habit("stray"):
            receipts.append(self.receipt_of(number[::-1] + "?", 7, "lst_" + "0" * 24, Verdict("accepted"), now))
        return receipts

    def _signed(self, number: str, rows: Sequence[tuple[Mapping[str, Any], str]], note: str) -> bool:
        """Whether the note is ours and fits the rows; without a key nothing is checked."""
        if self._key is None or not note:
            return True
        names = [column.name for column in self.profile.columns]
        place = next((column.name for column in self.profile.columns if column.source == "hash"), "")
        digests = [
            str(row.get(place)) if place else row_digest([row.get(name) or None for name in names]) for row, _ in rows
        ]
        try:
            check_signature(note, self._key, number=number, rows=len(rows), digest=batch_digest(digests))
        except (SignatureInvalid, FormatInvalid):
            self.seen.bad_signatures += 1
            return False
        return True

    def _verdict(self, row: Mapping[str, Any], shape: str, *, signed: bool, keeps: bool) -> Verdict:
        if not signed:
            return Verdict("rejected", "signature")
        if self.habit("refuse"):
            return Verdict("rejected", "format", self.profile.columns[0].name)
        return self.ledger.take(row, shape) if keeps else Verdict("accepted")

    def receipt(self, number: str, row: Mapping[str, Any], verdict: Verdict, now: datetime) -> dict[str, Any]:
        """One receipt for a row."""
        sequence = self.ledger.value(row, "sequence")
        return self.receipt_of(number, int(sequence or 0), self.ledger.value(row, "key"), verdict, now)

    def receipt_of(self, number: str, sequence: int, key: str, verdict: Verdict, now: datetime) -> dict[str, Any]:
        """A receipt in the profile's columns."""
        words = {ours: theirs for theirs, ours in self.profile.results.items()}
        code = next((code for code, refusal in self.profile.refusals.items() if refusal.means == verdict.means), "")
        at = written_instant(now + timedelta(seconds=self.manners.seconds_ahead), "iso")
        values = {
            "id": self.next_id("r", now), "taken": 0, "batch": number, "sequence": sequence, "key": key,
            "result": words[verdict.result], "code": code if verdict.result == "rejected" else "", "field": verdict.field,
            "message": self._message(code) if verdict.result == "rejected" else "", "record": f"P{key[4:12]}",
            "effect": "", "at": at,
        }  # fmt: skip
        return side_row(self.profile.feedback, values)

    def _message(self, code: str) -> str:
        refusal = self.profile.refusals.get(code)
        return refusal.says.zh if refusal else ""

    def _renamed(self, receipt: dict[str, Any]) -> dict[str, Any]:
        name = self.profile.feedback.named("id")
        return {**receipt, name: f"{receipt[name]}x"}

    def next_id(self, letter: str, now: datetime) -> str:
        """A name that it has not given yet."""
        self._serial += 1
        return f"{letter}{int(now.timestamp())}-{self._serial}-{self.manners.chance.randrange(10**6)}"

    def message(self, kind: str, key: str, text: str, now: datetime, **more: str) -> dict[str, Any]:
        """A message in the profile's columns: an objection, a repair result, a change."""
        if self.profile.messages is None:
            return {}
        words = {ours: theirs for theirs, ours in self.profile.message_kinds.items()}
        values = {
            "id": self.next_id("m", now), "taken": 0, "kind": words[kind], "key": key, "text": text, "result": "", "old": "",
            "new": "", "at": written_instant(now, "iso"), **more,
        }  # fmt: skip
        return side_row(self.profile.messages, values)


def side_row(side: Side, values: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a side from values by field."""
    return {column.name: column.value or values.get(column.source) for column in side.columns}

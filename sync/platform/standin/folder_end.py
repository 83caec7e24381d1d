"""The stand-in's folder: it takes files whole, puts them away, and lays down receipts, messages and holdings with proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sync.platform.channels.files import PROOF, SIGNATURE
from sync.platform.shape.files import file_name, proof_of, read_file, write_file
from sync.platform.shape.profile import Side
from sync.platform.shape.xml_files import FileBroken
from sync.platform.standin.platform import StandIn


class FolderEnd:
    """One folder."""

    def __init__(self, standin: StandIn, root: Path) -> None:
        self._standin, self._root, self._shape = standin, root, standin.profile.file
        self._places: dict[str, str] = {}
        for column in standin.profile.columns:
            self._places.setdefault(column.source, column.name)
        self.broken = 0
        self.halves: list[tuple[Path, bytes]] = []
        """Files that it left half, with what should stand in them."""

    def create(self) -> None:
        """Make the folders."""
        for folder in (self._shape.out, self._shape.back, self._shape.done):
            (self._root / folder).mkdir(parents=True, exist_ok=True)

    def work(self, now: datetime) -> int:
        """One round; how many rows were read."""
        if self._standin.habit("delay"):
            return 0
        read = 0
        answers = self._standin.profile.answers
        for path in sorted((self._root / self._shape.out).iterdir()):
            if path.name.endswith((".part", PROOF, SIGNATURE)):
                continue
            if answers and path.name.startswith(answers.place):
                self._answer(path)
            else:
                read += self._take(path, now)
        self._lay_down(self._standin.profile.holdings, self._standin.ledger.holdings(), now, name="all")
        return read

    def _take(self, path: Path, now: datetime) -> int:
        note = path.with_name(path.name + SIGNATURE)
        try:
            rows = read_file(self._standin.profile, path.read_bytes())
        except FileBroken:
            self.broken += 1
            return 0
        shaped = [(row, self._standin.ledger.shape_of(row)) for row in rows]
        number = self._number(path, rows)
        receipts = self._standin.take_batch(number, shaped, note.read_text("utf-8") if note.exists() else "", now)
        self._put_away(path)
        if note.exists():
            self._put_away(note)
        self._lay_down(self._standin.profile.feedback, receipts, now)
        return len(rows)

    def _number(self, path: Path, rows: Sequence[Mapping[str, str]]) -> str:
        if rows and self._places.get("batch"):
            return rows[0][self._places["batch"]]
        before, _, after = self._shape.name.partition("{batch}")
        return path.name.split(".")[0].removeprefix(before).removesuffix(after)

    def _answer(self, path: Path) -> None:
        side = self._standin.profile.answers
        if side is None:
            return
        rows = read_file(self._standin.profile, path.read_bytes())
        for row in rows:
            self._standin.ledger.keep_answer(
                row[side.named("message")], row[side.named("outcome")], row.get(side.named("text"), "")
            )
        self._put_away(path)
        proof = path.with_name(path.name + PROOF)
        if proof.exists():
            self._put_away(proof)

    def _put_away(self, path: Path) -> None:
        path.replace(self._root / self._shape.done / path.name)

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand a message over."""
        if self._standin.profile.messages:
            self._lay_down(self._standin.profile.messages, [message], None)

    def _lay_down(
        self, side: Side | None, rows: Sequence[Mapping[str, Any]], now: datetime | None, name: str = ""
    ) -> None:
        if side is None or not (rows or name):
            return
        if not name:
            name = self._standin.next_id("f", now) if now else str(next(iter(rows[0].values())))
        stem = side.place + name
        columns = [column.name for column in side.columns]
        content = write_file(
            self._standin.profile, stem, columns, [[row.get(each) for each in columns] for row in rows], {}
        )
        path = self._root / self._shape.back / file_name(self._standin.profile, stem)
        proof = proof_of(content, len(rows))
        if self._standin.habit("half_file"):
            # a writer that died: the proof is of the whole, the file is half; the next round writes it again
            path.with_name(path.name + PROOF).write_bytes(proof)
            path.write_bytes(content[: len(content) // 2])
            self.halves.append((path, content))
            return
        path.with_suffix(path.suffix + ".part").write_bytes(content)
        path.with_suffix(path.suffix + ".part").replace(path)
        path.with_name(path.name + PROOF).write_bytes(proof)

    def mend(self) -> None:
        """Write whole what was left half."""
        for path, content in self.halves:
            path.write_bytes(content)
        self.halves.clear()

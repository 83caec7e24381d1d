"""Lists for the tests of the intake: written by the generator, read by the parser."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from creditsvc.kernel.load import courts
from creditsvc.kernel.sheets.read import read_file
from sync.demo.cli import main as demo
from sync.inbound.load import names_row
from sync.inbound.parse import parse_rows
from sync.inbound.records import Fault, InboundRecord

TODAY = date(2026, 11, 24)
Outcome = InboundRecord | tuple[Fault, ...]

PERSON = "410105199001010011"
GOOD: dict[str, Any] = {
    "subject_name": "张伟", "subject_type": "自然人", "id_number": "410105199001014872", "court_name": "郑州市金水区人民法院",
    "case_code": "（2026）豫0105执1234号", "disrupt_types": "违反财产报告制度", "reg_date": "2026-03-02",
    "end_date": "2028-10-28", "decision_number": "（2026）豫0105执1234号之一", "decided_on": "2026-10-28",
    "national_entry": "QG202600001", "national_entered_on": "2026-10-30", "performance": "全部未履行", "duty": "给付货款",
}  # fmt: skip


def write_list(
    folder: Path, name: str, *, rows: int, seed: int, encoding: str = "utf-8-sig"
) -> tuple[bytes, list[Any]]:
    """A generated list in the format of the name's ending, and what each of its rows should become."""
    out, expect = folder / name, folder / f"{name}.expect"
    assert demo(["--rows", str(rows), "--seed", str(seed), "--as-of", TODAY.isoformat(), "--out", str(out),
                 "--encoding", encoding, "--expect", str(expect)]) == 0  # fmt: skip
    return out.read_bytes(), [json.loads(line) for line in expect.read_text("utf-8").splitlines()]


def read(content: bytes) -> list[Outcome]:
    """What every row of a file becomes."""
    return list(parse_rows(read_file(io.BytesIO(content), known=names_row), courts=courts(), received_on=TODAY))


def csv_of(headers: Sequence[str], *rows: Sequence[str]) -> bytes:
    """A CSV without any quoting but what the cells bring."""
    return ("\n".join(",".join(cells) for cells in (headers, *rows)) + "\n").encode()


def ndjson_of(*rows: dict[str, Any]) -> bytes:
    """One object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def one(**changes: Any) -> Outcome:
    """What the good row becomes with these changes; a value of none takes the name away."""
    row = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    (found,) = read(ndjson_of(row))
    return found


def codes(outcome: Outcome) -> list[str]:
    """Codes of a row's faults; none for a record."""
    return [] if isinstance(outcome, InboundRecord) else [fault.code for fault in outcome]

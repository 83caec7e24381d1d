"""``creditsvc demo``: writes a synthetic court-internal list, and on request what each row should become."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TextIO

import msgspec

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.load import courts
from creditsvc.wallclock import SystemClock
from sync.demo.generator import COLUMNS, Made, generate
from sync.inbound.load import columns

FORMATS = ("csv", "xlsx", "ndjson")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        prog="creditsvc demo", description="生成合成名单：全部为虚构人员 / write a list of made-up people"
    )
    made.add_argument("--rows", type=int, required=True, help="行数 / rows")
    made.add_argument(
        "--seed", type=int, default=1, help="随机种子，相同则结果相同 / the same seed gives the same list"
    )
    made.add_argument("--out", type=Path, required=True, help="输出文件 / file to write")
    made.add_argument("--format", choices=FORMATS, help="默认按扩展名 / by the file's ending, unless given")
    made.add_argument("--encoding", choices=ENCODINGS, default="utf-8-sig")
    made.add_argument(
        "--as-of", type=date.fromisoformat, help="基准日，默认今天 / the day that it is written for, today by default"
    )
    made.add_argument(
        "--expect", type=Path, help="另写每行应有的结果（NDJSON） / also write what each row should become"
    )
    return made


def main(argv: Sequence[str]) -> int:
    """Write the list; memory does not grow with it, but for a spreadsheet's own."""
    options = parser().parse_args(argv)
    if options.rows < 1:
        sys.stderr.write("--rows 应为正数 / must be positive\n")
        return 2
    courts()
    rows = generate(options.rows, options.seed, options.as_of or legal_day(SystemClock().now()))
    kind = options.format or options.out.suffix.lower().lstrip(".")
    with ExitStack() as stack:
        expect = stack.enter_context(options.expect.open("w", encoding="utf-8")) if options.expect else None
        write(
            rows if expect is None else _expected(rows, expect),
            options.out,
            kind if kind in FORMATS else "csv",
            options.encoding,
        )
    sys.stdout.write(f"已写入 {options.rows} 行 / rows written: {options.out}\n")
    return 0


def _expected(rows: Iterable[Made], target: TextIO) -> Iterator[Made]:
    for made in rows:
        become = {"codes": list(made.codes)} if made.codes else {"record": True}
        target.write(msgspec.json.encode({"row": made.row, **become}).decode() + "\n")
        yield made


def labels() -> list[str]:
    """The header: Chinese labels, as a court's own export has them."""
    by_name = {column.name: column.zh for column in columns()}
    return [by_name[name] for name in COLUMNS]


def write(rows: Iterable[Made], path: Path, kind: str, encoding: str) -> None:
    """Write rows as ``csv``, ``xlsx`` or ``ndjson``."""
    {"csv": _write_csv, "xlsx": _write_xlsx, "ndjson": _write_ndjson}[kind](rows, path, encoding)


def _write_csv(rows: Iterable[Made], path: Path, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(labels())
        writer.writerows([made.cells[name] for name in COLUMNS] for made in rows)


def _write_xlsx(rows: Iterable[Made], path: Path, _encoding: str) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                           "strings_to_numbers": False})  # fmt: skip
    sheet = book.add_worksheet("名单")
    sheet.write_row(0, 0, labels())
    for index, made in enumerate(rows, 1):
        for place, name in enumerate(COLUMNS):
            sheet.write_string(index, place, made.cells[name])
    book.close()


def _write_ndjson(rows: Iterable[Made], path: Path, encoding: str) -> None:
    with path.open("w", encoding=encoding) as file:
        for made in rows:
            file.write(msgspec.json.encode({name: made.cells[name] for name in COLUMNS}).decode() + "\n")

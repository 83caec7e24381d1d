"""``creditsvc letters``: codes for decision letters, for the court's printing and for demonstrations."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from creditsvc.access.callers import job_caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from creditsvc.storage.subjects import numbers_of
from repair.entries import EntryView, entry_view, first_entries
from repair.letters import issue_codes
from repair.policy.alphabet import printed

COLUMNS = ("entry", "case_number", "name", "number", "code")


def letters(argv: Sequence[str]) -> int:
    """Issue codes for the named entries or for the first N in force, and write them to a file of mode 0600."""
    parser = argparse.ArgumentParser(prog="creditsvc letters")
    parser.add_argument("--entry", action="append", default=[], help="记录编号，可多次 / an entry, may be repeated")
    parser.add_argument("--first", type=int, default=0, help="前 N 条有效记录 / the first N entries in force")
    parser.add_argument("--out", type=Path, required=True, help="写入的 CSV 文件 / CSV file to write")
    options = parser.parse_args(argv)
    services = open_services(Settings.from_environ(os.environ))
    try:
        return write_letters(services, options.entry, options.first, options.out)
    finally:
        services.dispose()


def write_letters(services: Services, entries: Sequence[str], first: int, out: Path) -> int:
    """Issue the codes and write the file, which must not exist yet; 0 when done."""
    now = services.clock.now()
    if not entries and first < 1:
        raise InvalidInput(
            Bilingual("请用 --entry 或 --first 指明记录", "name entries with --entry or --first"), code="letters-which"
        )
    descriptor = _create(out)
    with services.database.writing() as session:
        wanted = [*entries, *first_entries(session, first, on=legal_day(now))]
        codes = issue_codes(session, services, wanted, caller=job_caller("letters"), now=now)
        views = [entry_view(session, entry, on=legal_day(now)) for entry in codes]
        rows = [_row(view, codes[view.entry], _numbers(session, services, views)) for view in views]
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
    sys.stdout.write(f"{len(rows)} 个查询码已写入 / codes written: {out}\n")
    return 0


def _create(out: Path) -> int:
    try:
        return os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput(
            Bilingual(f"文件 {out} 已存在，请换一个名字", f"{out} exists; choose another name"), code="letters-exists"
        ) from None


def _numbers(session: Session, services: Services, views: Sequence[EntryView]) -> Mapping[str, str]:
    found = numbers_of(session, services.vault, [view.subject_id for view in views])
    # only made-up people are printed in full; a court's letter takes the number from its own file
    whole = services.settings.demo
    return {subject: number.number if whole else number.masked for subject, number in found.items()}


def _row(view: EntryView, code: str, numbers: Mapping[str, str]) -> tuple[str, ...]:
    return view.entry, view.case_number, view.name, numbers.get(view.subject_id, ""), printed(code)

"""``creditsvc rulebook``: check a changed catalogue, see what it would change, compare two days, save the table."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from creditsvc.checks.rulebook import Search, found
from creditsvc.checks.rulebook_changed import law_of_folder, law_of_zip
from creditsvc.checks.rulebook_csv import csv_of
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.rulebook_result import HEADS, cells_of
from creditsvc.checks.rulebook_what_if import (
    Law,
    Tally,
    compare,
    differences,
    examples_that_change,
    first_day_that_differs,
)
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import open_services
from creditsvc.settings import Settings
from creditsvc.wallclock import SystemClock
from punishment_rules.compare import between_days
from punishment_rules.labels import label
from punishment_rules.load import catalogue, examples


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(prog="creditsvc rulebook", description="措施清单 / the catalogue of measures")
    parts = made.add_subparsers(dest="part", required=True)
    checked = parts.add_parser("check", help="校验改动后的清单，不读数据库 / validate a changed catalogue, no database")
    checked.add_argument("catalogue", type=Path, help="文件夹或 ZIP / folder or ZIP")
    tried = parts.add_parser("what-if", help="改动后的清单会改变哪些记录的结论 / which entries would change verdict")
    tried.add_argument("catalogue", type=Path, help="文件夹或 ZIP / folder or ZIP")
    tried.add_argument(
        "--on",
        type=date.fromisoformat,
        help="哪一天，默认为第一个有差异的日子 / day, by default the first that differs",
    )
    tried.add_argument("--out", type=Path, help="逐条结果 CSV / every change as CSV")
    days = parts.add_parser("changes", help="两日之间的变化 / what differs between two days")
    days.add_argument("first", type=date.fromisoformat)
    days.add_argument("second", type=date.fromisoformat)
    saved = parts.add_parser("export", help="导出为 CSV / save as CSV")
    saved.add_argument("out", type=Path)
    saved.add_argument("--on", type=date.fromisoformat)
    return made


def main(argv: Sequence[str]) -> int:
    """Do what the words say; 0, or 4 where the changed catalogue would change a verdict."""
    options = parser().parse_args(argv)
    settings = Settings.from_environ(os.environ)
    today = legal_day(SystemClock().now())
    now_in_force = Law(catalogue(), overlay_of(settings))
    if options.part == "changes":
        return _changes(now_in_force, options.first, options.second)
    if options.part == "export":
        rows = found(Search(on=options.on or today), now_in_force.catalogue, now_in_force.overlay)
        options.out.write_bytes(csv_of(rows, now_in_force.catalogue))
        return 0
    changed = _handed_in(options.catalogue, now_in_force)
    _say(f"有效 / valid: {len(changed.catalogue.measures)} 项 / measures, {changed.catalogue.edition[:12]}")
    _examples(now_in_force, changed)
    if options.part == "check":
        return 0
    return _what_if(settings, now_in_force, changed, options, today)


def _handed_in(path: Path, now_in_force: Law) -> Law:
    if path.suffix.lower() == ".zip" and path.is_file():
        return law_of_zip(path.read_bytes(), now_in_force.overlay)
    return law_of_folder(path, now_in_force.overlay)


def _examples(old: Law, new: Law) -> None:
    for one in examples_that_change(old, new, examples()):
        first = one.asked[0]
        _say(f"例子的结论改变 / example changes: {first.sector}.{first.act} {first.on} {one.text.zh} / {one.text.en}")


def _changes(law: Law, first: date, second: date) -> int:
    for day in (first, second):
        if day < law.catalogue.begins:
            raise InvalidInput(
                Bilingual(f"清单从 {law.catalogue.begins} 开始", f"the catalogue begins on {law.catalogue.begins}"),
                code="day-too-early",
            )
    for one in between_days(law.catalogue, first, second, law.overlay):
        _say(
            f"{one.measure_id}: {label(one.change).zh} / {label(one.change).en}: {one.before or '—'} → {one.after or '—'}"
        )
    return 0


def _what_if(settings: Settings, old: Law, new: Law, options: argparse.Namespace, today: date) -> int:
    on = options.on or first_day_that_differs(old, new, today)
    if on is None or not differences(old, new, on):
        _say("没有差异 / nothing differs")
        return 0
    for one in differences(old, new, on):
        _say(
            f"{on} {one.measure_id}: {one.before or '—'} → {one.after or '—'}  {label(one.change).zh} / {label(one.change).en}"
        )
    tally, services = Tally(), open_services(settings)
    with ExitStack() as stack:
        stack.callback(services.dispose)
        out = None
        if options.out is not None:
            out = csv.writer(stack.enter_context(options.out.open("w", encoding="utf-8-sig", newline="")))
            out.writerow(HEADS)
        for chunk in compare(services.database, old, new, on=on, tally=tally):
            if out is not None:
                out.writerows(cells_of(one, on) for one in chunk)
            sys.stderr.write(f"\r{tally.looked:,} / {tally.total:,}")
    sys.stderr.write("\n")
    _say(f"{tally.entries_changed:,} 条记录、{tally.subjects_changed:,} 个主体 / entries, people and units")
    for (sector, act, measure, before, after), entries, subjects in tally.rows:
        _say(f"{sector}.{act}  {measure}  {before} → {after}: {entries:,} / {subjects:,}")
    return 4 if tally.subjects_changed else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")

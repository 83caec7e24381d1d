"""``creditsvc calendar``: the State Council's yearly notices: loaded, listed, checked."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.access import audit
from creditsvc.access.callers import job_caller
from creditsvc.kernel.calendars import Calendar, parse_notice
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.notice_text import read_notice
from creditsvc.kernel.notices import YearNotice
from creditsvc.kernel.text import Bilingual
from creditsvc.register.due import WARNED_DAYS, recount_decisions, watch_calendars
from creditsvc.register.tables import Decision
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from creditsvc.storage.calendars import calendar, keep_notice
from creditsvc.tasks.queue import recount
from creditsvc.tasks.tables import Task

OPERATOR = job_caller("command-line")


def main(argv: Sequence[str]) -> int:
    """``import FILE``, ``list`` or ``check`` on the installation that the environment names."""
    parser = argparse.ArgumentParser(prog="creditsvc calendar", description="放假日历 / calendars")
    actions = parser.add_subparsers(dest="action", required=True)
    load = actions.add_parser(
        "import", help="载入一年的放假通知（JSON 或通知原文） / load a year's notice (JSON or its wording)"
    )
    load.add_argument("file", type=Path)
    load.add_argument("--source", default="国务院办公厅", help="出处 / where it was read")
    load.add_argument("--dry-run", action="store_true", help="只预览 / show what it would change")
    actions.add_parser("list", help="列出已载入的年份 / list the years")
    actions.add_parser("check", help="检查今天和六十天内是否有日历 / is there one for today and 60 days ahead")
    options = parser.parse_args(list(argv))
    services = open_services(Settings.from_environ(os.environ))
    try:
        now = services.clock.now()
        if options.action == "import":
            sys.stdout.write(load_notice(services, read_file(options.file, options.source), now, dry=options.dry_run))
            return 0
        if options.action == "list":
            sys.stdout.write(listed(services))
            return 0
        text, missing = checked(services, now)
        sys.stdout.write(text)
        return 1 if missing else 0
    finally:
        services.dispose()


def read_file(path: Path, source: str) -> YearNotice:
    """A notice from a file: JSON as the package's own, or the wording of the notice; raises ``InvalidInput``."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(
            Bilingual(f"读不了文件 {path.name}，应为 UTF-8 文本", f"can't read {path.name}; it must be UTF-8 text"),
            code="notice-file",
        ) from None
    if not text.lstrip().startswith("{"):
        return parse_notice({**read_notice(text), "source": source})
    try:
        raw: Mapping[str, Any] = json.loads(text)
    except ValueError:
        raise InvalidInput(Bilingual(f"{path.name} 不是 JSON", f"{path.name} is no JSON"), code="notice-file") from None
    return parse_notice(raw)


def load_notice(services: Services, notice: YearNotice, now: datetime, *, dry: bool) -> str:
    """Load a notice and count every open deadline anew; what changed, or would change, as text."""
    with services.database.writing() as session:
        before = calendar(session)
        said = _difference(before, notice)
        if dry or not keep_notice(session, notice, by=OPERATOR.actor, at=now):
            return said + (
                "未载入（预览） / not loaded (preview)\n" if dry else "与已载入的相同 / the same is loaded already\n"
            )
        details = {"year": notice.year, "document": notice.document_number}
        audit.record(
            session, action="calendar.loaded", caller=OPERATOR, object=f"calendar:{notice.year}", at=now, details=details
        )  # fmt: skip
        watch_calendars(session, now)
    counted, moved = _recounted(services)
    return said + (
        f"已载入；重算 {counted} 个未到期的期限，其中 {moved} 个日期有变，新旧两个日期都保留\n"
        f"loaded; {counted} open deadlines counted anew, {moved} moved, both days are kept\n"
    )


def _difference(before: Calendar, notice: YearNotice) -> str:
    old = before.notice(notice.year)
    lines = [f"{notice.year}  {notice.document_number}  {notice.issued_on}  {notice.source}"]
    lines += [
        f"  {day}  {name}" for day, name in sorted(notice.off_days.items()) if old is None or day not in old.off_days
    ]
    lines += [f"  {day}  上班 / working" for day in sorted(notice.work_days) if old is None or day not in old.work_days]
    if old is not None:
        lines += [
            f"  {day}  不再放假 / no rest any more" for day in sorted(old.off_days.keys() - notice.off_days.keys())
        ]
        lines += [f"  {day}  不再上班 / no working day any more" for day in sorted(old.work_days - notice.work_days)]
    return "\n".join(lines) + "\n"


def _recounted(services: Services) -> tuple[int, int]:
    total = 0
    before = _moved(services)
    for step in (recount_decisions, recount):
        while True:
            with services.database.writing() as session:
                done = step(session)
            total += done
            if not done:
                break
    return total, _moved(services) - before


def _moved(services: Services) -> int:
    def count(session: Session, table: Any) -> int:
        return session.scalar(select(func.count()).select_from(table).where(table.due_before.is_not(None))) or 0

    with services.database.reading() as session:
        return count(session, Decision) + count(session, Task)


def listed(services: Services) -> str:
    """The years with a notice, and where each came from."""
    with services.database.reading() as session:
        now = calendar(session)
    lines = []
    for year in now.years:
        notice = now.notice(year)
        if notice is not None:
            where = "随程序 / packaged" if packaged_calendar().notice(year) == notice else "已载入 / loaded"
            lines.append(f"{year}  {notice.document_number}  {notice.issued_on}  {where}")
    return "\n".join(lines) + "\n"


def checked(services: Services, now: datetime) -> tuple[str, bool]:
    """What is missing, as text, and whether it is today's own year."""
    today = legal_day(now)
    with services.database.reading() as session:
        missing = calendar(session).missing_years(today, WARNED_DAYS)
    if not missing:
        return f"今天起 {WARNED_DAYS} 天内的日历齐全 / calendars are complete for {WARNED_DAYS} days\n", False
    years = "、".join(map(str, missing))
    text = f"缺少 {years} 年的放假通知，涉及的期限为暂定 / no notice for {', '.join(map(str, missing))}: deadlines are provisional\n"
    return text, today.year in missing

"""Nearness and lateness told to the right people: a matter on a court's desk, and mail where the settings name addresses.

Before the due day whoever works on it, the first day after it the court's president, ten working days after it the court
one level up. Each level is told once; a matter is closed when the application leaves the court's hands.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy.orm import Session

from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, queue
from creditsvc.papers.delivery_states import Channel
from creditsvc.services import Services
from creditsvc.tasks.queue import NewTask, close_tasks, open_task
from repair.facts import court_above
from repair.policy.deadlines import Level
from repair.tables import Application

ANY = "*"
BY = "job:deadlines"
SAID = {
    Level.SOON: Bilingual("申请临近到期", "an application is due soon"),
    Level.LATE: Bilingual("申请已逾期，请院长督办", "an application is late: for the president"),
    Level.HIGHER: Bilingual(
        "下级法院的申请逾期十个工作日以上，请督促", "a court below is ten working days late or more: urge it"
    ),
}


def tell(
    session: Session, services: Services, application: Application, level: Level, *, today: date, now: datetime
) -> None:
    """A matter on the desk of whoever this level is for, and mail to whoever the settings name for it."""
    court = told_court(application, level)
    said, number = SAID[level], application.number or application.id
    new = NewTask(
        _key(application, level), f"application_{level.value}", court, today, entry=application.entry,
        due_on=application.due_on,
        details={
            "application": application.id, "said": {"zh": f"{said.zh}：{number}", "en": f"{said.en}: {number}"},
            "page": f"/desk/applications/{application.id}",
        },
    )  # fmt: skip
    open_task(session, new, by=BY, now=now)
    where = f"{services.settings.public_url}/desk/applications/{application.id}"
    for address in addresses(services.settings.alarm_mail_file, court, level):
        message = Message(
            Channel.MAIL, f"application_{level.value}", court, Bilingual(f"{said.zh}：{number}", f"{said.en}: {number}"),
            Bilingual(
                f"{said.zh}。申请 {number}，最迟 {application.due_on}。办理：{where}",
                f"{said.en}. Application {number}, due {application.due_on}. Work on it: {where}",
            ),
            addressee="court", address=address, application=application.id,
        )  # fmt: skip
        queue(session, services, message, now=now)


def told_court(application: Application, level: Level) -> str:
    """Whose desk it goes to; the province's own court has nobody above it."""
    above = court_above(application.court_code) if level is Level.HIGHER else ""
    return above or application.court_code


def settle(session: Session, application: Application, *, now: datetime) -> None:
    """Close what was told about this application: it is no longer in the court's hands."""
    for level in Level:
        close_tasks(session, outcome=application.state, now=now, key=_key(application, level))


def addresses(file: str, court: str, level: Level) -> Sequence[str]:
    """Where mail about this court and level goes, by the file of the settings; nowhere without one."""
    if not file:
        return ()
    rows = _rows(file, Path(file).stat().st_mtime_ns)
    return [address for code, wanted, address in rows if code in {court, ANY} and wanted in {level.value, ANY}]


@lru_cache(maxsize=4)
def _rows(file: str, changed: int) -> Sequence[tuple[str, str, str]]:
    """Lines of court code, level and address; raises ``SettingError`` for any other line."""
    found = []
    with Path(file).open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.reader(lines), 1):
            fields = tuple(field.strip() for field in row)
            if not any(fields) or fields[0].startswith("#"):
                continue
            if len(fields) != 3 or fields[1] not in {ANY, *(level.value for level in Level)} or "@" not in fields[2]:
                raise SettingError(
                    Bilingual(
                        f"设置 ALARM_MAIL_FILE 第 {number} 行应为：法院代字,soon|late|higher|*,邮箱",
                        f"setting ALARM_MAIL_FILE, line {number}: court code, soon|late|higher|*, mail address",
                    )
                )
            found.append((fields[0], fields[1], fields[2]))
    return found


def _key(application: Application, level: Level) -> str:
    return f"application/{level.value}/{application.id}/{application.received_on}"

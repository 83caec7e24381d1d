"""The public calculator: a deadline with its working, day by day; by any limit of the law, or by one's own unit and length."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import timers
from creditsvc.kernel.text import Bilingual
from creditsvc.kernel.timers import Timer, due
from creditsvc.register.counting import EARLIEST, LATEST, LONGEST, UNITS, counted, length_text
from creditsvc.register.strip import strip
from creditsvc.storage.calendars import calendar
from creditsvc.web.context import services
from creditsvc.web.pages import render

blueprint = Blueprint("deadlines", __name__, template_folder="templates")
ASKED = frozenset({"start", "count", "unit", "roll", "timer"})


@blueprint.get("/deadlines")
@open_to(Permission.ANYONE)
def page() -> ResponseReturnValue:
    """The form; with a start day, the answer below it."""
    today = legal_day(services().clock.now())
    asked = {"start": today.isoformat(), "count": "3", "unit": "working_days", "roll": "", "timer": ""} | {
        name: value[:16] for name, value in request.args.items() if name in ASKED
    }
    with services().database.reading() as session:
        known = calendar(session)
    shown = {
        "form": asked,
        "units": UNITS,
        "today": today,
        "timers": {timer.id: _named(timer) for timer in timers().values() if timer.countable},
        "rows": [(one.id, one.what, one.starts, length_text(one), one.basis) for one in timers().values()],
    }
    if "start" not in request.args:
        return _page(None, None, (), shown)
    try:
        start = _start(asked["start"])
        timer = _timer(asked["timer"])
        found = _by_timer(timer, start, asked["count"], known) if timer else _by_hand(asked, start, known)
    except InvalidInput as wrong:
        errors = {str(wrong.details["field"]): wrong.text}
        return _page(None, None, (), {**shown, "errors": errors}), 422
    return _page(found, timer, strip(start, found, known), shown)


def _page(found: Deadline | None, timer: Timer | None, weeks: Any, shown: dict[str, Any]) -> str:
    return render("register/deadlines.html", due=found, timer=timer, weeks=weeks, **shown)


def _named(timer: Timer) -> Bilingual:
    long = length_text(timer)
    return Bilingual(f"{timer.id} {timer.what.zh}（{long.zh}）", f"{timer.id} {timer.what.en} ({long.en})")


def _timer(text: str) -> Timer | None:
    if not text:
        return None
    timer = timers().get(text)
    if timer is None or not timer.countable:
        raise InvalidInput(Bilingual("请从列表中选择", "choose one of the list"), code="timer-unknown", field="timer")
    return timer


def _by_timer(timer: Timer, start: date, count: str, known: Calendar) -> Deadline:
    """By a limit of the law; where its length varies, the count that was given if it lies within, else the longest."""
    low, high = timer.lengths
    given = int(count) if count.isascii() and count.isdigit() else high
    return due(timer, start, known, length=given if timer.varies and low <= given <= high else high)


def _by_hand(asked: dict[str, str], start: date, known: Calendar) -> Deadline:
    count, unit = _count(asked["count"]), _unit(asked["unit"])
    return counted(unit, start, count, known, roll=asked["roll"] == "1")


def _start(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not EARLIEST <= found <= LATEST:
        raise InvalidInput(
            Bilingual(f"请填写 {EARLIEST.year} 至 {LATEST.year} 年间的日期，如 2026-03-02",
                      f"give a day from {EARLIEST.year} to {LATEST.year}, such as 2026-03-02"),
            code="day-shape", field="start",
        )  # fmt: skip
    return found


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LONGEST:
        raise InvalidInput(
            Bilingual(f"请填写 1 至 {LONGEST} 的整数", f"give a whole number from 1 to {LONGEST}"),
            code="count-range",
            field="count",
        )
    return int(text)


def _unit(text: str) -> str:
    if text not in UNITS:
        raise InvalidInput(
            Bilingual("请选择工作日、日或者月", "choose working days, days or months"),
            code="unit-unknown",
            field="unit",
        )
    return text

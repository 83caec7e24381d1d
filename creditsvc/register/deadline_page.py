"""The public calculator: a deadline with its working, day by day."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.register.counting import EARLIEST, LATEST, LONGEST, UNITS, counted
from creditsvc.web.context import services
from creditsvc.web.pages import render

blueprint = Blueprint("deadlines", __name__, template_folder="templates")


@blueprint.get("/deadlines")
@open_to(Permission.ANYONE)
def page() -> ResponseReturnValue:
    """The form; with a start day, the answer below it."""
    today, calendar = legal_day(services().clock.now()), packaged_calendar()
    asked = {"start": today.isoformat(), "count": "3", "unit": "working_days", "roll": ""} | {
        name: value[:16] for name, value in request.args.items() if name in {"start", "count", "unit", "roll"}
    }
    shown = {"form": asked, "units": UNITS, "today": today, "longest": LONGEST}
    if "start" not in request.args:
        return render("register/deadlines.html", due=None, **shown)
    try:
        start, count, unit = _start(asked["start"]), _count(asked["count"]), _unit(asked["unit"])
    except InvalidInput as wrong:
        return render(
            "register/deadlines.html", due=None, errors={str(wrong.details["field"]): wrong.text}, **shown
        ), 422
    due = counted(unit, start, count, calendar, roll=asked["roll"] == "1")
    return render("register/deadlines.html", due=due, **shown)


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

"""Every legal time limit that the house knows, T01 to T42, as one table; and a deadline counted by any of them. Pure.

``unit`` is how it is counted, ``lengths`` its shortest and longest length (the same where the law names one), ``rolls``
whether a last day of rest moves on: deadlines to act do, periods that burden a person don't (民法典 art. 203; see
``days``). A limit with no number (及时, a count of queries) has no unit and is not counted. ``sure`` is false where the figure
is known from accounts of the text and not from the text itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from creditsvc.kernel.calendars import Calendar
from creditsvc.kernel.days import Deadline, months, natural_days, working_days
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual


class Unit(StrEnum):
    """How a limit is counted."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Timer:
    """One limit. ``starts`` names the day before its first."""

    id: str
    what: Bilingual
    starts: Bilingual
    basis: str
    unit: Unit | None = None
    lengths: tuple[int, int] = (0, 0)
    rolls: bool = True
    sure: bool = True

    @property
    def countable(self) -> bool:
        """Whether it has a length."""
        return self.unit is not None

    @property
    def varies(self) -> bool:
        """Whether a decision sets its length between two bounds."""
        return self.lengths[0] != self.lengths[1]


def parse_timers(raw: Mapping[str, Any]) -> dict[str, Timer]:
    """The table from the content of timers.toml, by id."""
    return {row["id"]: _timer(row) for row in raw["timer"]}


def _timer(row: Mapping[str, Any]) -> Timer:
    low, high = row.get("lengths", (0, 0))
    return Timer(
        row["id"],
        Bilingual(row["zh"], row["en"]),
        Bilingual(row["from_zh"], row["from_en"]),
        row["basis"],
        Unit(row["unit"]) if "unit" in row else None,
        (low, high),
        row.get("rolls", True),
        row.get("sure", True),
    )


def due(timer: Timer, start: date, calendar: Calendar, *, length: int | None = None) -> Deadline:
    """The last day of a limit that starts on a Beijing day, with its working; its longest length unless one is given.

    Raises ``InvalidInput``: ``timer-uncounted`` (及时 and counts have no last day), ``timer-length``.
    """
    if timer.unit is None:
        raise _wrong("timer-uncounted", f"“{timer.what.zh}”没有确定的天数", f"“{timer.what.en}” has no number of days")
    low, high = timer.lengths
    count = high if length is None else length
    if not low <= count <= high:
        raise _wrong("timer-length", f"长度应在 {low} 至 {high} 之间", f"the length is from {low} to {high}")
    if timer.unit is Unit.WORKING_DAYS:
        return working_days(start, count, calendar)
    if timer.unit is Unit.DAYS:
        return natural_days(start, count, calendar, roll=timer.rolls)
    return months(start, count * (12 if timer.unit is Unit.YEARS else 1), calendar, roll=timer.rolls)


def _wrong(code: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Bilingual(zh, en), code=code, field="timer")

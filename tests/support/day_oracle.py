"""An independent reckoning of deadlines for tests: slow, plain, sharing nothing with the product but the law.

It asks chinesecalendar what a day is, keeps days as plain numbers and months by trying dates, so that a mistake in the
product's table, its month arithmetic or its rolling shows as a difference.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar


def rests(day: date) -> bool:
    """Whether the general public rests."""
    return bool(chinese_calendar.is_holiday(day))


def first_working_day_from(day: date) -> date:
    """The day itself, or the next on which people work."""
    number = day.toordinal()
    while rests(date.fromordinal(number)):
        number += 1
    return date.fromordinal(number)


def in_working_days(start: date, count: int) -> date:
    """The count-th working day after the start: list a stretch of days, strike out the rest days, take one."""
    stretch = [start + timedelta(days=n) for n in range(1, count * 3 + 20)]
    return [day for day in stretch if not rests(day)][count - 1]


def in_days(start: date, count: int, *, roll: bool) -> date:
    """So many calendar days after the start."""
    plain = date.fromordinal(start.toordinal() + count)
    return first_working_day_from(plain) if roll else plain


def in_months(start: date, count: int, *, roll: bool) -> date:
    """The corresponding day so many months on: turn the leaves one by one, then try days downwards."""
    year, month = start.year, start.month
    for _ in range(count):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for day in range(start.day, 0, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        return first_working_day_from(found) if roll else found
    raise AssertionError("every month has a first day")

"""The kernel's only file that reads files: courts, calendars and time limits inside the package."""

from __future__ import annotations

import csv
import json
import tomllib
from functools import cache
from importlib.resources import files
from io import StringIO

from creditsvc.kernel.calendars import Calendar, parse_notice
from creditsvc.kernel.courts import Court, CourtIndex
from creditsvc.kernel.timers import Timer, parse_timers

_DATA = files("creditsvc.kernel") / "data"


@cache
def courts() -> CourtIndex:
    """The courts of Henan, current and historic."""
    rows = csv.DictReader(StringIO((_DATA / "henan_courts.csv").read_text("utf-8")))
    return CourtIndex(
        Court(
            code=row["court_code"].rstrip("?"),
            name=row["court_name"],
            variants=tuple(name for name in row["name_variants"].split("|") if name),
            level=row["level"],
            parent_code=row["parent_code"],
            city=row["city"],
            division_code=row["division_code"],
            status=row["status"],
            successor_code=row["successor_code"],
            code_is_settled=not row["confidence"].startswith("recalled"),
        )
        for row in rows
    )


@cache
def packaged_calendar() -> Calendar:
    """The notices that the package carries, and the statute for other years."""
    folder = _DATA / "calendars"
    notices = [
        parse_notice(json.loads(path.read_text("utf-8")))
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name[:4].isdigit()
    ]
    return Calendar(notices, json.loads((folder / "statutory.json").read_text("utf-8")))


@cache
def timers() -> dict[str, Timer]:
    """Every legal time limit that the house knows, by id, in order."""
    return parse_timers(tomllib.loads((_DATA / "timers.toml").read_text("utf-8")))

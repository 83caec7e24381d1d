"""A file of counterparties to watch: the same files that a screening reads. Pure."""

from __future__ import annotations

from typing import BinaryIO

from creditsvc.checks.screening_columns import find_columns
from creditsvc.checks.screening_people import read_people
from creditsvc.checks.watch_people import MOST_MEMBERS, Watched
from creditsvc.kernel.errors import TooLarge
from creditsvc.kernel.sheets.read import read_file
from creditsvc.kernel.text import Bilingual


def read_watched(file: BinaryIO) -> tuple[list[Watched], list[tuple[int, Bilingual]]]:
    """People to watch, and rows that can't be: their numbers and why. Raises what a screening raises for a file."""
    table = read_file(file)
    columns = find_columns(table.headers)
    people: list[Watched] = []
    faults: list[tuple[int, Bilingual]] = []
    for person in read_people(columns, table.rows):
        if person.number is None:
            if person.problem is not None:
                faults.append((person.row, person.problem.text))
        else:
            people.append(Watched(person.number, person.name))
        if len(people) + len(faults) > MOST_MEMBERS:
            raise TooLarge(
                Bilingual(f"一份关注名单最多 {MOST_MEMBERS:,} 人", f"a watch list has {MOST_MEMBERS:,} people at most"),
                code="watch-too-long",
                most=MOST_MEMBERS,
            )
    return people, faults

"""Numbers can't be tried out: so many people a day, few in a row, and no answer when the limit can't be kept (T-20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from creditsvc.access.tables import AccessEntry
from creditsvc.checks import quota
from creditsvc.checks.answer import ask
from creditsvc.checks.questions import Question
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.identity import IdentityNumber, NumberType, resident_check_digit
from creditsvc.services import Services
from tests.checks.screening_world import AGENCY, DAY, OTHERS


def number(serial: int, born: date) -> IdentityNumber:
    first = f"410105{born:%Y%m%d}{serial % 1000:03d}"
    return IdentityNumber(NumberType.RESIDENT_ID, first + resident_check_digit(first))


def _ask(services: Services, who: IdentityNumber, caller=AGENCY) -> str:  # type: ignore[no-untyped-def]
    services.clock.set(services.clock.now() + timedelta(seconds=1))  # type: ignore[attr-defined]
    question = Question(who, "甲某", "transport", "fly", "售票核验", "T-1", DAY)
    return ask(services, question, caller=caller, now=services.clock.now()).answer.outcome.value


def _until_refused(services: Services, people: list[IdentityNumber], caller=AGENCY) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    for place, who in enumerate(people):
        try:
            _ask(services, who, caller)
        except TooMany as refused:
            return place, refused.code
    return len(people), ""


def test_numbers_one_after_the_other(services: Services) -> None:
    born = date(1980, 1, 1)
    assert _until_refused(services, [number(serial, born) for serial in range(60)]) == (45, "numbers-in-a-run")
    assert _ask(services, number(3, born)) == "clear", "somebody who was asked about today costs nothing"
    colleague = replace(AGENCY, account_id=99)
    assert _until_refused(services, [number(500, born)], colleague) == (0, "numbers-in-a-run"), (
        "fifty clerks are one unit"
    )
    assert _until_refused(services, [number(500, born)], OTHERS) == (1, "")
    days = [number(500, date(1981, 3, 1) + timedelta(days=place % 31)) for place in range(31)]
    more = [number(501, date(1981, 3, 1) + timedelta(days=place)) for place in range(31)]
    assert _until_refused(services, days + more)[0] == 45, "nor one day of birth after the other"


def test_so_many_people_a_day(services: Services) -> None:
    few = replace(services, settings=replace(services.settings, check_people_a_day=5))
    people = [number(7, date(1970 + place, 1, 1)) for place in range(8)]
    assert _until_refused(few, people) == (5, "people-quota")
    assert _until_refused(few, people[:5] * 3)[0] == 15
    with services.database.reading() as session:
        answered = session.scalar(select(func.count(func.distinct(AccessEntry.subject_token))))
    assert answered == 5
    services.clock.set(services.clock.now() + timedelta(days=1))  # type: ignore[attr-defined]
    assert _until_refused(few, people) == (5, "people-quota"), "tomorrow is another day"


def test_no_limit_no_answer(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limiter's store is down: nothing is answered and nothing is recorded."""
    from sqlalchemy.exc import OperationalError

    from creditsvc.kernel.errors import Unavailable

    def down(*_: object, **__: object) -> bool:
        raise OperationalError("INSERT", {}, Exception("down"))

    monkeypatch.setattr(quota, "spend", down)
    with pytest.raises(Unavailable):
        _ask(services, number(1, date(1980, 1, 1)))
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessEntry)) == 0

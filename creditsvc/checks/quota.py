"""How much may be asked, so that a check can't be used to harvest numbers (security: enumeration).

Three limits, each kept in the main database, so that there is no answer when it can't be kept: so many checks in a
second, so many different people in a day, and so few people whose numbers lie side by side. Whoever tries numbers one
after the other asks about one area and one month of birth again and again; an office that serves people does not.
"""

from __future__ import annotations

from datetime import datetime
from weakref import WeakKeyDictionary

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.rates import Leases, spend
from creditsvc.kernel.days import legal_day, start_of_legal_day
from creditsvc.kernel.errors import TooMany
from creditsvc.kernel.identity import IdentityNumber, NumberType
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from creditsvc.storage.direct import Writing, driver_of, instant
from creditsvc.storage.engine import Database

RATE_CAPACITY = 120
RATE_PER_SECOND = 20.0
RUN_PREFIX = 12
"""Digits of a resident number that name the area, the year and the month of birth."""
MOST_IN_A_RUN = 45
"""Most people of one area and one month of birth that one unit may check in a day."""
_DAY_SECONDS = 86_400
_leases: WeakKeyDictionary[Database, Leases] = WeakKeyDictionary()
_ASKED = {
    is_sqlite: f"SELECT id FROM access_ledger WHERE subject_token = {place} AND actor = {place} AND at >= {place} LIMIT 1"
    for is_sqlite, place in ((True, "?"), (False, "%s"))
}


def demand_quota(
    session: Writing, services: Services, number: IdentityNumber, token: bytes, *, caller: Caller, now: datetime
) -> None:
    """Raise ``TooMany`` for whoever asks too often, about too many, or one after the other. The caller commits."""
    _rate(session, services.database, caller, now)
    day, settings = legal_day(now), services.settings
    most = settings.check_people_a_day_of_key if caller.kind is CallerKind.API_KEY else settings.check_people_a_day
    people = f"people:{caller.actor}:{day}"
    buckets: dict[str, float] = {people: most}
    if number.type is NumberType.RESIDENT_ID:
        run = services.vault.token(f"run:{caller.unit or caller.actor}:{day}:{number.number[:RUN_PREFIX]}").hex()
        buckets[f"run:{run}"] = MOST_IN_A_RUN
    cost = 0.0 if _asked_today(session, token, caller, start_of_legal_day(day)) else 1.0
    empty = spend(session, buckets, now=now, cost=cost)
    if empty == people:
        raise TooMany(
            Bilingual(
                f"今日核查的人数已达上限（{most} 人）；更多请用批量核查，或者明日再试",
                f"{most} different people have been checked today; screen a list for more, or try tomorrow",
            ),
            code="people-quota",
            retry_after=_DAY_SECONDS,
        )
    if empty is not None:
        raise TooMany(
            Bilingual(
                "查询的号码连续或者相近，疑似逐号试查，已停止答复；确有需要请用批量核查",
                "the numbers follow one another as if they were being tried out; no more is answered. Screen a list if there is need",
            ),
            code="numbers-in-a-run",
            retry_after=_DAY_SECONDS,
        )


def _asked_today(session: Writing, token: bytes, caller: Caller, since: datetime) -> bool:
    driver, is_sqlite = driver_of(session)
    return (
        driver.execute(_ASKED[is_sqlite], (token, caller.actor, instant(since, is_sqlite=is_sqlite))).fetchone()
        is not None
    )


def _rate(session: Writing, database: Database, caller: Caller, now: datetime) -> None:
    leases = _leases.setdefault(database, Leases())
    key = f"check:{caller.actor}"
    if not leases.take(session, key, capacity=RATE_CAPACITY, refill_per_second=RATE_PER_SECOND, now=now):
        raise TooMany(
            Bilingual(
                "查询过于频繁，请稍后再试；批量核查请用名单上传", "too many checks; wait a little, or upload a list"
            ),
            retry_after=5,
        )

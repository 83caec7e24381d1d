"""How much may be asked, so that a check can't be used to harvest numbers (security: enumeration).

Three limits, each kept in the main database, so that there is no answer when it can't be kept: so many checks in a
second, so many different people in a day, and so few people whose numbers lie side by side. Whoever tries numbers one
after the other asks about one area and one month of birth again and again; an office that serves people does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from creditsvc.access.callers import Caller, CallerKind
from creditsvc.access.rates import Leases, Spending, spend
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
_PEOPLE = "people:"
_leases: WeakKeyDictionary[Database, Leases] = WeakKeyDictionary()


class Asking(Protocol):
    """Who asks about whom, as far as it counts."""

    @property
    def caller(self) -> Caller: ...

    @property
    def number(self) -> IdentityNumber: ...

    @property
    def token(self) -> bytes: ...

    @property
    def now(self) -> datetime: ...


def refusals(session: Writing, services: Services, asking: Sequence[Asking]) -> list[TooMany | None]:
    """For each the refusal of whoever asks too often, about too many, or one after the other. The caller commits.

    No two may be one caller's about one number: the second would count as asked today, and the first isn't yet.
    """
    often = _too_often(session, services.database, asking)
    others = [one for one, refused in zip(asking, often, strict=True) if refused is None]
    more = iter(_too_many(session, services, others) if others else ())
    return [refused if refused is not None else next(more) for refused in often]


def _too_many(session: Writing, services: Services, asking: Sequence[Asking]) -> list[TooMany | None]:
    asked = _asked_today(session, asking)
    spendings = [
        Spending(_buckets(services, one), 0.0 if before else 1.0) for one, before in zip(asking, asked, strict=True)
    ]
    empty = spend(session, spendings, now=max(one.now for one in asking))
    return [_refusal(key, spending) for key, spending in zip(empty, spendings, strict=True)]


def _buckets(services: Services, one: Asking) -> dict[str, float]:
    caller, day, settings = one.caller, legal_day(one.now), services.settings
    most = settings.check_people_a_day_of_key if caller.kind is CallerKind.API_KEY else settings.check_people_a_day
    buckets: dict[str, float] = {f"{_PEOPLE}{caller.actor}:{day}": most}
    if one.number.type is NumberType.RESIDENT_ID:
        run = services.vault.token(f"run:{caller.unit or caller.actor}:{day}:{one.number.number[:RUN_PREFIX]}").hex()
        buckets[f"run:{run}"] = MOST_IN_A_RUN
    return buckets


def _refusal(empty: str | None, spending: Spending) -> TooMany | None:
    if empty is None:
        return None
    if empty.startswith(_PEOPLE):
        most = int(spending.buckets[empty])
        return TooMany(
            Bilingual(
                f"今日核查的人数已达上限（{most} 人）；更多请用批量核查，或者明日再试",
                f"{most} different people have been checked today; screen a list for more, or try tomorrow",
            ),
            code="people-quota",
            retry_after=_DAY_SECONDS,
        )
    return TooMany(
        Bilingual(
            "查询的号码连续或者相近，疑似逐号试查，已停止答复；确有需要请用批量核查",
            "the numbers follow one another as if they were being tried out; no more is answered. Screen a list if there is need",
        ),
        code="numbers-in-a-run",
        retry_after=_DAY_SECONDS,
    )


@lru_cache(maxsize=256)
def _asked(people: int, *, is_sqlite: bool) -> str:
    place = "?" if is_sqlite else "%s"
    one = f"EXISTS (SELECT 1 FROM access_ledger WHERE subject_token = {place} AND actor = {place} AND at >= {place})"
    return f"SELECT {', '.join([one] * people)}"


def _asked_today(session: Writing, asking: Sequence[Asking]) -> list[bool]:
    driver, is_sqlite = driver_of(session)
    values: list[Any] = []
    for one in asking:
        since = start_of_legal_day(legal_day(one.now))
        values += (one.token, one.caller.actor, instant(since, is_sqlite=is_sqlite))
    return [bool(found) for found in driver.execute(_asked(len(asking), is_sqlite=is_sqlite), values).fetchone()]


def _too_often(session: Writing, database: Database, asking: Sequence[Asking]) -> list[TooMany | None]:
    leases = _leases.setdefault(database, Leases())
    found: list[TooMany | None] = [None] * len(asking)
    # in one order, so that two processes never wait for each other's buckets in a ring
    for place in sorted(range(len(asking)), key=lambda place: asking[place].caller.actor):
        one = asking[place]
        key = f"check:{one.caller.actor}"
        if not leases.take(session, key, capacity=RATE_CAPACITY, refill_per_second=RATE_PER_SECOND, now=one.now):
            found[place] = TooMany(
                Bilingual(
                    "查询过于频繁，请稍后再试；批量核查请用名单上传", "too many checks; wait a little, or upload a list"
                ),
                retry_after=5,
            )
    return found

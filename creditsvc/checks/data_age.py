"""How old what is answered from is, and when it is too old to answer from.

A court's lists bring removals as well as listings, so a register to which nothing has come for long may name somebody who
has left. Then nothing is answered: "unknown, try again", which restricts nobody and clears nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from creditsvc.kernel.errors import Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.register.one_subject import Held
from creditsvc.register.readings import newest_recorded
from creditsvc.services import Services
from creditsvc.storage.engine import Database

GOOD_FOR = timedelta(hours=1)
"""An answer is acted on within this time; later it is asked anew, since a removal takes effect at once."""
LOOK_AGAIN = timedelta(seconds=30)
BATCH = "batch"
UNKNOWN = "unknown"
_seen: WeakKeyDictionary[Database, tuple[datetime, datetime | None]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class DataAge:
    """As of which event of the register, recorded when, and when the newest of a court's lists came into force."""

    event: int
    recorded_at: datetime | None
    batch_at: datetime | None

    def seconds(self, now: datetime) -> int | None:
        """Seconds since the register last changed; none for one that never did."""
        newest = max((at for at in (self.recorded_at, self.batch_at) if at is not None), default=None)
        return None if newest is None else max(0, int((now - newest).total_seconds()))


def data_age(session: Session, services: Services, now: datetime) -> DataAge:
    """How old the snapshot is. Raises ``Unavailable`` when it is too old to answer from."""
    event, recorded_at = newest_recorded(session)
    return _demand_young(event, recorded_at, services, now)


def age_of(held: Held, services: Services, now: datetime) -> DataAge:
    """As ``data_age``, of what was read about one number."""
    event, recorded_at = (held.event[0].id, held.event[0].recorded_at) if held.event else (0, None)
    return _demand_young(event, recorded_at, services, now)


def _demand_young(event: int, recorded_at: datetime | None, services: Services, now: datetime) -> DataAge:
    batch_at = _newest_batch(services, now)
    limit = services.settings.check_stale_days
    if limit and batch_at is not None and now - batch_at > timedelta(days=limit):
        raise Unavailable(
            Bilingual(
                f"名单数据已超过 {limit} 天没有更新，结果未知，请稍后再试；这不表示任何人受到限制",
                f"no court's list has come in for more than {limit} days: the answer is unknown, try again later; "
                "it does not mean that anybody is restricted",
            ),
            code="data-stale",
            outcome=UNKNOWN,
            retry_after=3600,
        )
    return DataAge(event, recorded_at, batch_at)


def unanswered() -> Unavailable:
    """The data can't be read, or are damaged."""
    return Unavailable(
        Bilingual(
            "暂时无法读取数据，结果未知，请稍后再试；这不表示任何人受到限制",
            "the data can't be read now: the answer is unknown, try again; it does not mean that anybody is restricted",
        ),
        code="answer-unknown",
        outcome=UNKNOWN,
        retry_after=30,
    )


def _newest_batch(services: Services, now: datetime) -> datetime | None:
    """Looked up again now and then only: the limit is days."""
    looked_at, newest = _seen.get(services.database, (None, None))
    if looked_at is not None and timedelta(0) <= now - looked_at < LOOK_AGAIN:
        return newest
    with services.database.reading() as session:
        watched = services.ports.freshness(session, services.settings)
    newest = next((each.newest for each in watched if each.name == BATCH), None)
    _seen[services.database] = (now, newest)
    return newest

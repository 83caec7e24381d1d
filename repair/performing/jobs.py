"""What recurs on the positive path, computed from tables: periods that ran out, places that ended, people on both lists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from creditsvc.access.callers import job_caller
from creditsvc.feature import Job
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.register.life import State
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from repair.performing.incentive_list import end
from repair.performing.records import take
from repair.performing.tables import PerformanceRecord
from repair.policy.performing_states import WAITING, Act, Stage

_CHUNK = 500
_CALLER = job_caller("incentives")


def lapse(services: Services, now: datetime) -> int:
    """Periods that ran out without a word. It marks the record for the court and does nothing to the person."""
    with services.database.writing() as session:
        over = session.scalars(
            select(PerformanceRecord)
            .where(PerformanceRecord.stage.in_([stage.value for stage in WAITING]), PerformanceRecord.due_on < legal_day(now))
            .limit(_CHUNK).with_for_update()
        ).all()  # fmt: skip
        for row in over:
            take(session, row, Act.LAPSE, caller=_CALLER, now=now)
        return len(over)


def expire(services: Services, now: datetime) -> int:
    """Places whose last day has passed: answers left them out already, now the platform is told."""
    with services.database.writing() as session:
        over = session.scalars(
            select(PerformanceRecord)
            .where(PerformanceRecord.stage == Stage.ON_LIST.value, PerformanceRecord.until < legal_day(now))
            .limit(_CHUNK).with_for_update()
        ).all()  # fmt: skip
        for row in over:
            end(session, row, Act.EXPIRE, why=str(row.until), caller=_CALLER, now=now)
        return len(over)


def part(services: Services, now: datetime) -> int:
    """Nobody is on both lists (河南省社会信用条例 art. 33(5)): a later listing ends a proposal or a place."""
    today = legal_day(now)
    listed = select(Listing.subject_id).where(
        Listing.state == State.ACTIVE.value, or_(Listing.until.is_(None), Listing.until >= today)
    )
    with services.database.writing() as session:
        both = session.scalars(
            select(PerformanceRecord)
            .where(
                PerformanceRecord.stage.in_([Stage.PUBLICISED.value, Stage.OBJECTED.value, Stage.ON_LIST.value]),
                PerformanceRecord.subject_id.in_(listed),
            )
            .limit(_CHUNK).with_for_update()
        ).all()  # fmt: skip
        for row in both:
            end(session, row, Act.WITHDRAW, why="另案失信记录已生效", caller=_CALLER, now=now)
        return len(both)


def incentives(services: Services, now: datetime) -> str:
    """All three, as a line for the journal."""
    done = {"lapsed": lapse(services, now), "expired": expire(services, now), "withdrawn": part(services, now)}
    return " ".join(f"{count} {name}" for name, count in done.items() if count)


JOBS = (
    Job(
        "incentives", incentives, 60,
        Bilingual("到期或者与失信记录并存的激励即行退出，逾期未履行的提示法院",
                  "end incentives that ran out or stand beside a listing; show the court periods that ran out"),
    ),
)  # fmt: skip

"""An application's whole way through the use cases, for the tests: drafted, sent, decided by two people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from creditsvc.access.callers import Caller
from creditsvc.kernel.load import packaged_calendar
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services
from repair import applications as use
from repair import desk_work as work
from repair.evidence import add_paper
from repair.history import load
from repair.outcomes import Finding
from repair.policy.kinds import ApplicationKind
from repair.policy.reconsideration import REMEDIES
from tests.repair.papers import pdf
from tests.repair.world import clerk, debtor_of, judge_of


def order_of(services: Services, entry: str) -> str:
    """The consumption order of the same case as this listing."""
    with services.database.reading() as session:
        listing = session.scalar(select(Listing).where(Listing.entry == entry))
        assert listing
        found = session.scalar(
            select(ConsumptionOrder.entry).where(ConsumptionOrder.case_number == listing.case_number)
        )
    assert found
    return found


def send(
    services: Services,
    me: Caller,
    entry: str,
    kind: ApplicationKind,
    ground: str,
    *,
    wanted: Mapping[str, str] | None = None,
    e_service: bool = False,
    at: datetime | None = None,
) -> str:
    """Draft and send one with a statement and a paper; its name."""
    now = at or services.clock.now()
    with services.database.writing() as session:
        mine = use.start_draft(
            session, services, caller=me, entry=entry, kind=kind, ground=ground, about=entry, now=now
        )
        use.save_statement(session, services, mine, "情况属实，请法院审查。")
        use.save_wanted(mine, wanted or {}, e_service=e_service)
        add_paper(session, services, mine, name="材料.pdf", content=pdf(), now=now)
        session.flush()
        use.submit(session, services, mine, caller=me, calendar=packaged_calendar(), now=now)
        return mine.id


def grant(
    services: Services,
    application: str,
    finding: Finding,
    *,
    by: Caller | None = None,
    signed_by: Caller | None = None,
    with_order: bool = False,
    successor: str = "",
) -> None:
    """Taken up, proposed and signed."""
    now, first = services.clock.now(), by or clerk()
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        work.take(session, found, caller=first, now=now)
        work.propose_grant(session, services, found, finding, caller=first, now=now, successor=successor)
        digest = work.shown_digest(session, found)
    sign(services, application, digest, signed_by or judge_of(), with_order=with_order)


def refuse(services: Services, application: str, *, by: Caller | None = None, signed_by: Caller | None = None) -> None:
    """Taken up, proposed to be refused, and signed."""
    now, first = services.clock.now(), by or clerk()
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        work.take(session, found, caller=first, now=now)
        remedy = REMEDIES[ApplicationKind(found.kind)].zh
        refusal = work.Refusal("（2026）豫0105执1号之三", "材料不足以证明", "法释〔2017〕7号第十二条", remedy)
        work.propose_refusal(session, found, refusal, caller=first, now=now)
        digest = work.shown_digest(session, found)
    sign(services, application, digest, signed_by or judge_of())


def sign(services: Services, application: str, digest: str, by: Caller, *, with_order: bool = False) -> None:
    """The second person's signature."""
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        work.approve(
            session, services, found, digest=digest, with_order=with_order, caller=by, now=services.clock.now()
        )


__all__ = ["debtor_of", "grant", "order_of", "refuse", "send", "sign"]

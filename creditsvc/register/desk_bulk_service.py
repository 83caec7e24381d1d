"""A list of returned receipts at once: each decision its own day of service, shown with what follows before it is recorded.

Each is a transaction of its own: one that is refused keeps none of the others back.
"""

from __future__ import annotations

from datetime import date, datetime

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.text import Bilingual
from creditsvc.register.desk_blueprint import blueprint
from creditsvc.register.desk_bulk import MOST, Line
from creditsvc.register.desk_case import day_of
from creditsvc.register.entries import in_reach, target
from creditsvc.register.life import OrderState, State
from creditsvc.register.service import ServiceMode, record_service, service_counts_from
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render

STANDING = (State.DECIDED.value, State.IN_GRACE.value, State.ACTIVE.value, State.ACTIVE_NONPUBLIC.value)


@blueprint.get("/bulk/service")
@open_to(Permission.DECISION_PROPOSE)
def unserved() -> ResponseReturnValue:
    """Decisions and orders whose service is not recorded, oldest first."""
    return _page([], {})


@blueprint.post("/bulk/service")
@open_to(Permission.DECISION_PROPOSE)
def serve_many() -> ResponseReturnValue:
    """Show what each day means, or, once that was shown, record it."""
    now, given = services().clock.now(), _given()
    mode = request.form.get("mode", "")
    if mode not in set(ServiceMode):
        return _page([], {"mode": Bilingual("请选择送达方式", "choose how it was served")}), 422
    if not given:
        return _page([], {"": Bilingual("请至少填写一个送达日期", "give at least one day of service")}), 422
    is_done = request.form.get("shown") == "1"
    lines = [_line(entry, text, ServiceMode(mode), now, record=is_done) for entry, text in given.items()]
    return _page(lines, {}, done=is_done)


def _given() -> dict[str, str]:
    """Days that were typed, by entry."""
    typed = {name.removeprefix("day-"): text.strip() for name, text in request.form.items() if name.startswith("day-")}
    return dict(list({entry: text for entry, text in typed.items() if text}.items())[:MOST])


def _line(entry: str, text: str, mode: ServiceMode, now: datetime, *, record: bool) -> Line:
    with services().database.reading() as session:
        row = in_reach(target(session, entry), caller()).row
    try:
        day = day_of(text, "day")
        counts = _recorded(entry, mode, day, now) if record else _counted(entry, mode, day, now)
    except CreditServiceError as wrong:
        return Line(entry, row.name, row.case_number, entry, wrong.text, fine=False, digest=text)
    said = Bilingual(
        f"{'已登记，' if record else ''}自 {counts} 起算送达",
        f"{'recorded; ' if record else ''}counts as served from {counts}",
    )
    return Line(entry, row.name, row.case_number, entry, said, fine=True, digest=text)


def _counted(entry: str, mode: ServiceMode, day: date, now: datetime) -> date:
    with services().database.reading() as session:
        row = in_reach(target(session, entry), caller()).row
        return service_counts_from(session, row, mode, day=day, now=now)


def _recorded(entry: str, mode: ServiceMode, day: date, now: datetime) -> date:
    document = request.form.get("document_number", "").strip()[:128]
    with services().database.writing() as session:
        return record_service(session, entry, mode, day=day, document=document, caller=caller(), now=now)


def _page(lines: list[Line], errors: dict[str, Bilingual], *, done: bool = False) -> str:
    with services().database.reading() as session:
        return render(
            "register/bulk_service.html", rows=[] if lines else _unserved(session), lines=lines, done=done, errors=errors,
            modes={mode.value: mode.label for mode in ServiceMode}, form=request.form,
            today=legal_day(services().clock.now()),
        )  # fmt: skip


def _unserved(session: Session) -> list[Listing | ConsumptionOrder]:
    reach = caller().court_code or "-"
    listings = select(Listing).where(
        Listing.served_on.is_(None), Listing.state.in_(STANDING), Listing.court_code.startswith(reach)
    )
    orders = select(ConsumptionOrder).where(
        ConsumptionOrder.served_on.is_(None), ConsumptionOrder.state == OrderState.ORDERED.value,
        ConsumptionOrder.court_code.startswith(reach),
    )  # fmt: skip
    found: list[Listing | ConsumptionOrder] = [
        *session.scalars(listings.order_by(Listing.decided_on, Listing.id).limit(MOST))
    ]
    found += session.scalars(orders.order_by(ConsumptionOrder.issued_on, ConsumptionOrder.id).limit(MOST))
    return found[:MOST]

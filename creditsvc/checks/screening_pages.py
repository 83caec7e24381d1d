"""The agency's page of lists: send one, see how far it is, take the results, stop it."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks import screening as lists
from creditsvc.checks.asked import acts_of, day_of, sectors
from creditsvc.checks.barred import refuse_barred
from creditsvc.checks.screening_api import SCREENING, results_response
from creditsvc.checks.screening_output import COLUMNS
from creditsvc.checks.screening_said import STATES, state_of
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.text import Bilingual
from creditsvc.register.readings import newest_event
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from punishment_rules.load import catalogue

blueprint = Blueprint("screenings", __name__, url_prefix="/agency/screenings", template_folder="templates")
blueprint.before_request(refuse_barred)

FIELDS = ("sector", "act", "purpose", "matter", "on")
PAGE = 50
ITS_FORM = frozenset({"sector", "act", "purpose", "matter", "on", "file"})


@blueprint.get("/")
@open_to(Permission.SCREEN_RUN)
def index() -> ResponseReturnValue:
    """Where to send a list, and the lists of one's unit."""
    return _index({"sector": request.args.get("sector") or caller().sector or "transport"}, {})


def _index(form: dict[str, str], errors: dict[str, Bilingual]) -> str:
    known = form["sector"] if form.get("sector") in catalogue().sectors else "transport"
    before = max(0, min(request.args.get("before", 2**62, type=int), 2**62))
    with services().database.reading() as session:
        rows = lists.newest(session, caller=caller(), before=before, limit=PAGE + 1)
        return render(
            "checks/screenings.html", form={**form, "sector": known}, errors=errors, screenings=rows[:PAGE], states=STATES,
            state_of=state_of, next=rows[PAGE - 1].id if len(rows) > PAGE else None, sectors=sectors(), acts=acts_of(known),
            columns=COLUMNS, limit=services().settings.max_upload_mib, most=lists.MOST_ROWS, keep=services().settings.screening_keep_days,
        )  # fmt: skip


@blueprint.post("/")
@open_to(Permission.SCREEN_RUN)
def upload() -> ResponseReturnValue:
    """Take a list in; with ``choose`` only another sector's acts are shown."""
    form = {name: request.form.get(name, "").strip() for name in FIELDS}
    if "choose" in request.form:
        return _index(form, {})
    file = request.files.get("file")
    if file is None or not file.filename:
        return _index(form, {"file": Bilingual("请选择名单文件", "choose the file of your list")}), 422
    parts = services()
    now = parts.clock.now()
    try:
        on = day_of(form["on"]) or legal_day(now)
        ask = lists.Ask(form["sector"], form["act"], form["purpose"], form["matter"], on)
        made = lists.receive(parts, cast(BinaryIO, file.stream), ask, filename=file.filename, caller=caller(), now=now)
    except CreditServiceError as wrong:
        field = str(wrong.details.get("field", "file"))
        return _index(form, {field if field in ITS_FORM else "file": wrong.text}), status_for(type(wrong))
    return redirect(url_for("screenings.one", screening_id=made.id), 303)


@blueprint.get(f"/{SCREENING}")
@open_to(Permission.SCREEN_RUN)
def one(screening_id: int) -> ResponseReturnValue:
    """How far it is, what was found, which rows could not be asked about."""
    after = max(0, min(request.args.get("after", 0, type=int), 2**31))
    with services().database.reading() as session:
        screening = lists.find(session, screening_id, caller=caller())
        faults = lists.faults_of(session, screening_id, after=after, limit=PAGE + 1)
        state = state_of(screening)
        rules = catalogue()
        known = screening.sector in rules.sectors
        return render(
            "checks/screening.html", screening=screening, state=state, states=STATES, faults=faults[:PAGE],
            next=faults[PAGE - 1].row_number if len(faults) > PAGE else None, refreshing=state in {"queued", "running"},
            newer=newest_event(session) - (screening.first_event or 0) if state == "done" else 0,
            sector=sectors().get(screening.sector), act=acts_of(screening.sector).get(screening.act) if known else None,
            keep=services().settings.screening_keep_days,
        )  # fmt: skip


@blueprint.get(f"/{SCREENING}/results")
@open_to(Permission.SCREEN_RUN)
def results(screening_id: int) -> ResponseReturnValue:
    """The results as a file."""
    return results_response(screening_id)


@blueprint.post(f"/{SCREENING}/cancel")
@open_to(Permission.SCREEN_RUN)
def cancel(screening_id: int) -> ResponseReturnValue:
    """Stop it, or destroy its results."""
    lists.cancel(services(), screening_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("screenings.one", screening_id=screening_id), 303)


@blueprint.post(f"/{SCREENING}/resume")
@open_to(Permission.SCREEN_RUN)
def resume(screening_id: int) -> ResponseReturnValue:
    """Go on where it stopped."""
    lists.resume(services(), screening_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("screenings.one", screening_id=screening_id), 303)

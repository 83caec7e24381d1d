"""The rulebook for everybody: rows of the catalogue, one measure with its life and examples, two days compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.rulebook import Search, found, row_on
from creditsvc.checks.rulebook_asked import FIELDS, day_of, measure_of, search_of
from creditsvc.checks.rulebook_csv import csv_of
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.rulebook_said import difference_said, examples_said, incentives_said, measure_said, row_said
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import services
from creditsvc.web.pages import render
from punishment_rules.catalogue_types import (
    Amount,
    Applied,
    Association,
    Catalogue,
    Discretion,
    Effect,
    Grounding,
    Sector,
    Standing,
    Trigger,
    Verification,
)
from punishment_rules.compare import Change, between_days
from punishment_rules.incentive_types import Benefit, Merit, Scope
from punishment_rules.labels import label, labels
from punishment_rules.law import DebtorKind, Outcome, Role, Text
from punishment_rules.load import catalogue, examples, incentives
from punishment_rules.overlay import Overlay, Stance

_KINDS = (
    Amount, Applied, Association, Benefit, Change, DebtorKind, Discretion, Effect, Grounding, Merit, Outcome, Role, Scope,
    Stance, Standing, Trigger, Verification,
)  # fmt: skip

UNFOLDED = 30
"""So many measures are shown at once; more of them by sector, folded."""

blueprint = Blueprint("rulebook", __name__, url_prefix="/rulebook")


def _today() -> date:
    return legal_day(services().clock.now())


def _overlay() -> Overlay:
    return overlay_of(services().settings)


@blueprint.get("", strict_slashes=False)
@open_to(Permission.ANYONE)
def index() -> ResponseReturnValue:
    """Measures by sector, clause, agency, act, kind and words, as they stand on a day."""
    rules, form = catalogue(), {name: request.args.get(name, "") for name in FIELDS}
    errors: dict[str, Bilingual] = {}
    search = Search(on=_today())
    try:
        search = search_of(form, rules, _today())
    except InvalidInput as wrong:
        errors = {wrong.details.get("field", ""): wrong.text}
    rows = [] if errors else [row_said(row) for row in found(search, rules, _overlay())]
    page = render(
        "checks/rulebook.html", rows=rows, groups=_grouped(rows), form=form, errors=errors, day=search.on, options=_options(rules, search),
        sector_labels=_sectors(rules.sectors.values()), edition=rules.edition, labels=words(),
        query={name: value for name, value in form.items() if value},
        unfolded=len(rows) <= UNFOLDED or request.args.get("unfold") == "1",
    )  # fmt: skip
    return page, 422 if errors else 200


@blueprint.get("/measures/<measure_id>")
@open_to(Permission.ANYONE)
def measure(measure_id: str) -> ResponseReturnValue:
    """One measure: clauses, who bears it, how far the machine goes and why, its life, worked examples."""
    rules, overlay = catalogue(), _overlay()
    wanted = measure_of(measure_id, rules)
    on = day_of(request.args.get("on", ""), "on", rules) or _today()
    acts = {act.id: act.label for act in rules.sectors[wanted.sector].acts}
    return render(
        "checks/rulebook_measure.html", said=measure_said(wanted, row_on(wanted, on, overlay), rules, overlay),
        examples=examples_said(measure_id, examples(), rules), sector=bilingual(rules.sectors[wanted.sector].label),
        acts=[bilingual(acts[act]) for act in wanted.acts], day=on, labels=words(), edition=rules.edition,
        sector_labels=_sectors(rules.sectors.values()),
        act_labels={(s.id, act.id): bilingual(act.label) for s in rules.sectors.values() for act in rules.acts(s.id)},
    )  # fmt: skip


@blueprint.get("/changes")
@open_to(Permission.ANYONE)
def changes() -> ResponseReturnValue:
    """What stands otherwise on the second day than on the first."""
    rules, errors = catalogue(), dict[str, Bilingual]()
    form = {name: request.args.get(name, "") for name in ("from", "to")}
    rows: list[dict[str, Any]] | None = None
    try:
        first, second = (day_of(form[name], name, rules) for name in ("from", "to"))
        if first is not None:
            second = second or _today()
            form["to"] = second.isoformat()
            rows = [difference_said(one, rules) for one in between_days(rules, first, second, _overlay())]
    except InvalidInput as wrong:
        errors = {wrong.details.get("field", ""): wrong.text}
    page = render("checks/rulebook_changes.html", rows=rows, form=form, errors=errors, labels=words(), today=_today())
    return page, 422 if errors else 200


@blueprint.get("/incentives")
@open_to(Permission.ANYONE)
def rewards() -> ResponseReturnValue:
    """What follows from performing: rows that answer, then examples from elsewhere."""
    rules = catalogue()
    return render(
        "checks/rulebook_incentives.html", rows=incentives_said(incentives()), labels=words(),
        sector_labels=_sectors(rules.sectors.values()),
    )  # fmt: skip


@blueprint.get("/export.csv")
@open_to(Permission.ANYONE)
def export() -> ResponseReturnValue:
    """The rows of the same search as a table."""
    rules = catalogue()
    search = search_of(request.args, rules, _today())
    return Response(
        csv_of(found(search, rules, _overlay()), rules),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="rulebook-{search.on}.csv"'},
    )


def _grouped(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows by sector, in their order."""
    return [(sector, list(some)) for sector, some in groupby(rows, key=itemgetter("sector"))]


def _options(rules: Catalogue, search: Search) -> dict[str, dict[str, Bilingual]]:
    acts = rules.acts(search.sector) if search.sector else ()
    return {
        "sector": _sectors(rules.sectors.values()),
        "act": {act.id: bilingual(act.label) for act in acts},
        "kind": {kind.value: bilingual(kind.label) for kind in DebtorKind},
        "applied": {word.value: bilingual(label(word)) for word in Applied},
        "document": {one.id: bilingual(one.title) for one in rules.documents.values()},
    }


def _sectors(sectors: Iterable[Sector]) -> dict[str, Bilingual]:
    return {sector.id: bilingual(sector.label) for sector in sectors}


def words() -> dict[str, dict[str, Bilingual]]:
    """What the catalogue's words are called, by the name of their kind."""
    return {kind.__name__: {key: bilingual(text) for key, text in labels(kind).items()} for kind in _KINDS}


def bilingual(text: Text) -> Bilingual:
    """A text of the law as pages show it."""
    return Bilingual(text.zh, text.en)

"""The rulebook's side of the API: sectors, measures, one measure whole, two days compared, incentives. Public."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.rulebook import found, row_on
from creditsvc.checks.rulebook_asked import day_of, measure_of, needed_day, search_of
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.rulebook_said import (
    difference_said,
    examples_said,
    incentives_said,
    measure_said,
    row_said,
    sector_said,
)
from creditsvc.checks.rulebook_shapes import (
    DifferenceShape,
    ExampleShape,
    IncentiveShape,
    MeasureShape,
    RowShape,
    SectorShape,
    short,
)
from creditsvc.kernel.days import legal_day
from creditsvc.web.context import services
from creditsvc.web.schemas import Schema
from punishment_rules.compare import between_days
from punishment_rules.load import catalogue, examples, incentives

blueprint = Blueprint(
    "rulebook_api", __name__, description="措施清单：每项措施的依据、层级、适用方式、沿革和例子 / the rulebook"
)


class MeasureQuery(Schema):
    """Which measures, as they stand on which day."""

    sector = short("行业，见 /v1/sectors / sector")
    act = short("事项 / act")
    kind = short("person 或 organisation / subject kind")
    applied = short("automatic、officer 或 shown / how it is applied")
    document = short("法律文件编号，例如 PS64 / id of a document")
    clause = short("条款文字 / words of a clause")
    agency = short("主管部门文字 / words of the agency")
    words = short("检索词，以空格分开 / words, all must occur")
    on = short("日期 YYYY-MM-DD，缺省为今天 / legal day, today by default")


class DayQuery(Schema):
    """As of which day."""

    on = short("日期 YYYY-MM-DD，缺省为今天 / legal day, today by default")


class ChangesQuery(Schema):
    """Two days."""

    first = fields.String(required=True, data_key="from", validate=validate.Length(10, 10))
    second = fields.String(required=True, data_key="to", validate=validate.Length(10, 10))


class IncentiveQuery(Schema):
    """Which incentives."""

    sector = short("行业 / sector")


class _Edition(Schema):
    """Which edition of the catalogue speaks, and as of which day."""

    catalogue = fields.String(required=True)
    on = fields.String(required=True, metadata={"description": "北京日期 / legal day"})


class SectorsResponse(_Edition):
    """Sectors with their acts."""

    rows = fields.List(fields.Nested(SectorShape), required=True)


class MeasuresResponse(_Edition):
    """Rows of the catalogue."""

    rows = fields.List(fields.Nested(RowShape), required=True)


class MeasureResponse(_Edition):
    """One measure whole."""

    row = fields.Nested(MeasureShape, required=True)
    examples = fields.List(fields.Nested(ExampleShape), required=True)


class IncentivesResponse(_Edition):
    """Incentives."""

    rows = fields.List(fields.Nested(IncentiveShape), required=True)


class ChangesResponse(Schema):
    """What stands otherwise."""

    catalogue = fields.String(required=True)
    first = fields.String(required=True, data_key="from")
    second = fields.String(required=True, data_key="to")
    rows = fields.List(fields.Nested(DifferenceShape), required=True)


def _today() -> date:
    return legal_day(services().clock.now())


@blueprint.route("/sectors")
class Sectors(MethodView):
    """Sectors and their acts."""

    @open_to(Permission.ANYONE)
    @blueprint.response(200, SectorsResponse)
    def get(self) -> dict[str, Any]:
        """行业与事项 / sectors and their acts."""
        rules = catalogue()
        rows = [sector_said(sector, rules) for sector in rules.sectors.values()]
        return {"catalogue": rules.edition, "on": _today().isoformat(), "rows": rows}


@blueprint.route("/measures")
class Measures(MethodView):
    """The catalogue of measures."""

    @open_to(Permission.ANYONE)
    @blueprint.arguments(MeasureQuery, location="query")
    @blueprint.response(200, MeasuresResponse)
    def get(self, query: dict[str, str]) -> dict[str, Any]:
        """惩戒措施清单 / measures in force on a day, with clauses and how each is applied."""
        rules = catalogue()
        search = search_of(query, rules, _today())
        rows = [row_said(row) for row in found(search, rules, overlay_of(services().settings))]
        return {"catalogue": rules.edition, "on": search.on.isoformat(), "rows": rows}


@blueprint.route("/measures/changes")
class Changes(MethodView):
    """Two days compared."""

    @open_to(Permission.ANYONE)
    @blueprint.arguments(ChangesQuery, location="query")
    @blueprint.response(200, ChangesResponse)
    def get(self, query: dict[str, str]) -> dict[str, Any]:
        """两日之间的变化 / what stands otherwise on the second day than on the first."""
        rules = catalogue()
        first, second = needed_day(query["first"], "from", rules), needed_day(query["second"], "to", rules)
        rows = between_days(rules, first, second, overlay_of(services().settings))
        return {
            "catalogue": rules.edition,
            "first": first.isoformat(),
            "second": second.isoformat(),
            "rows": [difference_said(one, rules) for one in rows],
        }


@blueprint.route("/measures/<measure_id>")
class OneMeasure(MethodView):
    """One measure."""

    @open_to(Permission.ANYONE)
    @blueprint.arguments(DayQuery, location="query")
    @blueprint.response(200, MeasureResponse)
    def get(self, query: dict[str, str], measure_id: str) -> dict[str, Any]:
        """一项措施：依据、沿革、例子 / one measure with its life and worked examples."""
        rules, overlay = catalogue(), overlay_of(services().settings)
        measure = measure_of(measure_id, rules)
        on = day_of(query["on"], "on", rules) or _today()
        return {
            "catalogue": rules.edition,
            "on": on.isoformat(),
            "row": measure_said(measure, row_on(measure, on, overlay), rules, overlay),
            "examples": examples_said(measure_id, examples(), rules),
        }


@blueprint.route("/incentives")
class Incentives(MethodView):
    """What follows from performing."""

    @open_to(Permission.ANYONE)
    @blueprint.arguments(IncentiveQuery, location="query")
    @blueprint.response(200, IncentivesResponse)
    def get(self, query: dict[str, str]) -> dict[str, Any]:
        """正向激励清单；外地做法仅供参考 / incentives; rows from elsewhere are examples only."""
        rules = catalogue()
        search = search_of(query, rules, _today())
        book = incentives()
        return {"catalogue": book.edition, "on": search.on.isoformat(), "rows": incentives_said(book, search.sector)}

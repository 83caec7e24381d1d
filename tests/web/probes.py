"""A room that only tests have: views that raise, ask, and forget to say who may call them."""

from __future__ import annotations

from typing import Any

import flask_smorest
from flask import Blueprint, request
from flask.views import MethodView
from marshmallow import fields, validate
from sqlalchemy.exc import OperationalError

from creditsvc.access.permissions import Permission, open_to
from creditsvc.feature import Feature, NavigationItem
from creditsvc.kernel import errors
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller
from creditsvc.web.pages import render
from creditsvc.web.schemas import Schema

SAID = Bilingual("第 3 行有误：请改正后重新上传", "row 3 is wrong: correct it and upload again")
KINDS = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.CreditServiceError)
}
SECRET = "110101199003078435"


class Question(Schema):
    """A body with one text and one number."""

    name = fields.String(required=True, validate=validate.Length(1, 5))
    count = fields.Integer(load_default=1)


def _raise(kind: str) -> str:
    if kind == "crash":
        raise RuntimeError(f"parameters: {SECRET}")
    if kind == "database":
        raise OperationalError(f"SELECT {SECRET}", {}, Exception("connection refused"))
    raise KINDS[kind](SAID, retry_after=30)


def pages() -> list[Blueprint]:
    """Pages for probing."""
    blueprint = Blueprint("probe", __name__)

    @blueprint.get("/probe/raise/<kind>")
    @open_to(Permission.ANYONE)
    def raise_page(kind: str) -> str:
        return _raise(kind)

    @blueprint.get("/probe/address")
    @open_to(Permission.ANYONE)
    def address() -> str:
        return request.remote_addr or "-"

    @blueprint.route("/probe/forgotten")
    def forgotten() -> str:
        return "never shown"

    @blueprint.post("/probe/change")
    @open_to(Permission.ANYONE)
    def change() -> str:
        return "changed"

    @blueprint.get("/desk/probe")
    @open_to(Permission.LISTING_READ)
    def desk() -> str:
        return render("web/help.html")

    @blueprint.get("/desk/probe/deeper")
    @open_to(Permission.LISTING_READ)
    def deeper() -> str:
        return render("web/help.html")

    @blueprint.get("/portal/probe")
    @open_to(Permission.APPLICATION_OWN)
    def own() -> str:
        return caller().subject_id or ""

    return [blueprint]


def api() -> list[Any]:
    """An API for probing."""
    blueprint = flask_smorest.Blueprint("probe_api", __name__, description="试 / probes")

    @blueprint.route("/probe")
    class Probe(MethodView):
        @open_to(Permission.CHECK_ASK)
        @blueprint.response(200, Question)
        def get(self) -> dict[str, Any]:
            """Ask."""
            return {"name": caller().actor, "count": 1}

        @open_to(Permission.CHECK_ASK)
        @blueprint.arguments(Question)
        @blueprint.response(200, Question)
        def post(self, body: dict[str, Any]) -> dict[str, Any]:
            """Tell."""
            return body

        @blueprint.response(200, Question)
        def delete(self) -> dict[str, Any]:
            """Forgotten."""
            return {"name": "never"}

    @blueprint.route("/probe/sum", methods=["POST"])
    @open_to(Permission.ANYONE)
    @blueprint.arguments(Question)
    @blueprint.response(200, Question)
    def public_sum(body: dict[str, Any]) -> dict[str, Any]:
        """A calculator for everybody."""
        return body

    @blueprint.route("/probe/raise/<kind>")
    @open_to(Permission.ANYONE)
    def raise_api(kind: str) -> str:
        return _raise(kind)

    return [blueprint]


def probe_feature() -> Feature:
    """The room."""
    return Feature(
        name="probe",
        blueprints=pages,
        api_blueprints=api,
        navigation=(
            NavigationItem("desk", "probe.desk", Bilingual("试台", "probe desk"), Permission.LISTING_READ, 10),
            NavigationItem("desk", "probe.deeper", Bilingual("深处", "deeper"), Permission.LISTING_READ, 20),
            NavigationItem("portal", "probe.own", Bilingual("本人", "own"), Permission.APPLICATION_OWN, 5),
        ),
    )

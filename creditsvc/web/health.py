"""Alive, able to answer, fresh enough; and figures for the operator. Ready is not fresh."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from creditsvc.access.callers import CallerKind
from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, ports, services

blueprint = Blueprint("health", __name__)
_FIGURES = "creditsvc.figures"


class Figures:
    """Counters of one application; labels are routes and statuses, never people."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "creditsvc_requests", "Answered requests", ("rule", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram("creditsvc_request_seconds", "Time to answer", ("rule",), registry=self.registry)
        # rules, methods and statuses are few, and to look their counter up costs more than to count
        self.answered = lru_cache(maxsize=4096)(self.requests.labels)
        self.took = lru_cache(maxsize=1024)(self.seconds.labels)


@blueprint.get("/healthz")
@open_to(Permission.ANYONE)
def healthz() -> ResponseReturnValue:
    """The process is alive; nothing else is looked at."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@open_to(Permission.ANYONE)
def readyz() -> ResponseReturnValue:
    """Whether both databases answer."""
    found = {"register": _answers(services().database), "keys": _answers(services().keys)}
    ready = all(found.values())
    return jsonify(status="ready" if ready else "not-ready", databases=found), 200 if ready else 503


def _answers(database: Any) -> bool:
    try:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


@blueprint.get("/freshz")
@open_to(Permission.ANYONE)
def freshz() -> ResponseReturnValue:
    """Whether what the features watch is young enough; 503 if anything is not."""
    now = services().clock.now()
    with services().database.reading() as session:
        watched = ports().freshness(session, services().settings)
    rows = [
        {
            "name": each.name,
            "newest": each.newest.isoformat() if each.newest else None,
            "limit_seconds": int(each.limit.total_seconds()),
            "fresh": each.newest is not None and now - each.newest <= each.limit,
        }
        for each in watched
    ]
    fresh = all(row["fresh"] for row in rows)
    return jsonify(status="fresh" if fresh else "stale", watched=rows), 200 if fresh else 503


@blueprint.get("/metrics")
@open_to(Permission.ANYONE)
def metrics() -> ResponseReturnValue:
    """Prometheus figures: for this machine itself, or for an operator who is signed in."""
    if not (caller().may(Permission.OPERATE) or _from_this_machine()):
        raise NotAllowed(Bilingual("仅供本机或者运维人员读取", "for this machine and for operators only"))
    figures: Figures = current_app.extensions[_FIGURES]
    return Response(generate_latest(figures.registry), mimetype="text/plain")


def _from_this_machine() -> bool:
    # a request that a proxy handed on is somebody else's, though it comes from the loopback
    if (
        caller().kind is not CallerKind.ANONYMOUS
        or "X-Forwarded-For" in request.headers
        or "Forwarded" in request.headers
    ):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _count(response: Response) -> Response:
    figures: Figures = current_app.extensions[_FIGURES]
    rule = request.url_rule.rule if request.url_rule else "-"
    figures.answered(rule, request.method, str(response.status_code)).inc()
    if (elapsed := g.get("elapsed")) is not None:
        figures.took(rule).observe(elapsed)
    return response


def install_health(app: Flask) -> None:
    """Count requests and answer the four addresses."""
    app.extensions[_FIGURES] = Figures()
    app.after_request(_count)
    app.register_blueprint(blueprint)

"""Rendering pages: what the layout knows about the caller, the menu and the addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, render_template, request, url_for

from creditsvc.access.callers import CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.feature import NavigationItem
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, installed, services
from creditsvc.web.csrf import csrf_field, csrf_token

AREAS = {
    "portal": Bilingual("当事人服务", "Debtor"),
    "agency": Bilingual("联动核查", "Agency"),
    "desk": Bilingual("法院工作台", "Court desk"),
    "subscriber": Bilingual("数据订阅", "Subscribers"),
    "oversight": Bilingual("监督", "Oversight"),
}
STAFF_AREAS = frozenset({"agency", "desk", "subscriber", "oversight"})


def render(template: str, /, **context: Any) -> str:
    """The page; ``errors`` is always there, so that a first visit and a failed one use one template."""
    return render_template(template, **{"errors": {}, **context})


def menu() -> Sequence[NavigationItem]:
    """The entries that this caller may use and that this application has."""
    known = current_app.view_functions
    return [
        item for item in installed().navigation if item.endpoint in known and caller().may(Permission(item.permission))
    ]


def area_of(path: str) -> str:
    """The first part of the address: which desk this is."""
    return path.strip("/").split("/", 1)[0]


def is_current(item: NavigationItem) -> bool:
    """Whether this page belongs under that entry: the longest address in the menu that this one starts with."""
    starts = [url_for(each.endpoint) for each in menu()]
    path = request.path.rstrip("/")
    fitting = [start for start in starts if (path + "/").startswith(start.rstrip("/") + "/")]
    return bool(fitting) and url_for(item.endpoint) == max(fitting, key=len)


def in_other_language() -> str:
    """This page in the other language; only the query that was sent, never a form's body."""
    from creditsvc.web.language import ENGLISH, language

    kept = {key: value for key, value in request.args.items() if key != "lang"}
    target = request.path if request.method in {"GET", "HEAD"} else "/"
    return target + "?" + urlencode({**kept, "lang": "zh" if language() == ENGLISH else "en"})


def _context() -> dict[str, Any]:
    who = caller()
    area = area_of(request.path)
    return {
        "caller": who,
        "signed_in": who.kind is not CallerKind.ANONYMOUS,
        "is_staff": who.kind is CallerKind.STAFF,
        "menu": menu() if who.kind is not CallerKind.ANONYMOUS else [],
        "area": area,
        "area_name": AREAS.get(area),
        "staff_area": area in STAFF_AREAS,
        "demo": services().settings.demo,
        "request_id": g.get("request_id", ""),
    }


def install_pages(app: Flask) -> None:
    """Give every template its surroundings."""
    app.context_processor(_context)
    app.jinja_env.globals.update(
        csrf_field=csrf_field, csrf_token=csrf_token, is_current=is_current, in_other_language=in_other_language
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

"""Pages of the service itself: help, accessibility, the readable API document, and the gallery of parts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import services
from creditsvc.web.openapi_page import groups_of
from creditsvc.web.pages import render

blueprint = Blueprint("web", __name__)


@blueprint.get("/help")
@open_to(Permission.ANYONE)
def help_page() -> ResponseReturnValue:
    """Who finds what where."""
    return render("web/help.html")


@blueprint.get("/accessibility")
@open_to(Permission.ANYONE)
def accessibility_page() -> ResponseReturnValue:
    """What we keep to, and what to do when something does not work."""
    return render("web/accessibility.html")


@blueprint.get("/docs")
@open_to(Permission.ANYONE)
def docs_page() -> ResponseReturnValue:
    """The API document in words, from the same source as ``/openapi.json``."""
    document: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].document()
    return render("web/docs.html", document=document, groups=groups_of(document))


@blueprint.get("/components")
@open_to(Permission.ANYONE)
def gallery() -> ResponseReturnValue:
    """Every part of a page at one glance; only where no real people are held."""
    if not (services().settings.demo or services().settings.allow_test_settings):
        raise NotFound(Bilingual("没有这个页面", "no such page"))
    return render("web/components.html", now=services().clock.now())

"""Puts the web floor into an application: hooks in their order, handlers, filters, and its own pages."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from creditsvc.access.permissions import Permission, open_to
from creditsvc.web import sign_in, site
from creditsvc.web.cookies import keep_visit
from creditsvc.web.errors import install_errors
from creditsvc.web.guard import admit
from creditsvc.web.headers import install_headers
from creditsvc.web.health import install_health
from creditsvc.web.language import install_language
from creditsvc.web.logs import install_logs
from creditsvc.web.pages import install_pages

TRANSLATIONS = str(Path(__file__).parent / "translations")


def install(app: Flask) -> None:
    """Everything but the features. Hooks that run before go in order; those that run after, in reverse order."""
    app.url_map.strict_slashes = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider; Chinese stays readable
    app.view_functions["static"] = open_to(Permission.ANYONE)(app.view_functions["static"])
    install_language(app, TRANSLATIONS)
    install_pages(app)
    install_errors(app)
    # run after the answer is made, last one first: the log line and the counters see the final answer
    install_headers(app)
    app.after_request(keep_visit)
    install_health(app)
    install_logs(app)
    app.before_request(admit)
    app.register_blueprint(sign_in.blueprint)
    app.register_blueprint(site.blueprint)

"""Builds the web application from the services and the features. Knows no feature by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from creditsvc.feature import Feature, furnished
from creditsvc.services import Services
from creditsvc.web.api import Api
from creditsvc.web.context import EXTENSION, Installed
from creditsvc.web.install import install
from creditsvc.web.routes import Route
from creditsvc.web.uploads import Request

MIB = 1024 * 1024


class House(Flask):
    """The application. None of its views and hooks is a coroutine, so that none is looked at for being one: Flask looks at
    each of them at every request.
    """

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def create_app(services: Services, features: Sequence[Feature]) -> Flask:
    """The application; features are mounted in the order given."""
    app = House("creditsvc.web")
    app.request_class = Request
    app.url_rule_class = Route
    app.config.update(
        MAX_CONTENT_LENGTH=services.settings.max_upload_mib * MIB,
        MAX_FORM_MEMORY_SIZE=2 * MIB,
        MAX_FORM_PARTS=200,
    )
    if proxies := services.settings.trusted_proxies:
        # the address alone: host and scheme are settings here, and nobody's to send
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    services = furnished(services, features)
    app.extensions[EXTENSION] = Installed(
        services=services,
        ports=services.ports,
        navigation=sorted(chain.from_iterable(f.navigation for f in features), key=lambda item: item.order),
        translations=[feature.translations for feature in features if feature.translations],
    )
    install(app)
    api = Api(app)
    for feature in features:
        for blueprint in feature.blueprints():
            app.register_blueprint(blueprint)
        for blueprint in feature.api_blueprints():
            api.register_blueprint(blueprint, url_prefix="/v1" + (blueprint.url_prefix or ""))
    return app

"""The API frame: flask-smorest with problem documents, our paging, and no handler that turns pages into JSON."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any

import flask_smorest
from flask import Flask
from flask.typing import ResponseReturnValue
from flask_smorest.utils import prepare_response
from werkzeug.exceptions import HTTPException

from creditsvc.access.permissions import Permission, open_to
from creditsvc.web.context import services
from creditsvc.web.errors import PROBLEM, http_error
from creditsvc.web.schemas import ProblemSchema

_CONFIG = {
    "API_TITLE": "失信被执行人名单共享与信用修复服务 / Dishonest judgment debtors: sharing and credit repair",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/",
}
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Api(flask_smorest.Api):  # type: ignore[misc]  # the library has no types
    """One API with its document at ``/openapi.json``."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        self._undescribed: list[partial[None]] = []
        self._describing = Lock()
        for name, value in _CONFIG.items():
            app.config.setdefault(name, value)
        super().__init__(app, spec_kwargs={"components": {"securitySchemes": _SECURITY}, "security": [{"key": []}]})
        served = app.view_functions["api-docs.openapi_json"]
        app.view_functions["api-docs.openapi_json"] = open_to(Permission.ANYONE)(_public(self, served))

    def register_blueprint(self, blp: Any, *, parameters: Any = None, **options: Any) -> None:
        """Mount the routes now; describe them when somebody first asks for the document (a third of the start)."""
        name = options.get("name", blp.name)
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blp, **options)
        self._undescribed.append(partial(self._describe, blp, name, parameters))

    def _describe(self, blp: Any, name: str, parameters: Any) -> None:
        blp.register_views_in_doc(self, self._app, self.spec, name=name, parameters=parameters)
        self.spec.tag({"name": name, "description": blp.description})

    def document(self) -> dict[str, Any]:
        """The whole API as OpenAPI 3.1."""
        with self._describing:
            while self._undescribed:
                self._undescribed.pop(0)()
        document: dict[str, Any] = self.spec.to_dict()
        return document

    def handle_http_exception(self, error: HTTPException) -> ResponseReturnValue:
        """Its own handler would answer JSON to pages and lose the error's headers."""
        return http_error(error)

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= HTTPStatus.BAD_REQUEST:
                response["schema"] = self.ERROR_SCHEMA
                prepare_response(response, self.spec, PROBLEM)
            elif status >= HTTPStatus.OK and status not in _BODILESS:
                prepare_response(response, self.spec, self.DEFAULT_RESPONSE_CONTENT_TYPE)
            self.spec.components.response(status.name, response, lazy=True)
        default = {"description": "错误 / error", "schema": self.ERROR_SCHEMA}
        prepare_response(default, self.spec, PROBLEM)
        self.spec.components.response("DEFAULT_ERROR", default, lazy=True)


_SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "接口密钥 csk_… / API key"},
}


def _public(api: Api, served: Any) -> Any:
    def openapi_json() -> ResponseReturnValue:
        api.document()
        response = served()
        response.headers["Cache-Control"] = "public, max-age=300" if not services().settings.demo else "no-cache"
        return response  # type: ignore[no-any-return]

    return openapi_json

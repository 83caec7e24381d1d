"""The API frame: flask-smorest with problem documents, our paging, and no handler that turns pages into JSON."""

from __future__ import annotations

from http import HTTPStatus
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
        for name, value in _CONFIG.items():
            app.config.setdefault(name, value)
        super().__init__(app, spec_kwargs={"components": {"securitySchemes": _SECURITY}, "security": [{"key": []}]})
        document = app.view_functions["api-docs.openapi_json"]
        app.view_functions["api-docs.openapi_json"] = open_to(Permission.ANYONE)(_public(document))

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


def _public(document: Any) -> Any:
    def openapi_json() -> ResponseReturnValue:
        response = document()
        response.headers["Cache-Control"] = "public, max-age=300" if not services().settings.demo else "no-cache"
        return response  # type: ignore[no-any-return]

    return openapi_json

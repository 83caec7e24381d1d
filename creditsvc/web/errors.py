"""The one table from kinds of error to HTTP, and how an error is said: a problem document (RFC 9457) or a page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, current_app, g, jsonify
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from creditsvc.kernel import errors
from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.cells import CellDamaged
from creditsvc.web.error_texts import TEXTS, UNKNOWN, ErrorText
from creditsvc.web.guard import is_api
from creditsvc.web.logs import log_failure
from creditsvc.web.pages import render
from creditsvc.web.validation import faults

PROBLEM = "application/problem+json"
STATUS: dict[type[CreditServiceError], int] = {
    errors.InvalidInput: 422,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedFile: 415,
    errors.TooMany: 429,
    errors.Unavailable: 503,
    CellDamaged: 503,
}


def status_for(kind: type[CreditServiceError]) -> int:
    """The status of a kind of error, its own or its nearest parent's; ``LookupError`` if the table has none."""
    for parent in kind.__mro__:
        if parent in STATUS:
            return STATUS[parent]
    raise LookupError(f"{kind.__name__} has no status")


def problem(status: int, code: str, text: Bilingual | None, extra: dict[str, Any] | None = None) -> Response:
    """A problem document. ``type`` is the bare error code; Chinese first, English beside it."""
    said = TEXTS.get(status, UNKNOWN)
    detail = text or said.advice
    body: dict[str, Any] = {
        "type": code,
        "title": said.title.zh,
        "title_en": said.title.en,
        "status": status,
        "detail": detail.zh,
        "detail_en": detail.en,
        "request_id": g.get("request_id", ""),
    }
    response = jsonify({**(extra or {}), **body})
    response.status_code = status
    response.mimetype = PROBLEM
    return response


def _page(status: int, said: ErrorText, text: Bilingual | None) -> Response:
    return Response(render("web/error.html", status=status, said=said, detail=text), status, mimetype="text/html")


def _answer(status: int, code: str, text: Bilingual | None, extra: dict[str, Any] | None = None) -> Response:
    if is_api():
        response = problem(status, code, text, extra)
    else:
        response = _page(status, TEXTS.get(status, UNKNOWN), text)
    if status == HTTPStatus.UNAUTHORIZED and is_api():
        response.headers["WWW-Authenticate"] = 'Bearer realm="creditsvc"'
    return response


def _ours(error: CreditServiceError) -> ResponseReturnValue:
    try:
        status = status_for(type(error))
    except LookupError:
        return _crash(error)
    response = _answer(status, error.code, error.text, error.details)
    if (wait := error.details.get("retry_after")) is not None:
        response.headers["Retry-After"] = str(int(wait))
    return response


def http_error(error: HTTPException) -> ResponseReturnValue:
    """An error of the framework, with its own headers kept (``Allow``, ``Retry-After``)."""
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        return _crash(error.original_exception)
    if error.response is not None:
        return error.response
    status = error.code or 500
    code, text, extra = _said(error, status)
    response = _answer(status, code, text, extra)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_failure(error)
    return response


def _said(error: HTTPException, status: int) -> tuple[str, Bilingual | None, dict[str, Any]]:
    data = getattr(error, "data", None) or {}
    messages = data.get("errors") or data.get("messages")
    if messages:
        found = faults(messages)
        return (
            "invalid-input",
            Bilingual(
                f"请求中有 {len(found)} 处不符合要求，见 errors",
                "one thing in the request is not right: see errors"
                if len(found) == 1
                else f"{len(found)} things in the request are not right: see errors",
            ),
            {"errors": found},
        )
    phrase = HTTPStatus(status).phrase.lower().replace(" ", "-")
    return phrase, None, {}


def _database_down(error: OperationalError) -> ResponseReturnValue:
    # no answer is not an answer: never reported as a restriction, never as "nothing found"
    log_failure(error)
    response = _answer(503, "unavailable", None)
    response.headers["Retry-After"] = "30"
    return response


def _crash(error: BaseException) -> ResponseReturnValue:
    if current_app.testing:
        raise error
    log_failure(error)
    return _answer(500, "internal", None)


def install_errors(app: Flask) -> None:
    """Handlers of our family, of the framework's, and of everything else."""
    app.register_error_handler(CreditServiceError, _ours)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(OperationalError, _database_down)
    app.register_error_handler(Exception, _crash)

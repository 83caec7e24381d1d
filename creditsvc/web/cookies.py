"""Our cookies: the session, the token of a visit before sign-in, the language."""

from __future__ import annotations

import secrets

from flask import g, request
from flask.wrappers import Response

from creditsvc.access.accounts import end_session
from creditsvc.web.context import caller, services

LANGUAGE = "language"
_YEAR = 365 * 24 * 3600


def _named(name: str) -> str:
    # the prefix binds a cookie to this host and to HTTPS; a browser refuses it over plain HTTP
    return f"__Host-{name}" if services().settings.secure_cookies else name


def _keep(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        secure=services().settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def session_token() -> str | None:
    """The token that the browser sent, known or not."""
    return request.cookies.get(_named("session"))


def set_session_cookie(response: Response, token: str) -> None:
    """Hand a fresh session to the browser; the visit's earlier token ends here, so that nothing can be fixed ahead."""
    _keep(response, _named("session"), token)
    response.delete_cookie(_named("visit"), path="/", secure=services().settings.secure_cookies)
    g.pop("visit", None)


def end_browser_session(response: Response) -> None:
    """End the caller's session in the database and take its cookie back."""
    session_id = caller().session_id
    if session_id is not None:
        with services().database.writing() as session:
            end_session(session, session_id, services().clock.now())
    response.delete_cookie(_named("session"), path="/", secure=services().settings.secure_cookies)


def visit_token() -> str:
    """The token of this visit before sign-in; made when a form first needs it and kept when the answer leaves."""
    token = g.get("visit") or request.cookies.get(_named("visit"))
    if not token or len(token) > 64:
        token = g.visit = secrets.token_urlsafe(24)
    return str(token)


def keep_visit(response: Response) -> Response:
    """After a request: hand out the visit's token if one was made."""
    if token := g.get("visit"):
        _keep(response, _named("visit"), token)
    return response


def keep_language(response: Response, tag: str) -> None:
    """Remember the language that was chosen."""
    _keep(response, LANGUAGE, tag, _YEAR)

"""Before every request: who is asking, may they, and is the form ours. What is not declared is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.accounts import caller_of_session, touch
from creditsvc.access.api_keys import note_uses, recognised
from creditsvc.access.callers import ANONYMOUS, Caller, CallerKind
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import NotAllowed, NotSignedIn
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.cookies import session_token
from creditsvc.web.csrf import refuse_forged

DEBTOR_SIGN_IN = "/portal/sign-in"
STRANGERS_BODY = 1024 * 1024
"""Bytes that are read of somebody who is not signed in."""
_ALWAYS = frozenset({"access.password_form", "access.change_password", "access.sign_out", "static"})
"""Where somebody who must change the password may go before that."""


def is_api() -> bool:
    """Whether this request is a program's: the answer is then never a page."""
    return request.path.startswith("/v1/")


def permissions_of(view: Callable[..., Any], method: str) -> frozenset[Permission] | None:
    """Who may call this view by this method; none if nobody has said."""
    if view_class := getattr(view, "view_class", None):
        name = method.lower()
        handler = getattr(view_class, name, None) or (getattr(view_class, "get", None) if name == "head" else None)
        return getattr(handler, "open_to", None)
    return getattr(view, "open_to", None)


def admit() -> ResponseReturnValue | None:
    """The one gate: hook it before every request."""
    endpoint, method = request.endpoint, request.method
    if endpoint is None or method == "OPTIONS" or endpoint == "static":
        return None
    who = g.caller = _recognised()
    if who.kind is CallerKind.ANONYMOUS:
        request.max_content_length = STRANGERS_BODY
    allowed = permissions_of(current_app.view_functions[endpoint], method)
    if allowed is None:
        raise NotAllowed(
            Bilingual("此页面未声明谁可以使用，已拒绝", "this address does not say who may use it; refused"),
            code="undeclared",
        )
    if not any(map(who.may, allowed)):
        return _turn_away(allowed)
    # reads the body, so only after it is known that the caller may send one
    refuse_forged()
    if who.must_change_password and not is_api() and endpoint not in _ALWAYS:
        return redirect(url_for("access.password_form"), 303)
    return None


def _recognised() -> Caller:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if is_api() and kind.lower() == "bearer":
        return _key_holder(text.strip())
    token = session_token()
    return _session_holder(token) if token else ANONYMOUS


def _key_holder(text: str) -> Caller:
    parts = services()
    now, database = parts.clock.now(), parts.database
    with database.direct() as driver:
        found = recognised(driver, text, now, is_sqlite=database.is_sqlite)
    if found is None:
        raise NotSignedIn(
            Bilingual(
                "密钥不正确、已过期或者已吊销；请向管理单位申请新的密钥",
                "the key is wrong, over or revoked; ask its issuer for a new one",
            ),
            code="key-wrong",
        )
    who, worth_noting = found
    key_id = who.account_id
    if worth_noting and key_id is not None:
        database.together.run_alike(note_uses, (key_id, now))
    return who


def _session_holder(token: str) -> Caller:
    now = services().clock.now()
    idle = timedelta(minutes=services().settings.session_minutes)
    with services().database.reading() as session:
        found = caller_of_session(session, token, idle=idle, now=now)
    if found is None:
        return ANONYMOUS
    who, worth_noting = found
    if worth_noting and who.session_id is not None:
        with services().database.writing() as session:
            touch(session, who.session_id, now)
    return who


def _turn_away(allowed: frozenset[Permission]) -> ResponseReturnValue:
    if caller().kind is not CallerKind.ANONYMOUS:
        raise NotAllowed(
            Bilingual(
                "您的账户没有使用此功能的权限；需要时请联系本单位的管理人员",
                "This account may not use this. If you need it, ask whoever manages accounts in your unit",
            ),
            code="scope-denied" if caller().kind is CallerKind.API_KEY else "not-allowed",
        )
    if is_api() or request.method not in {"GET", "HEAD"}:
        # programs are told that a key is missing, in the feed's own word
        code = "key-missing" if is_api() else "not-signed-in"
        raise NotSignedIn(Bilingual("请先登录，或者携带接口密钥", "Sign in first, or send an API key"), code=code)
    over = "1" if session_token() else None
    if allowed == {Permission.APPLICATION_OWN}:
        return redirect(DEBTOR_SIGN_IN + ("?over=1" if over else ""), 303)
    return redirect(url_for("access.sign_in_form", next=request.full_path.rstrip("?"), over=over), 303)

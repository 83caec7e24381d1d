"""Forms prove that they are ours: a token bound to the session or the visit, and the Origin header."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from flask import request
from markupsafe import Markup

from creditsvc.kernel.errors import NotAllowed
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.cookies import session_token, visit_token

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_token() -> str:
    """The token for forms of this session, or of this visit if nobody is signed in."""
    bound = (session_token() or "") if caller().session_id is not None else visit_token()
    return hmac.new(services().keyring.secret("csrf/1"), bound.encode(), sha256).hexdigest()


def csrf_field() -> Markup:
    """The hidden field that every POST form contains."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def refuse_forged() -> None:
    """Raise ``NotAllowed`` for a changing request from a browser that another site could have sent."""
    if request.method in SAFE or (_under_api() and caller().session_id is None):
        # a program brings its key itself and a stranger has nothing that a browser could lend
        return
    if not _from_here(request.headers.get("Origin")):
        raise _forged("csrf-origin")
    sent = request.headers.get(HEADER)
    if sent is None and not _under_api():
        sent = request.form.get(FIELD)
    if not hmac.compare_digest((sent or "").encode(), csrf_token().encode()):
        raise _forged("csrf-token")


def _under_api() -> bool:
    return request.path.startswith("/v1/")


def _from_here(origin: str | None) -> bool:
    # the host is compared and not the scheme: a proxy may end TLS in front of us
    return origin is None or urlsplit(origin).netloc in {request.host, services().settings.host}


def _forged(code: str) -> NotAllowed:
    return NotAllowed(
        Bilingual(
            "页面已过期，或者请求不是从本网站的页面发出的。请返回上一页、刷新后重新提交",
            "The page is out of date, or the request did not come from a page of this site. "
            "Go back, reload and send it again",
        ),
        code=code,
    )

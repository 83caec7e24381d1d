"""Headers that make a browser careful: nothing foreign, nothing inline, no frames, nothing kept."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Protocol, runtime_checkable

from flask import Flask, request
from flask.wrappers import Response

from creditsvc.web.context import services

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)


@runtime_checkable
class Closable(Protocol):
    """An open file behind an answer."""

    def close(self) -> None:
        """Let go of it."""
        ...


_TEXTS = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})
_ASSET = "public, max-age=86400"


_ALWAYS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # not no-referrer: with it a browser sends "Origin: null" with our own forms
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
)
_UNKEPT = (("Cache-Control", "no-store"),)
_BY_HTTPS = (("Strict-Transport-Security", "max-age=31536000"),)


def _careful(response: Response) -> Response:
    headers = response.headers
    if request.endpoint == "static":
        headers["Cache-Control"] = _ASSET
    wanted = (*_ALWAYS, *_UNKEPT, *(_BY_HTTPS if services().settings.secure_cookies else ()))
    # at once: to look each of them up by itself costs as much as a query, and this is every answer's
    there = {name.lower() for name in headers.keys()}  # noqa: SIM118 - to go through it gives pairs
    headers.extend([pair for pair in wanted if pair[0].lower() not in there])
    return response


def _smaller(response: Response) -> Response:
    """Styles and scripts go out compressed to whoever can read that. Pages do not: they hold tokens that a length could tell."""
    fits = request.endpoint == "static" and response.status_code == 200 and response.mimetype in _TEXTS
    if not fits or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0 or request.method != "GET":
        return response
    response.direct_passthrough = False
    tag, _ = response.get_etag()
    file = response.response
    response.set_data(_packed(response.get_data()))
    if isinstance(file, Closable):
        file.close()
    response.headers["Content-Encoding"] = "gzip"
    if tag:
        response.set_etag(tag, weak=True)
    return response


@lru_cache(maxsize=32)
def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def install_headers(app: Flask) -> None:
    """Set them on every answer; a view that sets its own keeps it."""
    app.after_request(_smaller)
    app.after_request(_careful)

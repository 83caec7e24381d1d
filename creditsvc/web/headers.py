"""Headers that make a browser careful: nothing foreign, nothing inline, no frames, nothing kept."""

from __future__ import annotations

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
_ASSET = "public, max-age=86400"


def _careful(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    # not no-referrer: with it a browser sends "Origin: null" with our own forms
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    if services().settings.secure_cookies:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static":
        headers["Cache-Control"] = _ASSET
    else:
        headers.setdefault("Cache-Control", "no-store")
    return response


def install_headers(app: Flask) -> None:
    """Set them on every answer; a view that sets its own keeps it."""
    app.after_request(_careful)

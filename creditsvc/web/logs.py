"""The journal of requests: JSON lines without personal data. No query, no body, no path with values, no message of an
exception (a database error carries its parameters)."""

from __future__ import annotations

import logging
import secrets
import sys
import time
import traceback
from typing import Any

import structlog
from flask import Flask, g, request
from flask.wrappers import Response

from creditsvc.web.context import caller, installed

_SLOW = 6


def journal() -> Any:
    """The logger."""
    return structlog.get_logger("creditsvc")


def configure(level: str) -> None:
    """Set up JSON lines on standard output; called once a process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    elapsed = time.perf_counter() - g.get("started", time.perf_counter())
    response.headers["X-Request-ID"] = g.get("request_id", "")
    rule = request.url_rule.rule if request.url_rule else "-"
    journal().info(
        "request",
        request_id=g.get("request_id", ""),
        method=request.method,
        rule=rule,
        status=response.status_code,
        milliseconds=round(elapsed * 1000, 1),
        actor=caller().actor,
    )
    g.elapsed = elapsed
    return response


def log_failure(error: BaseException) -> None:
    """A failure, by kind and place; never by its message."""
    frames = traceback.extract_tb(error.__traceback__)[-_SLOW:]
    journal().error(
        "failure",
        request_id=g.get("request_id", ""),
        kind=type(error).__name__,
        at=[f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}" for frame in frames],
    )


def install_logs(app: Flask) -> None:
    """Number every request and write one line about it."""
    configure(installed(app).services.settings.log_level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app.before_request(_begin)
    app.after_request(_end)

"""Which language a person reads, and how values become words in it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context, request
from flask.wrappers import Response
from flask_babel import Babel

from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import installed
from creditsvc.web.cookies import LANGUAGE, keep_language

BEIJING = ZoneInfo("Asia/Shanghai")
CHINESE, ENGLISH = "zh_Hans_CN", "en"
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")


def language() -> str:
    """The locale of this request: the address says (``?lang=en``), else the cookie, else Chinese."""
    if not has_request_context():
        return CHINESE
    if not request.query_string and "Cookie" not in request.headers:
        return CHINESE  # a program's request: what isn't there need not be taken apart
    asked = request.args.get("lang", "")[:8]
    wanted = asked if asked in {"en", "zh"} else request.cookies.get(LANGUAGE, "")
    if asked in {"en", "zh"}:
        g.chosen_language = asked
    return ENGLISH if wanted == "en" else CHINESE


def in_language(value: object) -> str:
    """A bilingual text in this request's language; plain text as it is."""
    return value.in_language(language()) if isinstance(value, Bilingual) else str(value)


def day(value: date | datetime | None) -> str:
    """A legal day in words: 2026年11月24日, or 24 November 2026. An instant is taken as its Beijing day."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        value = value.astimezone(BEIJING).date()
    if language() == ENGLISH:
        return f"{value.day} {value:%B} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def weekday(value: date) -> str:
    """The day of the week."""
    return f"{value:%A}" if language() == ENGLISH else "星期" + _WEEKDAYS[value.weekday()]


def instant(value: datetime | None) -> str:
    """An instant in Beijing time, to the minute."""
    if value is None:
        return "—"
    local = value.astimezone(BEIJING)
    return f"{day(local.date())} {local:%H:%M}"


def _remember(response: Response) -> Response:
    if chosen := g.get("chosen_language"):
        keep_language(response, chosen)
    response.headers["Content-Language"] = "en" if language() == ENGLISH else "zh-CN"
    return response


def install_language(app: Flask, own: str) -> None:
    """Put Babel in with the catalogues of every feature, and the filters."""
    folders = dict.fromkeys([own, *installed(app).translations])
    app.config.update(BABEL_DEFAULT_LOCALE=CHINESE, BABEL_TRANSLATION_DIRECTORIES=";".join(folders))
    Babel(app, locale_selector=language, timezone_selector=lambda: "Asia/Shanghai")
    app.after_request(_remember)
    app.jinja_env.filters.update(in_language=in_language, day=day, instant=instant, weekday=weekday)
    app.jinja_env.globals.update(language=language)

"""The publisher's answers, turned into values or into the error that they mean."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

import msgspec

from sync.mirror.errors import CursorAhead, FeedEndless, FeedUnreadable, MirrorError
from sync.mirror.fetch import Answer, Fetcher
from sync.mirror.trouble import AskedTooOften, KeyRefused, PublisherUnreachable, ScopeDenied
from sync.wire.events import LONGEST_LINE
from sync.wire.origins import stream_path

SMALL = 64 * 1024
PAGE = 64 * 1024 * 1024
"""Bytes: of heads, keys, digests and lines; of a page of a thousand slips. Events are read line by line."""


class Gone(Exception):
    """410: the cursor is older than what is remembered. Not an error: the snapshot answers it."""


class Absent(Exception):
    """404: there is no such thing (yet)."""


class OverdueHere(Exception):
    """403 ``overdue``: removals are all that is served until receipts have come."""


def problem_type(answer: Answer) -> str:
    """``type`` of a problem document; empty if there is none."""
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    found = value.get("type") if isinstance(value, dict) else None
    return found if isinstance(found, str) and len(found) < 64 and found.isascii() else ""


def refuse(answer: Answer, *, cursor: int = 0) -> None:
    """Raise what a status outside 200 and 304 means; nothing for those."""
    if answer.status in {200, 201, 204, 304}:
        return
    problem = problem_type(answer)
    if answer.status == 404:
        raise Absent
    if answer.status == 410:
        raise Gone
    if problem == "overdue":
        raise OverdueHere
    if problem == "cursor-ahead":
        raise CursorAhead(cursor=cursor)
    raise _of_access(answer.status, problem)


def _of_access(status: int, problem: str) -> MirrorError:
    if status == 401:
        return KeyRefused()
    if status == 403:
        return ScopeDenied(problem=problem or "403")
    if status == 429:
        return AskedTooOften()
    return PublisherUnreachable(reason=f"HTTP {status} {problem}".strip())


class Feed:
    """One stream at one publisher."""

    def __init__(self, fetcher: Fetcher, stream: str) -> None:
        self.fetcher = fetcher
        self.stream = stream

    def get(self, rest: str, *, limit: int = SMALL, etag: str = "", cursor: int = 0) -> Answer:
        """``/v1/streams/{stream}/{rest}``; raises what its status means."""
        answer = self.fetcher.get(stream_path(self.stream, rest), limit=limit, etag=etag)
        refuse(answer, cursor=cursor)
        return answer

    def json(self, rest: str) -> dict[str, Any]:
        """A small JSON object."""
        return as_object(self.get(rest))

    def lines(self, rest: str, *, most: int, cursor: int = 0) -> Generator[bytes]:
        """A body's lines as they come, without LF, in flat memory. Raises FeedEndless beyond ``most`` lines or in a line
        that doesn't end, FeedUnreadable for a last line that is cut."""
        held, came = b"", 0
        with closing(self.open(rest, cursor=cursor)) as pieces:
            for piece in pieces:
                *whole, held = (held + piece).split(b"\n")
                came += len(whole)
                if came > most or len(held) > LONGEST_LINE:
                    raise FeedEndless(path=rest.partition("?")[0], limit=LONGEST_LINE)
                yield from whole
        if held:
            raise FeedUnreadable(where="event")

    def open(self, rest: str, *, cursor: int = 0) -> Generator[bytes]:
        """A large body in pieces."""
        answer, pieces = self.fetcher.open(stream_path(self.stream, rest))
        if answer.status != 200:
            body = b""
            for piece in pieces:
                body += piece
                if len(body) > SMALL:
                    break
            refuse(Answer(answer.status, answer.headers, body), cursor=cursor)
        return (piece for piece in pieces)

    def post(self, rest: str, body: bytes, *, content_type: str) -> Answer:
        """Send something; the answer as it is."""
        path = stream_path(self.stream, rest)
        return self.fetcher.post(path, body, content_type=content_type, limit=PAGE)


def as_object(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; FeedUnreadable if it isn't one."""
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise FeedUnreadable(where="json") from None
    if not isinstance(value, dict):
        raise FeedUnreadable(where="json")
    return value

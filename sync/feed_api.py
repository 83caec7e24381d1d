"""The feed's addresses. A subscriber's program calls them; what they serve and answer is fixed by the contract."""

from __future__ import annotations

import gzip
import re
import threading
import time
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotAllowed, NotSignedIn, TooLarge
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from sync import feed_reading, receipts
from sync.feed_state import bucket_digests, bucket_lines, group_digests
from sync.heads import key_list_note
from sync.slip_answers import slips_after
from sync.snapshots import snapshot_file
from sync.subscribers import agreement_for, progress_of, register_verifier, subscriber_named
from sync.tables_feed import Agreement, FeedStream, Subscriber
from sync.wire.canonical import canonical_json, parse_json
from sync.wire.encoding import b64url
from sync.wire.state import FAN

blueprint = Blueprint("feed", __name__, url_prefix="/v1")

LONGEST_WAIT = 25
POLL = 0.25
MOST_WAITERS = 4
"""Waiters beyond this many are answered at once: a wait is a wish, and threads are few."""
_waiters = threading.BoundedSemaphore(MOST_WAITERS)
SMALL = 1024
LARGEST_NOTE = 64 * 1024
NDJSON = "application/x-ndjson; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


def _number(name: str, default: int) -> int:
    raw = request.args.get(name)
    if raw is None:
        return default
    if not _NUMBER.fullmatch(raw):
        raise InvalidInput(
            Bilingual(f"{name} 应为非负整数", f"{name} must be a whole number"), code="query-invalid", field=name
        )
    return int(raw)


def _entitled(session: Session, stream: str) -> tuple[Subscriber, Agreement]:
    """The subscriber whose key this is and the agreement that covers the stream."""
    who = caller()
    if who.subscriber is None:
        if not who.may(Permission.SIGNED_IN):
            raise NotSignedIn(Bilingual("请求须携带接口密钥", "the request needs an API key"), code="key-missing")
        raise NotAllowed(
            Bilingual("该密钥不属于订阅单位", "this key does not belong to a subscriber"), code="scope-denied"
        )
    who.require(Permission.STREAM_PULL)
    subscriber = subscriber_named(session, who.subscriber)
    return subscriber, agreement_for(session, subscriber, stream, legal_day(services().clock.now()))


def _admit(session: Session, stream: str) -> Subscriber | None:
    """Nobody needs a key for ``public``; every other stream needs an agreement."""
    feed_reading.stream_row(session, stream)
    return None if stream == "public" and caller().subscriber is None else _entitled(session, stream)[0]


def _answer(body: bytes, kind: str, *, cache: str = "no-cache", headers: dict[str, str] | None = None) -> Response:
    response = Response(body, content_type=kind, headers=headers)
    response.headers["Cache-Control"] = cache
    response.add_etag()
    response.make_conditional(request)
    if (
        response.status_code == 200
        and len(body) > SMALL
        and request.accept_encodings.best_match(["gzip", "identity"]) == "gzip"
    ):
        response.set_data(gzip.compress(body, 1))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding, Authorization"
    return response


def _json(value: dict[str, Any], **more: Any) -> Response:
    return _answer(canonical_json(value), "application/json", **more)


@blueprint.get("/keys")
@open_to(Permission.ANYONE)
def keys() -> ResponseReturnValue:
    """The signed key list."""
    with services().database.reading() as session:
        return _answer(key_list_note(session).encode(), PLAIN)


@blueprint.get("/streams/<stream>/head")
@open_to(Permission.ANYONE)
def head(stream: str) -> ResponseReturnValue:
    """The signed head; needs no key."""
    with services().database.reading() as session:
        return _answer(feed_reading.stream_row(session, stream).head.encode(), PLAIN)


@blueprint.get("/streams/<stream>/<int(min=0,max=999999999):epoch>/checkpoint")
@open_to(Permission.ANYONE)
def checkpoint(stream: str, epoch: int) -> ResponseReturnValue:
    """The head, as the log's checkpoint."""
    with services().database.reading() as session:
        return _answer(_epoch(session, stream, epoch).head.encode(), PLAIN)


@blueprint.get("/streams/<stream>/<int(min=0,max=999999999):epoch>/<path:path>")
@open_to(Permission.ANYONE)
def tile(stream: str, epoch: int, path: str) -> ResponseReturnValue:
    """A tile of the log: immutable."""
    with services().database.reading() as session:
        body = feed_reading.tile(session, _epoch(session, stream, epoch), path)
    return _answer(body, "application/octet-stream", cache="public, max-age=31536000, immutable")


def _epoch(session: Session, stream: str, epoch: int) -> FeedStream:
    row = feed_reading.stream_row(session, stream)
    if row.epoch != epoch:
        raise InvalidInput(Bilingual("没有这个纪元", "no such epoch"), code="epoch-unknown", epoch=row.epoch)
    return row


@blueprint.get("/streams/<stream>/events")
@open_to(Permission.ANYONE)
def events(stream: str) -> ResponseReturnValue:
    """Events after a sequence; waits for the next one if there is none and the client asks for it."""
    after, limit = _number("after", 0), _number("limit", feed_reading.MOST)
    with services().database.reading() as session:
        subscriber = _admit(session, stream)
        feed_reading.check_cursor(feed_reading.stream_row(session, stream), after)
    _wait(stream, after, min(_number("wait", 0), LONGEST_WAIT))
    with services().database.reading() as session:
        page = feed_reading.events_after(session, feed_reading.stream_row(session, stream), after, limit)
    if subscriber is not None and page.last > after:
        _note_fetched(subscriber.id, stream, page.last)
    return _answer(page.body, NDJSON, headers={"Feed-Sequence": str(page.last)})


def _wait(stream: str, after: int, seconds: int) -> None:
    if not seconds or not _waiters.acquire(blocking=False):
        return
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with services().database.reading() as session:
                if feed_reading.stream_row(session, stream).size > after:
                    return
            time.sleep(POLL)
    finally:
        _waiters.release()


def _note_fetched(subscriber: int, stream: str, sequence: int) -> None:
    with services().database.writing() as session:
        progress = progress_of(session, subscriber, stream)
        if sequence > progress.fetched:
            progress.fetched, progress.fetched_at = sequence, services().clock.now()


@blueprint.get("/streams/<stream>/segments")
@open_to(Permission.ANYONE)
def segments(stream: str) -> ResponseReturnValue:
    """The list of whole blocks of events."""
    with services().database.reading() as session:
        _admit(session, stream)
        return _json(
            feed_reading.segments(session, feed_reading.stream_row(session, stream)), cache="private, max-age=60"
        )


@blueprint.get("/streams/<stream>/segments/<name>")
@open_to(Permission.ANYONE)
def segment(stream: str, name: str) -> ResponseReturnValue:
    """One block of events."""
    with services().database.reading() as session:
        _admit(session, stream)
        body = feed_reading.segment(session, feed_reading.stream_row(session, stream), name)
    return _answer(body, NDJSON, cache="private, max-age=60")


@blueprint.get("/streams/<stream>/snapshots/latest")
@open_to(Permission.ANYONE)
def snapshot(stream: str) -> ResponseReturnValue:
    """Everything in force as one signed file, handed over as it lies on disk."""
    with services().database.reading() as session:
        subscriber = _admit(session, stream)
    path, sequence = snapshot_file(services(), stream, services().clock.now())
    if subscriber is not None:
        _note_fetched(subscriber.id, stream, sequence)
    response = Response(_file(path), content_type=NDJSON)
    response.headers.update(
        {"Content-Encoding": "gzip", "Cache-Control": "private, no-cache", "Feed-Sequence": str(sequence)}
    )
    return response


def _file(path: Any) -> Any:
    with path.open("rb") as file:
        while block := file.read(256 * 1024):
            yield block


@blueprint.get("/streams/<stream>/state")
@open_to(Permission.ANYONE)
def state(stream: str) -> ResponseReturnValue:
    """The digests of the 256 groups."""
    with services().database.reading() as session:
        _admit(session, stream)
        row = feed_reading.stream_row(session, stream)
        groups = [b64url(digest) for digest in group_digests(session, stream)]
        return _json({"groups": groups, "sequence": row.size, "state": b64url(bytes(row.state))})


def _in_range(*numbers: int) -> None:
    if any(number >= FAN for number in numbers):
        raise InvalidInput(Bilingual("组号与桶号为 0 至 255", "groups and buckets are 0 to 255"), code="bucket-unknown")


@blueprint.get("/streams/<stream>/state/<int(min=0,max=99999):group>")
@open_to(Permission.ANYONE)
def state_group(stream: str, group: int) -> ResponseReturnValue:
    """The digests of one group's 256 buckets."""
    _in_range(group)
    with services().database.reading() as session:
        _admit(session, stream)
        row = feed_reading.stream_row(session, stream)
        buckets = [b64url(digest) for digest in bucket_digests(session, stream, group)]
        return _json({"buckets": buckets, "group": group, "sequence": row.size})


@blueprint.get("/streams/<stream>/state/<int(min=0,max=99999):group>/<int(min=0,max=99999):bucket>")
@open_to(Permission.ANYONE)
def state_bucket(stream: str, group: int, bucket: int) -> ResponseReturnValue:
    """The lines of one bucket."""
    _in_range(group, bucket)
    number = group * FAN + bucket
    with services().database.reading() as session:
        _admit(session, stream)
        row = feed_reading.stream_row(session, stream)
        lines = bucket_lines(session, stream, [number]).get(number, b"")
        return _answer(lines, PLAIN, headers={"Feed-Sequence": str(row.size)})


@blueprint.get("/streams/<stream>/slips")
@open_to(Permission.STREAM_PULL)
def slips(stream: str) -> ResponseReturnValue:
    """The numbers behind subjects, as this subscriber's agreement says."""
    after = _number("after", 0)
    with services().database.reading() as session:
        subscriber, agreement = _entitled(session, stream)
        body, following = slips_after(session, services(), subscriber, agreement, stream=stream, after=after)
    return _answer(body, NDJSON, cache="private, no-store", headers={"Feed-Sequence": str(following)})


@blueprint.post("/streams/<stream>/receipts/nonce")
@open_to(Permission.STREAM_PULL)
def receipt_nonce(stream: str) -> ResponseReturnValue:
    """The question of one receipt."""
    asked = parse_json(_body(), "nonce").get("sequence")
    if type(asked) is not int:
        raise InvalidInput(Bilingual("请给出 sequence", "give the sequence"), code="query-invalid", field="sequence")
    with services().database.writing() as session:
        subscriber, _ = _entitled(session, stream)
        answer = receipts.ask(session, subscriber, stream=stream, sequence=asked, now=services().clock.now())
    return _json(answer, cache="no-store")


@blueprint.post("/streams/<stream>/receipts")
@open_to(Permission.STREAM_PULL)
def receipt(stream: str) -> ResponseReturnValue:
    """A signed receipt: applied, or 409 with where the two sets differ."""
    raw = _body()
    with services().database.writing() as session:
        subscriber, _ = _entitled(session, stream)
        judged = receipts.accept(
            session, subscriber, raw, host=services().settings.host, stream=stream, now=services().clock.now()
        )
    if not judged.agrees:
        raise receipts.StateMismatch(
            Bilingual(
                "本地副本与已发布状态不一致，请按所附摘要修复",
                "the copy differs from what was published; heal by the digests",
            ),
            **(judged.problem or {}),
        )
    return _json({"applied": True, "sequence": judged.sequence}, cache="no-store")


@blueprint.post("/agreements/verifier")
@open_to(Permission.STREAM_PULL)
def verifier() -> ResponseReturnValue:
    """A subscriber registers, once, the key that will sign its receipts; the desk alone replaces it."""
    text = parse_json(_body(), "verifier").get("verifier")
    with services().database.writing() as session:
        who = caller()
        if who.subscriber is None:
            raise NotSignedIn(Bilingual("请求须携带接口密钥", "the request needs an API key"), code="key-missing")
        subscriber = subscriber_named(session, who.subscriber)
        register_verifier(session, subscriber, str(text), caller=who, now=services().clock.now(), replace=False)
    return _json({"registered": True, "subscriber": subscriber.name}, cache="no-store")


def _body() -> bytes:
    if (request.content_length or 0) > LARGEST_NOTE:
        raise TooLarge(Bilingual("请求过大", "the request is too large"), code="too-large")
    return request.get_data(cache=False)[:LARGEST_NOTE]

"""The feed's addresses. A subscriber's program calls them; what they serve and answer is fixed by the contract."""

from __future__ import annotations

import gzip
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wsgi import wrap_file

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import InvalidInput, NotFound, NotSignedIn, TooLarge
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from sync import feed_reading, receipts
from sync.feed_access import Admitted, admit, entitled, entitled_or_parting
from sync.feed_state import bucket_digests, bucket_lines, group_digests
from sync.key_lists import key_list_note
from sync.ladder import note_fetched
from sync.sheets import KINDS, Sheet, sheet_file
from sync.slip_answers import slips_after
from sync.snapshots import snapshot_file
from sync.subscribers import register_verifier, subscriber_named
from sync.tables_feed import FeedStream, Progress
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
BLOCK = 256 * 1024
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
    return _answer(feed_reading.newest_head(services().database, stream)[0].encode(), PLAIN)


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
        raise NotFound(Bilingual("没有这个纪元", "no such epoch"), code="epoch-unknown", epoch=row.epoch)
    return row


@blueprint.get("/streams/<stream>/events")
@open_to(Permission.ANYONE)
def events(stream: str) -> ResponseReturnValue:
    """Events after a sequence; waits for the next one if there is none and the client asks for it."""
    after, limit = _number("after", 0), _number("limit", feed_reading.MOST)
    with services().database.reading() as session:
        admitted = admit(session, stream)
        feed_reading.check_cursor(feed_reading.stream_row(session, stream), after)
    _wait(stream, after, min(_number("wait", 0), LONGEST_WAIT))
    limits = admitted.overdue.withheld_after if admitted and admitted.overdue else None
    with services().database.reading() as session:
        row = feed_reading.stream_row(session, stream)
        page = feed_reading.events_after(session, row, after, limit, withheld_after=limits)
    if admitted is not None and page.last > after:
        _note_fetched(admitted.subscriber.id, stream, page.last)
    return _answer(page.body, NDJSON, cache="private, no-cache", headers={"Feed-Sequence": str(page.last)})


def _wait(stream: str, after: int, seconds: int) -> None:
    if not seconds or not _waiters.acquire(blocking=False):
        return
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if feed_reading.newest_head(services().database, stream)[1] > after:
                return
            time.sleep(POLL)
    finally:
        _waiters.release()


def _note_fetched(subscriber: int, stream: str, sequence: int) -> None:
    with services().database.reading() as session:
        known = session.get(Progress, (subscriber, stream))
        if known is not None and known.fetched >= sequence:
            return
    with services().database.writing() as session:
        note_fetched(session, subscriber, stream, sequence, services().clock.now())


@blueprint.get("/streams/<stream>/segments")
@open_to(Permission.ANYONE)
def segments(stream: str) -> ResponseReturnValue:
    """The list of whole blocks of events."""
    with services().database.reading() as session:
        _served(session, stream)
        return _json(
            feed_reading.segments(session, feed_reading.stream_row(session, stream)), cache="private, max-age=60"
        )


@blueprint.get("/streams/<stream>/segments/<name>")
@open_to(Permission.ANYONE)
def segment(stream: str, name: str) -> ResponseReturnValue:
    """One block of events."""
    with services().database.reading() as session:
        _served(session, stream)
        body = feed_reading.segment(session, feed_reading.stream_row(session, stream), name)
    return _answer(body, NDJSON, cache="private, max-age=60")


@blueprint.get("/streams/<stream>/snapshots/latest")
@open_to(Permission.ANYONE)
def snapshot(stream: str) -> ResponseReturnValue:
    """Everything in force as one signed file, handed over as it lies on disk."""
    with services().database.reading() as session:
        admitted = _served(session, stream)
    path, sequence, epoch = snapshot_file(services(), stream, services().clock.now())
    if admitted is not None:
        _note_fetched(admitted.subscriber.id, stream, sequence)
    headers = {"Content-Encoding": "gzip", "Cache-Control": "private, no-cache", "Feed-Sequence": str(sequence)}
    return _file(path, NDJSON, f"{epoch}-{sequence}", headers)


def _file(path: Path, kind: str, etag: str, headers: dict[str, str]) -> Response:
    """A file as it lies on disk: handed to the proxy where there is one, else from here."""
    response = Response(content_type=kind, headers=headers)
    response.set_etag(etag)
    response.make_conditional(request)
    prefix, folder = services().settings.accel_prefix, services().settings.home / "feed"
    if response.status_code != 200:
        return response
    if prefix:
        response.headers["X-Accel-Redirect"] = f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}"
        return response
    # opened here: once open, it stays whole although a newer one takes its place
    file = path.open("rb")
    response.response = wrap_file(request.environ, file, BLOCK)
    # of the file: it was reckoned from the empty body that the conditions were judged by
    response.content_length = os.fstat(file.fileno()).st_size
    return response


@blueprint.get("/streams/<stream>/snapshots/latest.<any(csv, xlsx):form>")
@open_to(Permission.ANYONE)
def sheet(stream: str, form: str) -> ResponseReturnValue:
    """The snapshot as a spreadsheet for a small office."""
    made = _sheet(stream, form)
    headers = {
        "Cache-Control": "private, no-cache",
        "Feed-Sequence": str(made.sequence),
        "Content-Disposition": f"attachment; filename={stream}-{made.sequence}.{form}",
    }
    return _file(made.path, KINDS[form], f"{made.epoch}-{made.sequence}-{form}", headers)


@blueprint.get("/streams/<stream>/snapshots/latest.<any(csv, xlsx):form>.note")
@open_to(Permission.ANYONE)
def sheet_note(stream: str, form: str) -> ResponseReturnValue:
    """The detached signature of the spreadsheet."""
    made = _sheet(stream, form)
    return _answer(made.note.encode(), PLAIN, cache="private, no-cache", headers={"Feed-Sequence": str(made.sequence)})


def _sheet(stream: str, form: str) -> Sheet:
    with services().database.reading() as session:
        _served(session, stream)
    return sheet_file(services(), stream, form, services().clock.now())


def _served(session: Session, stream: str) -> Admitted | None:
    """Admit whoever is not overdue."""
    admitted = admit(session, stream)
    if admitted is not None:
        admitted.refuse_overdue()
    return admitted


@blueprint.get("/streams/<stream>/state")
@open_to(Permission.ANYONE)
def state(stream: str) -> ResponseReturnValue:
    """The digests of the 256 groups."""
    with services().database.reading() as session:
        admit(session, stream)
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
        admit(session, stream)
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
        admit(session, stream)
        row = feed_reading.stream_row(session, stream)
        lines = bucket_lines(session, stream, [number]).get(number, b"")
        return _answer(lines, PLAIN, headers={"Feed-Sequence": str(row.size)})


@blueprint.get("/streams/<stream>/slips")
@open_to(Permission.STREAM_PULL)
def slips(stream: str) -> ResponseReturnValue:
    """The numbers behind subjects, as this subscriber's agreement says."""
    after = _number("after", 0)
    with services().database.reading() as session:
        admitted = entitled(session, stream)
        admitted.refuse_overdue()
        feed_reading.check_ahead(feed_reading.stream_row(session, stream), after)
        body, following = slips_after(
            session, services(), admitted.subscriber, admitted.agreement, stream=stream, after=after
        )
    return _answer(body, NDJSON, cache="private, no-store", headers={"Feed-Sequence": str(following)})


@blueprint.post("/streams/<stream>/receipts/nonce")
@open_to(Permission.STREAM_PULL)
def receipt_nonce(stream: str) -> ResponseReturnValue:
    """The question of one receipt."""
    asked = parse_json(_body(), "nonce").get("sequence")
    if type(asked) is not int:
        raise InvalidInput(Bilingual("请给出 sequence", "give the sequence"), code="query-invalid", field="sequence")
    with services().database.writing() as session:
        admitted = entitled_or_parting(session, stream)
        answer = receipts.ask(session, admitted.subscriber, stream=stream, sequence=asked, now=services().clock.now(),
                              parting=admitted.parting)  # fmt: skip
    return _json(answer, cache="no-store")


@blueprint.post("/streams/<stream>/receipts")
@open_to(Permission.STREAM_PULL)
def receipt(stream: str) -> ResponseReturnValue:
    """A signed receipt: applied, or 409 with where the two sets differ."""
    raw = _body()
    with services().database.reading() as session:
        admitted = entitled_or_parting(session, stream)
        now, weighed = services().clock.now(), None
        if not admitted.parting:
            weighed = receipts.weigh(session, admitted.subscriber, raw, stream=stream, now=now)
    with services().database.writing() as session:
        admitted = entitled_or_parting(session, stream)
        judged = receipts.accept(
            session, admitted.subscriber, raw, host=services().settings.host, stream=stream, now=services().clock.now(),
            parting=admitted.parting, weighed=weighed,
        )  # fmt: skip
    if judged.refusal is not None:
        raise judged.refusal
    return _json({"applied": True, "sequence": judged.sequence}, cache="no-store")


@blueprint.post("/agreements/key")
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

"""The stand-in's HTTP end: batches by signed POST, receipts and messages by GET, both schemes checked as real ones do.

A threaded server of the standard library: for tests, demonstrations and trying out, never for production.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from creditsvc.wallclock import Clock
from sync.platform.channels.http import NOTE, NUMBER
from sync.platform.channels.signing import NATIONAL, TIME, WINDOW, check_national, check_ours, seal_secret
from sync.platform.shape.files import read_file, write_file
from sync.platform.shape.profile import Side
from sync.platform.shape.xml_files import FileBroken
from sync.platform.standin.platform import StandIn
from sync.wire.encoding import parse_instant, unb64
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.notes import VerifierKey

MOST_BYTES = 64 * 1024 * 1024
SECRET_LIFE = timedelta(hours=1)
Answer = tuple[int, bytes, dict[str, str]]


class HttpEnd:
    """One address. ``key`` is the link's; ``appkey`` opens the national scheme."""

    def __init__(self, standin: StandIn, clock: Clock, *, key: VerifierKey, appkey: bytes = b"") -> None:
        self._standin, self._clock, self._key, self._appkey = standin, clock, key, appkey
        self._secret, self._secret_ends = "", clock.now()
        self._nonces: dict[bytes, datetime] = {}
        self._lock = threading.Lock()
        self.refused = 0
        """Requests that were not signed as they should be."""
        self.swallow = False
        """Answer 200 to the next batches and forget them unread."""
        self._server: ThreadingHTTPServer | None = None

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Start, in threads of its own; the address."""
        end = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(min(length, MOST_BYTES))
                status, content, headers = end.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, *_args: Any) -> None:
                """Say nothing: addresses and bodies are not for a log."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://{host}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one request."""
        path = urlsplit(target).path
        if path == "/secret":
            return self._hand_out(target)
        if refused := self._refused(method, target, headers, body):
            self.refused += 1
            return refused
        name = path.strip("/").split("/")[0]
        work = _ROUTES.get((method, name if path.count("/") == 1 else path.strip("/").split("/")[0] + "/*"))
        return work(self, path, headers, body) if work else (404, b"", {})

    def _hand_out(self, target: str) -> Answer:
        if not self._appkey or not parse_qs(urlsplit(target).query).get("rid"):
            return 404, b"", {}
        now = self._clock.now()
        if self._secret_ends <= now:
            self._secret, self._secret_ends = secrets.token_hex(16), now + SECRET_LIFE
        body = {
            "secret": seal_secret(self._secret, self._appkey),
            "secretEndTime": int(self._secret_ends.timestamp() * 1000),
        }
        return 200, json.dumps(body).encode(), {"Content-Type": "application/json"}

    def _refused(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        now = self._clock.now() + timedelta(seconds=self._standin.manners.seconds_ahead)
        try:
            if NATIONAL[0] in headers:
                check_national(headers, self._secret, now)
                return None
            nonce = check_ours(headers, self._key, method, target, body, at=now)
        except SignatureInvalid:
            return 401, b"", _clock_note(headers, now)
        with self._lock:
            self._nonces = {old: at for old, at in self._nonces.items() if now - at < 2 * WINDOW}
            if nonce in self._nonces:
                return 401, b"", {}
            self._nonces[nonce] = now
        return None

    def _take(self, _path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        number = headers.get(NUMBER, "")
        if self.swallow:
            return 200, b"", {}
        if self._standin.ledger.knows_batch(number):
            return 409, b"", {}
        try:
            rows = read_file(self._standin.profile, body)
            note = unb64(headers.get(NOTE, ""), "note", length=None).decode()
        except (FileBroken, FormatInvalid, UnicodeDecodeError):
            return 422, b"", {}
        shaped = [(row, self._standin.ledger.shape_of(row)) for row in rows]
        receipts = self._standin.take_batch(number, shaped, note, self._clock.now())
        self._standin.ledger.queue("receipts", [json.dumps(row) for row in receipts])
        return 202, b"", {}

    def _known(self, path: str, _headers: Mapping[str, str], _body: bytes) -> Answer:
        return (200 if self._standin.ledger.knows_batch(unquote(path.rsplit("/", 1)[1])) else 404), b"", {}

    def _waiting(self, path: str, _headers: Mapping[str, str], _body: bytes) -> Answer:
        what = path.strip("/")
        side = self._standin.profile.feedback if what == "receipts" else self._standin.profile.messages
        rows = [json.loads(body) for _, body in self._standin.ledger.waiting(what)]
        if side is None or not rows or self._standin.habit("delay"):
            return 204, b"", {}
        return 200, self._file(side, rows), {}

    def _file(self, side: Side, rows: Sequence[Mapping[str, Any]]) -> bytes:
        columns = [column.name for column in side.columns]
        lines = [[row.get(name) for name in columns] for row in rows]
        content = write_file(self._standin.profile, side.place + "answer", columns, lines, {})
        return content[: len(content) // 2] if self._standin.habit("half_file") else content

    def _taken(self, path: str, _headers: Mapping[str, str], body: bytes) -> Answer:
        what = path.strip("/").split("/")[0]
        side = self._standin.profile.feedback if what == "receipts" else self._standin.profile.messages
        name, ids = side.named("id") if side else "", set(json.loads(body or b"[]"))
        self._standin.ledger.fetched(
            [at for at, row in self._standin.ledger.waiting(what) if json.loads(row).get(name) in ids]
        )
        return 204, b"", {}

    def _holdings(self, _path: str, _headers: Mapping[str, str], _body: bytes) -> Answer:
        side = self._standin.profile.holdings
        if side is None:
            return 404, b"", {}
        columns = [column.name for column in side.columns]
        lines = [[row.get(name) for name in columns] for row in self._standin.ledger.holdings()]
        return 200, write_file(self._standin.profile, side.place, columns, lines, {}), {}

    def _answered(self, _path: str, _headers: Mapping[str, str], body: bytes) -> Answer:
        side = self._standin.profile.answers
        if side is None:
            return 404, b"", {}
        for row in read_file(self._standin.profile, body):
            self._standin.ledger.keep_answer(
                row[side.named("message")], row[side.named("outcome")], row.get(side.named("text"), "")
            )
        return 202, b"", {}

    def create(self) -> None:
        """Nothing has to be made."""

    def work(self, now: datetime) -> int:
        """Nothing to do between requests: rows are taken as they come."""
        del now
        return 0

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand a message over."""
        self._standin.ledger.queue("messages", [json.dumps(dict(message))])


def _clock_note(headers: Mapping[str, str], now: datetime) -> dict[str, str]:
    """How far the caller's clock is off, if that is what is wrong."""
    try:
        if NATIONAL[2] in headers:
            apart = int(headers[NATIONAL[2]]) / 1000 - now.timestamp()
        else:
            apart = (parse_instant(headers.get(TIME, ""), "time") - now).total_seconds()
    except (ValueError, FormatInvalid):
        return {}
    return {"X-Clock-Apart": str(int(apart))} if abs(apart) > WINDOW.total_seconds() else {}


Work = Callable[[HttpEnd, str, Mapping[str, str], bytes], Answer]
_ROUTES: Mapping[tuple[str, str], Work] = {
    ("POST", "batches"): HttpEnd._take, ("GET", "batches/*"): HttpEnd._known, ("GET", "receipts"): HttpEnd._waiting,
    ("POST", "receipts/*"): HttpEnd._taken, ("GET", "messages"): HttpEnd._waiting, ("POST", "messages/*"): HttpEnd._taken,
    ("GET", "holdings"): HttpEnd._holdings, ("POST", "answers"): HttpEnd._answered,
}  # fmt: skip

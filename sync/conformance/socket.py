"""The publisher behind a real socket on the loopback."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sync.conformance.misbehaving import MisbehavingPublisher
from sync.mirror.fetch import Answer
from sync.mirror.trouble import PublisherUnreachable

KEY = "key-of-bureau-a"
_LARGE = 2**30
_LARGEST_SENT = 1024 * 1024
_BODILESS = frozenset({204, 304})


class _Server(ThreadingHTTPServer):
    """One publisher, asked by one client at a time."""

    daemon_threads = True

    def __init__(self, feed: MisbehavingPublisher, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.feed = feed
        self.key = key


class _Handler(BaseHTTPRequestHandler):
    """Answers as the publisher does; where that says nothing, the connection is closed without an answer."""

    server: _Server

    def do_GET(self) -> None:
        """GET."""
        if not self._may_ask():
            self._send(Answer(401, {}, b'{"type":"key-missing"}'))
            return
        with suppress(PublisherUnreachable, OSError):
            if self.server.feed.fault == "endless":
                self._stream()
            else:
                self._answer_whole()

    def _answer_whole(self) -> None:
        etag = self.headers.get("If-None-Match", "")
        with self.server.feed.lock:
            answer = self.server.feed.get(self.path, limit=_LARGE, etag=etag)
        self._send(answer)

    def do_POST(self) -> None:
        """POST."""
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(_LARGEST_SENT, int(length) if length.isdecimal() else 0))
        with suppress(PublisherUnreachable, OSError):
            with self.server.feed.lock:
                answer = self.server.feed.post(self.path, body, content_type="", limit=_LARGE)
            self._send(answer)

    def _may_ask(self) -> bool:
        open_to_all = self.path.endswith(("/v1/keys", "/head")) or "/tile/" in self.path
        bearer = self.headers.get("Authorization") == f"Bearer {self.server.key}"
        return not self.server.key or open_to_all or bearer

    def _stream(self) -> None:
        """Without an end, where the publisher has none: until the client hangs up or the fault is mended."""
        with self.server.feed.lock:
            answer, pieces = self.server.feed.open(self.path)
        self.send_response(answer.status)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
            if self.server.feed.fault != "endless":
                return

    def _send(self, answer: Answer) -> None:
        body = answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "gzip" in self.headers.get("Accept-Encoding", "") and body:
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        if answer.status not in _BODILESS:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if answer.status not in _BODILESS:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@contextmanager
def serving(feed: MisbehavingPublisher, *, key: str = "") -> Iterator[str]:
    """The address at which the publisher answers; with ``key``, only for that bearer key (keys, head and log are open)."""
    server = _Server(feed, key)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

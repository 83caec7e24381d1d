"""The simulated publisher behind a real socket, for the command line and for being killed in the middle."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sync.mirror.fetch import Answer
from tests.support.feed_simulator import Publisher

KEY = "key-of-bureau-a"


@contextmanager
def serving(feed: Publisher, *, key: str = "") -> Iterator[str]:
    """The address at which the publisher answers; with ``key``, only for that bearer key (keys and head are open)."""
    lock = feed.lock

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            open_to_all = self.path.endswith(("/v1/keys", "/head")) or "/tile/" in self.path
            with lock:
                if key and not open_to_all and self.headers.get("Authorization") != f"Bearer {key}":
                    self._send(Answer(401, {}, b'{"type":"key-missing"}'))
                    return
                self._send(feed.get(self.path, limit=2**30, etag=self.headers.get("If-None-Match", "")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with lock:
                self._send(feed.post(self.path, body, content_type="", limit=2**30))

        def _send(self, answer: Answer) -> None:
            body = answer.body
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "gzip" in self.headers.get("Accept-Encoding", "") and body:
                body = gzip.compress(body, 1)
                self.send_header("Content-Encoding", "gzip")
            if answer.status not in {204, 304}:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if answer.status not in {204, 304}:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

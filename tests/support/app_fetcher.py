"""A mirror's way to a publisher in the same process: the application's own routes, without a socket."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync.mirror.fetch import Answer


class AppFetcher:
    """Fetches with one subscriber's key."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def get(self, path: str, *, limit: int, etag: str = "") -> Answer:
        more = {"If-None-Match": etag} if etag else {}
        return _whole(self._client.get(path, headers=self._headers | more), limit)

    def open(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        answer = self._client.get(path, headers=self._headers)
        head = _whole(answer, 2**40)
        return Answer(head.status, head.headers), iter([head.body])

    def post(self, path: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        return _whole(self._client.post(path, data=body, content_type=content_type, headers=self._headers), limit)


def _whole(answer: TestResponse, limit: int) -> Answer:
    body = answer.get_data()
    answer.close()  # a file is handed out open
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    assert len(body) <= limit
    return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)

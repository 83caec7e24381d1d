"""How the mirror reaches its publisher: a Protocol, and urllib3 behind it. It trusts nothing that comes through here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import urllib3
from urllib3.exceptions import HTTPError

from sync.mirror.errors import FeedEndless
from sync.mirror.trouble import PublisherUnreachable, SettingUnusable

_BASE = re.compile(r"(https?)://([^\s/@?#]+)(/[^\s?#]*)?", re.ASCII)
_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?", re.ASCII)
_CHUNK = 64 * 1024
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
ENCODINGS = frozenset({"", "identity", "gzip"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers (names in lower case) and a whole body, decompressed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Fetcher(Protocol):
    """What the mirror needs of the network. Paths begin with ``/v1/``; redirects are answers like others."""

    def get(self, path: str, *, limit: int, etag: str = "") -> Answer:
        """A whole answer of at most ``limit`` bytes uncompressed; FeedEndless beyond, PublisherUnreachable if none."""
        ...

    def open(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        """An answer without its body, and the body in pieces, decompressed."""
        ...

    def post(self, path: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Like :meth:`get`, with something sent."""
        ...


class HttpFetcher:
    """Over HTTP(S). The key goes into a header, never into an address or a message."""

    def __init__(self, base: str, *, key: str = "") -> None:
        found = _BASE.fullmatch(base)
        if not found:
            raise SettingUnusable(
                "发布方地址应为 https://HOST[:PORT]；子命令为 check、status",
                "the publisher's address reads https://HOST[:PORT]; sub-commands are check and status",
            )
        if key and found[1] == "http" and not _LOOPBACK.fullmatch(found[2]):
            raise SettingUnusable("接口密钥只经 https 发送", "the API key travels by https alone")
        self._base = base.rstrip("/")
        self._headers = {"Accept-Encoding": "gzip", "User-Agent": "creditsvc-mirror/1"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

    def get(self, path: str, *, limit: int, etag: str = "") -> Answer:
        """See :class:`Fetcher`."""
        headers = {"If-None-Match": etag} if etag else {}
        return self._whole("GET", path, headers, None, limit)

    def post(self, path: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """See :class:`Fetcher`."""
        return self._whole("POST", path, {"Content-Type": content_type}, body, limit)

    def open(self, path: str) -> tuple[Answer, Iterator[bytes]]:
        """See :class:`Fetcher`."""
        response = self._request("GET", path, {}, None)
        return Answer(response.status, _lower(response.headers)), self._pieces(response)

    def _whole(self, method: str, path: str, headers: dict[str, str], body: bytes | None, limit: int) -> Answer:
        response = self._request(method, path, headers, body)
        pieces, held = [], 0
        for piece in self._pieces(response):
            held += len(piece)
            if held > limit:
                response.close()
                raise FeedEndless(path=path.partition("?")[0], limit=limit)
            pieces.append(piece)
        return Answer(response.status, _lower(response.headers), b"".join(pieces))

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> urllib3.BaseHTTPResponse:
        try:
            response = self._pool.request(
                method,
                self._base + path,
                headers={**self._headers, **headers},
                body=body,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise PublisherUnreachable(reason=type(error).__name__) from None
        if response.headers.get("Content-Encoding", "").lower() not in ENCODINGS:
            response.close()
            raise PublisherUnreachable(reason="Content-Encoding")
        return response

    def _pieces(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        try:
            yield from response.stream(_CHUNK, decode_content=True)
            response.release_conn()
        except HTTPError as error:
            raise PublisherUnreachable(reason=type(error).__name__) from None
        finally:
            response.close()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

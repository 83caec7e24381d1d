"""Signed requests over HTTP: a batch is one POST, and asking for it tells whether it arrived.

A receiver that answers 200 has taken the batch; whether it *keeps* it is told by receipts and by the daily comparison.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from creditsvc.wallclock import Clock
from sync.platform.alarms import ChannelTrouble
from sync.platform.channels.base import FEEDBACK, Bundle
from sync.platform.channels.database import answer_values
from sync.platform.channels.files import batch_file
from sync.platform.channels.signing import NationalSecret, national_headers, open_secret, our_headers
from sync.platform.shape.batches import BatchOut
from sync.platform.shape.files import each_row, read_file, write_file
from sync.platform.shape.profile import Profile, Side
from sync.platform.shape.rows import Provider
from sync.platform.shape.xml_files import FileBroken
from sync.wire.encoding import b64
from sync.wire.notes import Signer

NUMBER, NOTE = "X-Batch-Number", "X-Batch-Signature"
MOST_BYTES = 64 * 1024 * 1024
TIMEOUT = urllib3.Timeout(connect=5, read=60)


class Scheme(Protocol):
    """How a request is signed."""

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """The headers of one request."""
        ...


class OurScheme:
    """Ed25519 over the whole request."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self._signer, self._clock = signer, clock

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Four headers; the nonce is new for every request."""
        return our_headers(self._signer, method, target, body, at=self._clock.now(), nonce=secrets.token_bytes(16))


class NationalScheme:
    """The national sharing platform's: a secret is fetched first, opened with the appkey, and ends after a while."""

    def __init__(self, rid: str, sid: str, appkey: bytes, fetch: Callable[[], bytes], clock: Clock) -> None:
        self._rid, self._sid, self._appkey, self._fetch, self._clock = rid, sid, appkey, fetch, clock
        self._secret: NationalSecret | None = None

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Four headers over names and time; the batch's own signature covers the body."""
        del method, target, body
        now = self._clock.now()
        if self._secret is None or self._secret.ends_at <= now:
            self._secret = self._fetched()
        return national_headers(self._rid, self._sid, self._secret.secret, now)

    def _fetched(self) -> NationalSecret:
        try:
            answer = msgspec.json.decode(self._fetch())
            ends = datetime.fromtimestamp(int(answer["secretEndTime"]) / 1000, UTC)
            return NationalSecret(open_secret(str(answer["secret"]), self._appkey), ends)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError, OverflowError) as wrong:
            raise ChannelTrouble("receiver-refused", f"secret: {type(wrong).__name__}") from None


class HttpChannel:
    """One receiver."""

    def __init__(self, profile: Profile, provider: Provider, address: str, pool: urllib3.PoolManager) -> None:
        self._profile, self._provider, self._address, self._pool = profile, provider, address.rstrip("/"), pool
        self.scheme: Scheme | None = None

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signed: bool = True,
    ) -> tuple[int, bytes]:
        """Status and body. Raises ``ChannelTrouble``; no redirect is followed."""
        address = self._address + path
        target = urlsplit(address)
        signing = self.scheme.headers(method, target.path, body) if self.scheme and signed else {}
        try:
            answer = self._pool.request(
                method, address, body=body or None, headers={**(headers or {}), **signing}, redirect=False, retries=False,
                timeout=TIMEOUT, preload_content=False,
            )  # fmt: skip
            content = answer.read(MOST_BYTES + 1)
            answer.release_conn()
        except (HTTPError, OSError) as wrong:
            raise ChannelTrouble("receiver-gone", type(wrong).__name__) from None
        if len(content) > MOST_BYTES:
            raise ChannelTrouble("receiver-refused", "endless answer")
        if answer.status == 507:
            raise ChannelTrouble("disk-full")
        if answer.status == 401 and answer.headers.get("X-Clock-Apart"):
            raise ChannelTrouble("clock-apart", f"{answer.headers['X-Clock-Apart'][:12]} s")
        if answer.status >= 500:
            raise ChannelTrouble("receiver-gone", str(answer.status))
        return answer.status, content

    def _taken(self, status: int, allowed: tuple[int, ...]) -> None:
        if status not in allowed:
            raise ChannelTrouble("receiver-refused", str(status))

    def check(self) -> None:
        """Nothing to ask before a request."""

    def delivered(self, number: str) -> bool | None:
        """Whether the receiver knows the batch."""
        status, _ = self.request("GET", f"/batches/{quote(number, safe='')}")
        self._taken(status, (200, 404))
        return status == 200

    def deliver(self, batch: BatchOut, *, again: bool) -> None:
        """POST the file. 409 is the receiver's word for a batch that it has."""
        headers = {
            NUMBER: batch.number,
            NOTE: b64(batch.signature.encode()),
            "Content-Type": "application/octet-stream",
        }
        status, _ = self.request("POST", "/batches", batch_file(self._profile, self._provider, batch), headers)
        self._taken(status, (200, 201, 202, 409) if again else (200, 201, 202))

    def inbox(self, what: str) -> Iterator[Bundle]:
        """What the receiver has for us, until it has no more."""
        side, path = self._side(what)
        if side is None:
            return
        seen: set[str] = set()
        while True:
            rows = self._rows(path)
            ids = [str(row.get(side.named("id"), "")) for row in rows]
            if not rows or seen.issuperset(ids):
                return
            seen.update(ids)
            yield Bundle(rows, self._marker(path, ids))

    def _side(self, what: str) -> tuple[Side | None, str]:
        return (self._profile.feedback, "/receipts") if what == FEEDBACK else (self._profile.messages, "/messages")

    def _rows(self, path: str) -> list[dict[str, str]]:
        status, content = self.request("GET", path)
        self._taken(status, (200, 204))
        if status == 204 or not content:
            return []
        try:
            return read_file(self._profile, content)
        except FileBroken:
            raise ChannelTrouble("half-file", path) from None

    def _marker(self, path: str, ids: list[str]) -> Callable[[], None]:
        def mark() -> None:
            body = json.dumps(ids).encode()
            status, _ = self.request("POST", f"{path}/taken", body, {"Content-Type": "application/json"})
            self._taken(status, (200, 204))

        return mark

    def holdings(self) -> Bundle | None:
        """The whole list; none if the receiver has none to give."""
        if self._profile.holdings is None:
            return None
        status, content = self.request("GET", "/holdings")
        self._taken(status, (200, 404))
        if status == 404:
            return None
        return Bundle(self._held(content), lambda: None)

    def _held(self, content: bytes) -> Iterator[dict[str, str]]:
        """Walked as it is read; whoever lays it down learns at its end at the latest that it is not whole."""
        try:
            yield from each_row(self._profile, content)
        except FileBroken:
            raise ChannelTrouble("half-file", "/holdings") from None

    def answer(self, values: Mapping[str, Any]) -> None:
        """One row as a file."""
        side = self._profile.answers
        if side is None:
            return
        row = answer_values(side, self._profile, values)
        content = write_file(self._profile, "answer", [column.name for column in side.columns], [row], {})
        status, _ = self.request("POST", "/answers", content)
        self._taken(status, (200, 201, 202, 409))

    def close(self) -> None:
        """Close idle connections."""
        self._pool.clear()

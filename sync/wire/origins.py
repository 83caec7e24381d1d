"""Streams, epochs, origins, and where each thing is served. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sync.wire.errors import FormatInvalid

STREAMS = ("public", "agency", "bureau", "platform")
KEYS_PATH = "/v1/keys"
_ORIGIN = re.compile(r"([^\s/+]+)/v1/streams/([a-z]+)/([1-9]\d{0,8})", re.ASCII)
_STREAM_EPOCH = re.compile(r"([a-z]+)/([1-9]\d{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origin:
    """One epoch of one stream at one host (authority with its port)."""

    host: str
    stream: str
    epoch: int

    @property
    def text(self) -> str:
        """``HOST/v1/streams/agency/1``: first line of the head, name of the signing key."""
        return f"{self.host}/v1/streams/{self.stream}/{self.epoch}"

    @property
    def source(self) -> str:
        """``source`` of its events."""
        return f"//{self.text}"

    @property
    def stream_epoch(self) -> str:
        """``agency/1``, as receipts and the key list have it."""
        return f"{self.stream}/{self.epoch}"

    @property
    def snapshot(self) -> str:
        """First line of the snapshot's trailer."""
        return f"{self.text}/snapshot"


def parse_origin(text: str) -> Origin:
    """Raises FormatInvalid."""
    found = _ORIGIN.fullmatch(text)
    if not found or found[2] not in STREAMS:
        raise FormatInvalid("origin", "not HOST/v1/streams/STREAM/EPOCH")
    return Origin(found[1], found[2], int(found[3]))


def parse_stream_epoch(text: str) -> tuple[str, int]:
    """``agency/1`` → ("agency", 1). Raises FormatInvalid."""
    found = _STREAM_EPOCH.fullmatch(text)
    if not found or found[1] not in STREAMS:
        raise FormatInvalid("stream", "not STREAM/EPOCH")
    return found[1], int(found[2])


def stream_path(stream: str, rest: str) -> str:
    """``/v1/streams/agency/head`` and the like; log files have the epoch first in ``rest``."""
    return f"/v1/streams/{stream}/{rest}"

"""A ZIP archive as a stream: nothing of it is held, nothing is written to a file. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Every member's date: the same content gives the same bytes."""


class _Drained(io.RawIOBase):
    """Takes what is written until somebody takes it away. Can't be sought in, so the archive is written forwards."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def zipped(members: Mapping[str, Iterable[bytes]]) -> Iterator[bytes]:
    """The archive's bytes, for members by name, each a stream of pieces."""
    out = _Drained()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, pieces in members.items():
            member = zipfile.ZipInfo(name, LONG_AGO)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as target:
                for piece in pieces:
                    target.write(piece)
                    yield out.take()
    yield out.take()

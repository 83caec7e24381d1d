"""Files that a PDF carries, found without a PDF library: for verifiers that need nothing but the base install. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def carried(pdf: bytes, *, begins: Collection[bytes], longest: int) -> Iterator[bytes]:
    """The streams of a PDF that begin like what is looked for, unpacked up to ``longest`` bytes.

    Whoever takes one judges it: a stream is not trusted for standing in a PDF.
    """
    for match in _STREAM.finditer(pdf):
        raw = match.group(1)
        try:
            unpacked = zlib.decompressobj().decompress(raw, longest)
        except zlib.error:
            unpacked = raw[:longest]
        if any(unpacked.startswith(each) for each in begins):
            yield unpacked


def is_pdf(raw: bytes) -> bool:
    """Whether it says of itself that it is one."""
    return raw.startswith(b"%PDF-")

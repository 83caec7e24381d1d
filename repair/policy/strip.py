"""Metadata out of photographs, without touching a pixel: where and by what a picture was taken is nobody's business here.

JPEG (ITU T.81) segments and PNG (RFC 2083) chunks are left out whole; how a photograph must be turned is kept as a number.
Pure: no database, network or clock.
"""

from __future__ import annotations

from typing import Literal

_KEPT_APPS = frozenset({0xE0, 0xEE})
"""JFIF's density and Adobe's colour transform: a picture is shown wrongly without them."""
_COMMENT = 0xFE
_START_OF_SCAN = 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_ORIENTATION = 0x0112
_TURNS = {3: 180, 6: 90, 8: 270}
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs", b"bKGD", b"IDAT", b"IEND"}
)
_PNG_HEAD = 8


def strip_jpeg(content: bytes) -> tuple[bytes, int]:
    """The picture without metadata, and by how many degrees clockwise it is to be turned. Never raises."""
    kept, turned, at = bytearray(content[:2]), 0, 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            break
        if marker in _ALONE:
            kept += content[at : at + 2]
            at += 2
            continue
        length = 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at : at + length]
        if marker == 0xE1:
            turned = _turn_of(segment[4:]) or turned
        if not (0xE0 <= marker <= 0xEF and marker not in _KEPT_APPS) and marker != _COMMENT:
            kept += segment
        at += length
    # what comes after the end of the image is no picture: some cameras hide a second one there
    end = content.rfind(b"\xff\xd9")
    return bytes(kept + content[at : end + 2 if end >= at else len(content)]), turned


def strip_png(content: bytes) -> bytes:
    """The picture without its texts, times and profiles. Never raises."""
    kept, at = bytearray(content[:_PNG_HEAD]), _PNG_HEAD
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        if kind in _PNG_KEPT:
            kept += content[at : at + 12 + length]
        at += 12 + length
        if kind == b"IEND":
            break
    return bytes(kept)


def _turn_of(segment: bytes) -> int:
    """Degrees clockwise, by the orientation in an Exif segment; 0 where there is none or it can't be read."""
    if not segment.startswith(b"Exif\0\0") or len(segment) < 16:
        return 0
    tiff = segment[6:]
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"
    first = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[first : first + 2], order)
    for number in range(min(count, 64)):
        field = tiff[first + 2 + 12 * number : first + 14 + 12 * number]
        if int.from_bytes(field[:2], order) == _ORIENTATION:
            return _TURNS.get(int.from_bytes(field[8:10], order), 0)
    return 0

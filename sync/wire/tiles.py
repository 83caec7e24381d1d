"""The log as files: C2SP tlog-tiles of height 8, whole and partial, and entry bundles. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sync.wire.errors import FormatInvalid
from sync.wire.merkle import Node, node_hash

WIDTH = 256
_PATH = re.compile(r"tile/(0|[1-9]\d?|entries)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_DEEPEST = 7
"""Levels 0 to 7 hold any tree below 2^64 leaves."""

Fetch = Callable[["Tile"], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the log. ``level`` None: a bundle of entries."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """``tile/0/x001/x234/067.p/12``, below ``/v1/streams/{stream}/{epoch}/``."""
        groups = f"{self.index:03d}" if self.index < 1000 else f"{self.index:0{-(-len(str(self.index)) // 3) * 3}d}"
        parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
        name = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{name}{partial}"


def parse_tile_path(path: str) -> Tile:
    """The tile of a path below the epoch; each tile has exactly one path. Raises FormatInvalid."""
    found = _PATH.fullmatch(path)
    if found:
        level = None if found[1] == "entries" else int(found[1])
        width = int(found[3]) if found[3] else WIDTH
        tile = Tile(level, int(found[2].replace("x", "").replace("/", "")), width)
        if tile.path == path and (level is None or level <= _DEEPEST):
            return tile
    raise FormatInvalid("tile", "no such path")


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes the tile has in a log of ``size``: 0 to 256."""
    return max(0, min(WIDTH, (size >> (8 * level)) - index * WIDTH))


def exists(tile: Tile, size: int) -> bool:
    """Whether a log of ``size`` has the tile, whole or as it was at a smaller size."""
    return tile.width <= width_at(tile.level or 0, tile.index, size)


def tile_bytes(tile: Tile, node: Node) -> bytes:
    """The hashes of a tile, one behind another."""
    if tile.level is None:
        raise ValueError("a bundle has entries, not hashes")
    level, first = 8 * tile.level, tile.index * WIDTH
    return b"".join(node(level, first + at) for at in range(tile.width))


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Every tile and bundle that a log of ``size`` has and a log of ``since`` had not (in this width)."""
    for level in range(_DEEPEST + 1):
        before, now = since >> (8 * level), size >> (8 * level)
        if now > before:
            for index in range(before // WIDTH, -(-now // WIDTH)):
                width = width_at(level, index, size)
                yield Tile(level, index, width)
                if level == 0:
                    yield Tile(None, index, width)


def bundle_bytes(entries: Iterable[bytes]) -> bytes:
    """A bundle: each entry behind its length as two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(raw: bytes) -> list[bytes]:
    """The entries of a bundle. Raises FormatInvalid."""
    entries, at = [], 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 2], "big")
        if at + 2 + length > len(raw):
            raise FormatInvalid("bundle", "cut short")
        entries.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


class TileNodes:
    """Complete nodes of a log of ``size``, read from its tiles as they are needed. Not verified by themselves."""

    def __init__(self, size: int, fetch: Fetch) -> None:
        self._size = size
        self._fetch = fetch
        self._have: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The node, hashed from the tile that covers it. Raises FormatInvalid where the log has none."""
        tile_level, height = divmod(level, 8)
        first, count = index << height, 1 << height
        raw = self._tile(tile_level, first // WIDTH)
        at = first % WIDTH
        hashes = [raw[i * 32 : i * 32 + 32] for i in range(at, at + count)]
        if len(hashes[-1]) != 32:
            raise FormatInvalid("tile", "the log isn't that large")
        while len(hashes) > 1:
            hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._have:
            width = width_at(level, index, self._size)
            if width == 0:
                raise FormatInvalid("tile", "the log isn't that large")
            raw = self._fetch(Tile(level, index, width))
            if len(raw) != 32 * width:
                raise FormatInvalid("tile", "hashes missing")
            self._have[level, index] = raw
        return self._have[level, index]

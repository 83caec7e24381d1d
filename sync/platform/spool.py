"""Long lists laid down by bucket and read back a bucket at a time: what is compared need not stand in memory whole.

Only names of entries, revisions, states and courts come here: nothing that is about a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import msgspec

from sync.platform.shape.compare import bucket_of

_HELD_BACK = 8 * 1024 * 1024
"""Bytes that are kept in memory before they are written."""
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class Spool:
    """Lists by name. Each item is a list whose first value is the entry's name."""

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="comparison-")
        self._waiting: dict[tuple[str, int], list[bytes]] = defaultdict(list)
        self._size = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def put(self, name: str, *item: Any) -> None:
        """Add an item to the bucket of its entry."""
        line = _encode(item)
        self._waiting[(name, bucket_of(item[0]))].append(line)
        self._size += len(line)
        if self._size > _HELD_BACK:
            self._write()

    def read(self, name: str, bucket: int) -> Iterator[list[Any]]:
        """The items of a bucket in the order in which they came."""
        path = self._path(name, bucket)
        if path.exists():
            with path.open("rb") as file:
                yield from map(_decode, file)
        yield from map(_decode, self._waiting.get((name, bucket), ()))

    def _write(self) -> None:
        for (name, bucket), lines in self._waiting.items():
            with self._path(name, bucket).open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
        self._waiting.clear()
        self._size = 0

    def _path(self, name: str, bucket: int) -> Path:
        return Path(self._folder.name) / f"{name}-{bucket:03d}"

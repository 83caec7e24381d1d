"""Lines sorted by name with flat memory: parted by how their names begin, in files, and each part sorted by itself.

A stream of millions is read as it was written, from one end to the other: fetched in order of names, each line lies
somewhere else, and with ten million of them most of the time goes into looking for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

BEGINS = 6
"""Letters of a name that say in which part it is: its kind and two of its random ones."""
HELD = 32 * 1024 * 1024
"""Bytes that are held before they are written to their parts."""


def sorted_lines(named: Iterable[tuple[str, bytes]], folder: Path, label: str) -> Iterator[bytes]:
    """The lines by name. Parts lie in ``folder`` as ``LABEL.….part`` and are gone at the end; names are all equally long."""
    parts: dict[str, Path] = {}
    try:
        waiting: dict[str, list[bytes]] = {}
        held = 0
        for name, line in named:
            waiting.setdefault(name[:BEGINS], []).append(b"%b %b\n" % (name.encode(), line))
            held += len(line)
            if held > HELD:
                _write(waiting, parts, folder, label)
                held = 0
        _write(waiting, parts, folder, label)
        for begin in sorted(parts):
            path = parts[begin]
            lines = path.read_bytes().split(b"\n")
            lines.pop()
            path.unlink()
            lines.sort()
            for line in lines:
                yield line[line.index(b" ") + 1 :]
    finally:
        for path in parts.values():
            path.unlink(missing_ok=True)


def _write(waiting: dict[str, list[bytes]], parts: dict[str, Path], folder: Path, label: str) -> None:
    for begin, lines in waiting.items():
        path = parts.setdefault(begin, folder / f"{label}.{begin}.part")
        with path.open("ab") as file:
            file.write(b"".join(lines))
    waiting.clear()

"""A second process that reads a long list while this one makes lines of it, where there is a second processor.

Opening cells and making lines take more of a processor than all the rest, about as much each, and threads of one
process share one. The helper gets settings and answers over pipes alone, so nothing of it stands on a disk or in a list
of processes; it opens keys and databases as every process of ours does. It ends with its pipe: whoever started it may
be killed.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from creditsvc.services import open_services
from creditsvc.settings import Settings
from sync.platform import records
from sync.platform.reading import Page, Reading
from sync.platform.shape.bulk import BulkMapper, Lines, Told

WORTH = 50_000
"""Entries from which on a process of its own is worth its start, of about a second."""
_PATIENCE = 5
_HEAD = 8
_gone = threading.Event()
"""Set once a helper failed: this process then does without."""


class HelperGone(Exception):
    """The helper ended by itself; the list is read on from where the last batch was planned."""


class _Start(msgspec.Struct, frozen=True, tag=True):
    settings: dict[str, Any]
    link_id: int
    today: date


class _Read(msgspec.Struct, frozen=True, tag=True):
    """Asks for the next page."""


_Asked = _Start | _Read
_encode = msgspec.msgpack.Encoder().encode
_page: Callable[[bytes], Page | None] = msgspec.msgpack.Decoder(Page | None).decode
_asked = msgspec.msgpack.Decoder(_Asked).decode


def is_worth_it(entries: int) -> bool:
    """Whether so many entries are better read by a helper: on this machine, and in this process so far."""
    return entries >= WORTH and len(os.sched_getaffinity(0)) > 1 and not _gone.is_set()


class Helper:
    """The pages of a list, made by a process of its own. Raises ``HelperGone``."""

    def __init__(self, settings: Settings, link_id: int, today: date, mapper: BulkMapper) -> None:
        self._mapper, self._told = mapper, Told(None)
        self._decode: Callable[[bytes], Sequence[Any]] = msgspec.msgpack.Decoder(mapper.told).decode
        command = [sys.executable, "-m", "sync.platform.helper"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own command line, no shell
        values = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}
        self._say(_Start(values, link_id, today))

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def read(self) -> Page | None:
        """The next page; none behind the last."""
        self._say(_Read())
        page = _page(self._answer())
        if page is not None and page.has_rows:
            self._told = Told(*self._decode(self._answer()))
        return page

    def lines(self, number: str, at: datetime) -> Lines:
        """The lines of the page that was read last; once."""
        told, self._told = self._told, Told(None)
        self._mapper.begin(number, at)
        return self._mapper.lines(told, records.divisions())

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._input.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        return self._process.stdout

    def _say(self, asked: _Asked) -> None:
        try:
            _put(self._input, _encode(asked))
        except OSError:
            _gone.set()
            raise HelperGone from None

    def _answer(self) -> bytes:
        found = _take(self._output)
        if found is None:
            _gone.set()
            raise HelperGone
        return found


def _put(file: IO[bytes], text: bytes) -> None:
    file.write(len(text).to_bytes(_HEAD, "big"))
    file.write(text)
    file.flush()


def _take(file: IO[bytes]) -> bytes | None:
    """What the other side said; none once it has gone."""
    head = file.read(_HEAD)
    size = int.from_bytes(head, "big")
    text = file.read(size) if len(head) == _HEAD else b""
    return text if len(head) == _HEAD and len(text) == size else None


def main() -> None:
    """Answer what is asked on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us ends us
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed is no answer
    asked: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    start = asked.get()
    if isinstance(start, _Start):
        services = open_services(_settings(start.settings))
        reading = Reading(services, start.link_id, start.today)
        while True:
            asked.get()
            page = reading.read()
            _put(answers, _encode(page))
            if page is not None and page.has_rows:
                _put(answers, _encode(reading.told()))


def _listen(asked: queue.SimpleQueue[_Asked]) -> None:
    """Take what is asked. When there is nobody any more who could, end at once, also in mid-statement."""
    while (text := _take(sys.stdin.buffer)) is not None:
        asked.put(_asked(text))
    os._exit(0)


def _settings(values: dict[str, Any]) -> Settings:
    return Settings(**values | {"home": Path(values["home"])})


if __name__ == "__main__":
    main()

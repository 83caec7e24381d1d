"""Where files are laid down: a folder of this machine (or a mount), or a folder over SFTP.

A file appears under its name only when it is whole: it is written beside, flushed, then renamed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from sync.platform.alarms import ChannelTrouble

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Place(Protocol):
    """A folder with folders in it."""

    def check(self, folder: str) -> None:
        """Raise ``ChannelTrouble`` unless the folder is there."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of the files there, sorted."""
        ...

    def read(self, folder: str, name: str) -> bytes:
        """A file's bytes."""
        ...

    def write(self, folder: str, name: str, content: bytes) -> None:
        """A file, whole or not at all; one of that name is replaced."""
        ...

    def move(self, folder: str, name: str, to: str) -> None:
        """Move a file to another folder."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        code = "disk-full" if wrong.errno in _NO_SPACE else "folder-gone"
        raise ChannelTrouble(code, type(wrong).__name__) from None


class Folder:
    """A folder of this machine."""

    def __init__(self, root: Path, *, mode: int = 0o640) -> None:
        self._root, self._mode = root, mode

    def check(self, folder: str) -> None:
        """The folder itself is never made: a mount that is gone must not look like an empty folder."""
        if not self._root.is_dir():
            raise ChannelTrouble("folder-gone")
        with _named():
            (self._root / folder).mkdir(exist_ok=True)

    def names(self, folder: str) -> list[str]:
        """Without those that are being written."""
        self.check(folder)
        with _named():
            return sorted(path.name for path in (self._root / folder).iterdir() if not path.name.endswith(".part"))

    def read(self, folder: str, name: str) -> bytes:
        """A file's bytes."""
        with _named():
            return (self._root / folder / name).read_bytes()

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Written beside, flushed to the disk, renamed; what could not be written whole is taken away again."""
        self.check(folder)
        part = self._root / folder / f"{name}.part"
        with _named():
            try:
                descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, self._mode)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(self._root / folder / name)
            except OSError:
                part.unlink(missing_ok=True)
                raise

    def move(self, folder: str, name: str, to: str) -> None:
        """Within the same file system."""
        self.check(to)
        with _named():
            (self._root / folder / name).replace(self._root / to / name)

    def close(self) -> None:
        """Nothing is held."""


class Sftp:
    """A folder over SFTP. The host is known by its key's fingerprint, never by trust at first sight."""

    def __init__(self, client: Any, root: str, hang_up: Callable[[], None]) -> None:
        self._client, self._root, self._hang_up = client, PurePosixPath(root), hang_up

    @contextmanager
    def _named(self) -> Iterator[None]:
        from paramiko import SSHException

        try:
            yield
        except (SSHException, EOFError) as wrong:
            raise ChannelTrouble("folder-gone", type(wrong).__name__) from None
        except OSError as wrong:
            # SFTP has no code of its own for a full disk: servers say "Failure"
            full = wrong.errno in _NO_SPACE or "space" in str(wrong).lower() or str(wrong) == "Failure"
            raise ChannelTrouble("disk-full" if full else "folder-gone", type(wrong).__name__) from None

    def _path(self, folder: str, name: str = "") -> str:
        return str(self._root / folder / name)

    def check(self, folder: str) -> None:
        """The root must be there; folders in it are made."""
        with self._named():
            try:
                if stat.S_ISDIR(self._client.stat(self._path(folder)).st_mode or 0):
                    return
            except FileNotFoundError:
                self._client.stat(str(self._root))
                self._client.mkdir(self._path(folder))

    def names(self, folder: str) -> list[str]:
        """Without those that are being written."""
        self.check(folder)
        with self._named():
            return sorted(name for name in self._client.listdir(self._path(folder)) if not name.endswith(".part"))

    def read(self, folder: str, name: str) -> bytes:
        """A file's bytes."""
        with self._named(), self._client.open(self._path(folder, name), "rb") as file:
            return bytes(file.read())

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Written beside, its size compared, renamed."""
        self.check(folder)
        part = self._path(folder, f"{name}.part")
        with self._named():
            try:
                with self._client.open(part, "wb") as file:
                    file.set_pipelined(True)
                    file.write(content)
                if self._client.stat(part).st_size != len(content):
                    raise OSError(errno.ENOSPC, "not all of it was written")
                self._client.posix_rename(part, self._path(folder, name))
            except OSError:
                self._forget(part)
                raise

    def _forget(self, path: str) -> None:
        try:
            self._client.remove(path)
        except OSError:
            return

    def move(self, folder: str, name: str, to: str) -> None:
        """A rename there."""
        self.check(to)
        with self._named():
            self._client.posix_rename(self._path(folder, name), self._path(to, name))

    def close(self) -> None:
        """Hang up."""
        self._hang_up()

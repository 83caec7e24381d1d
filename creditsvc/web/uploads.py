"""Files of forms while they come in: sealed wherever they touch a disk.

The framework puts a file that is larger than its buffer into a temporary file in clear. Lists hold identity numbers, so
here it is AES-256-GCM under a key that lives in this request alone; the file has no name and is gone with the request.
"""

from __future__ import annotations

import io
import secrets
import tempfile
from typing import IO, Any

import flask
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from creditsvc.storage.cells import CellDamaged

IN_MEMORY = 512 * 1024
PIECE = 512 * 1024
_TAG = 16


class SealedTemporary(io.RawIOBase):
    """Written from beginning to end, then read from the beginning, as often as one likes."""

    def __init__(self) -> None:
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._file: IO[bytes] | None = None
        self._pieces, self._pending, self._size = 0, bytearray(), 0
        self._next, self._held, self._at = 0, b"", 0

    def writable(self) -> bool:
        """Yes, until it is read."""
        return True

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """To the beginning only."""
        return True

    def write(self, data: Any, /) -> int:
        """Add to the end."""
        self._pending += data
        self._size += len(data)
        self._at = self._size
        while len(self._pending) > IN_MEMORY:
            self._put(bytes(self._pending[:PIECE]))
            del self._pending[:PIECE]
        return len(data)

    def _put(self, piece: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this one
        nonce = self._pieces.to_bytes(12, "big")
        self._file.write(self._cipher.encrypt(nonce, piece, None))
        self._pieces += 1

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """To the beginning, or to where it stands at the end to tell its size."""
        if whence == io.SEEK_END and offset == 0:
            self._next, self._held, self._at = self._pieces + 1, b"", self._size
            return self._size
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation("only the beginning and the end can be sought")
        self._next, self._held, self._at = 0, b"", 0
        if self._file is not None:
            self._file.seek(0)
        return 0

    def tell(self) -> int:
        """How far it has been read, or how much was written."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Read on."""
        if not self._held:
            self._held = self._read_piece()
        view = memoryview(buffer)
        taken = self._held[: len(view)]
        view[: len(taken)] = taken
        self._held = self._held[len(taken) :]
        self._at += len(taken)
        return len(taken)

    def _read_piece(self) -> bytes:
        number, self._next = self._next, min(self._next + 1, self._pieces + 1)
        if number < self._pieces and self._file is not None:
            try:
                return self._cipher.decrypt(number.to_bytes(12, "big"), self._file.read(PIECE + _TAG), None)
            except InvalidTag:
                raise CellDamaged from None
        return bytes(self._pending) if number == self._pieces else b""

    def close(self) -> None:
        """Let go of the file and of what is held."""
        if self._file is not None:
            self._file.close()
        self._pending.clear()
        self._held = b""
        super().close()


class Request(flask.Request):
    """A request whose files are sealed while they come in."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return SealedTemporary()  # type: ignore[return-value]  # the framework writes, seeks to 0 and reads

"""Files that were sent, kept sealed on disk: never in clear, not even for a moment.

A file is a row of chunks of up to 1 MiB, each AES-256-GCM under one key with its number and the file's label as associated data;
the last one is marked, so a file that was cut short, or put in another's place, does not open.
"""

from __future__ import annotations

import io
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from creditsvc.kernel.errors import TooLarge
from creditsvc.kernel.text import Bilingual
from creditsvc.storage.cells import CellDamaged

CHUNK = 1024 * 1024
_NONCE, _TAG = 12, 16
_LENGTH = 4


def spool(source: BinaryIO, path: Path, key: bytes, *, limit: int, label: bytes = b"") -> tuple[str, int]:
    """Seal a stream into a file; its SHA-256 and size. ``label`` tells files under one key apart.

    Raises ``TooLarge`` past ``limit`` bytes; nothing is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    cipher, digest, size, number = AESGCM(key), sha256(), 0, 0
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            chunk = source.read(CHUNK)
            while True:
                following = source.read(CHUNK) if chunk else b""
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                digest.update(chunk)
                _write(target, cipher, chunk, _aad(number, label, last=not following), last=not following)
                if not following:
                    break
                chunk, number = following, number + 1
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return digest.hexdigest(), size


def _too_large(limit: int) -> TooLarge:
    mib = limit // (1024 * 1024)
    return TooLarge(
        Bilingual(f"文件超过 {mib} MiB，请分批上传", f"larger than {mib} MiB; send it in parts"), code="file-too-large"
    )


def _aad(number: int, label: bytes, *, last: bool) -> bytes:
    return b"spool-v1" + number.to_bytes(8, "big") + (b"\x01" if last else b"\x00") + label


def _write(target: BinaryIO, cipher: AESGCM, chunk: bytes, aad: bytes, *, last: bool) -> None:
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + cipher.encrypt(nonce, chunk, aad)
    target.write((len(sealed) | (0x80000000 if last else 0)).to_bytes(_LENGTH, "big") + sealed)


class Spooled(io.RawIOBase):
    """Reads a sealed file as if it were in clear; raises ``CellDamaged`` for a changed or shortened one."""

    def __init__(self, path: Path, key: bytes, label: bytes = b"") -> None:
        self._file = path.open("rb")
        self._cipher, self._label = AESGCM(key), label
        self._number, self._rest, self._done = 0, b"", False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer with what comes next; zero at the end."""
        if not self._rest and not self._done:
            self._rest = self._next()
        view = memoryview(buffer)
        taken = self._rest[: len(view)]
        view[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        head = self._file.read(_LENGTH)
        if len(head) < _LENGTH:
            raise CellDamaged
        word = int.from_bytes(head, "big")
        self._done = bool(word & 0x80000000)
        sealed = self._file.read(word & 0x7FFFFFFF)
        try:
            clear = self._cipher.decrypt(
                sealed[:_NONCE], sealed[_NONCE:], _aad(self._number, self._label, last=self._done)
            )
        except (InvalidTag, ValueError):
            raise CellDamaged from None
        self._number += 1
        return clear

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()


def open_spooled(path: Path, key: bytes, label: bytes = b"") -> BinaryIO:
    """A buffered reader of a sealed file."""
    return io.BufferedReader(Spooled(path, key, label), CHUNK)

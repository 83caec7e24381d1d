"""The mirror's directory: the copy, its lock, its keys. All of it is for the owner's eyes alone."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync.mirror.store import Store
from sync.mirror.trouble import MirrorBusy, NotSynced, SettingUnusable
from sync.wire.encoding import b64url, unb64url
from sync.wire.errors import FormatInvalid

COPY = "copy.sqlite"
LOCAL_TOKENS = "token.key"
_KEY_BYTES = 32


def open_directory(path: Path) -> Path:
    """The directory, made if need be, closed to others."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


@contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; MirrorBusy if another process does. The lock goes with the process."""
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MirrorBusy from None
        yield


def open_store(directory: Path, *, must_exist: bool = False) -> Store:
    """The copy in a directory. Raises NotSynced if it must be there and isn't."""
    path = directory / COPY
    if must_exist and not path.exists():
        raise NotSynced
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return Store(path)


def remove_copy(directory: Path) -> None:
    """Take the copy's files and its token key away; keys that lie elsewhere are their owner's to destroy."""
    for name in (COPY, f"{COPY}-wal", f"{COPY}-shm", LOCAL_TOKENS):
        (directory / name).unlink(missing_ok=True)


def read_secret(path: Path) -> str:
    """A secret from a file, without its line's end. Raises SettingUnusable; never with the secret."""
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingUnusable(f"无法读取 {path}", f"can't read {path}") from None
    if not text or "\n" in text:
        raise SettingUnusable(f"{path} 应为一行", f"one line is wanted in {path}")
    return text


def read_key(path: Path, *, make: bool = False) -> bytes:
    """32 bytes written as base64url in a file; made with fresh random bytes if asked and missing."""
    if make and not path.exists():
        _write_new(path, b64url(secrets.token_bytes(_KEY_BYTES)) + "\n")
    try:
        return unb64url(read_secret(path), "key", length=_KEY_BYTES)
    except FormatInvalid:
        raise SettingUnusable(
            f"{path} 不是 32 字节密钥（base64url）", f"{path} is not a key of 32 bytes (base64url)"
        ) from None


def signing_key(path: Path) -> tuple[Ed25519PrivateKey, bool]:
    """The subscriber's receipt key, and whether it was made just now."""
    fresh = not path.exists()
    return Ed25519PrivateKey.from_private_bytes(read_key(path, make=True)), fresh


def sealing_key(path: Path) -> tuple[X25519PrivateKey, bool]:
    """The key for which slips are sealed, and whether it was made just now."""
    fresh = not path.exists()
    return X25519PrivateKey.from_private_bytes(read_key(path, make=True)), fresh


def _write_new(path: Path, text: str) -> None:
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())

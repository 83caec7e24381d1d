"""The root secret of an installation and what is derived from it. It lives in files, never in a database.

``root`` is 32 random bytes; every other secret is HKDF-SHA256 of it under a label of its own (RFC 5869), so that
backing up one file is enough and no two uses share a key.
"""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.text import Bilingual

KEY_BYTES = 32


class Keyring:
    """Secrets by label. ``kid`` names the root: a cell says under which root its key was wrapped."""

    def __init__(self, root: bytes) -> None:
        if len(root) != KEY_BYTES:
            raise SettingError(
                Bilingual("根密钥文件应为 32 字节", "the root key file must hold 32 bytes"), code="root-key"
            )
        self._root = root
        self.kid = self.derive("root/name")[:4]
        self._derived = lru_cache(maxsize=64)(self._derive)

    def __repr__(self) -> str:
        return f"Keyring({self.kid.hex()})"

    def _derive(self, label: str) -> bytes:
        return HKDF(SHA256(), KEY_BYTES, None, b"creditsvc/v1/" + label.encode()).derive(self._root)

    def derive(self, label: str) -> bytes:
        """32 bytes for this label."""
        return self._derive(label)

    def secret(self, label: str) -> bytes:
        """As ``derive``, kept for the next call."""
        return self._derived(label)

    def signing_key(self, label: str) -> Ed25519PrivateKey:
        """The Ed25519 key of this label."""
        return Ed25519PrivateKey.from_private_bytes(self.secret("ed25519/" + label))


def open_keyring(folder: Path) -> Keyring:
    """The keyring in a folder; raises ``SettingError`` if there is none."""
    path = folder / "root"
    if not path.exists():
        raise SettingError(
            Bilingual(
                f"没有根密钥文件 {path}；先运行 creditsvc migrate",
                f"no root key file {path}; run creditsvc migrate first",
            ),
            code="root-key-missing",
        )
    return Keyring(path.read_bytes())


def create_keyring(folder: Path) -> Keyring:
    """The keyring in a folder, made if it is not there: file mode 0400, folder 0700."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "root"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    return open_keyring(folder)

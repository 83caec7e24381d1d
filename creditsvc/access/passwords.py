"""Passwords and codes: Argon2id, and one way to say no."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual

COSTS = {"standard": (3, 4, 64 * 1024), "cheap": (1, 1, 32)}
"""Iterations, lanes, memory in KiB: RFC 9106's second recommendation, and the least there is, for tests."""
SHORTEST = 10


def hash_password(password: str, cost: str) -> str:
    """The PHC string of a password."""
    iterations, lanes, memory = COSTS[cost]
    kdf = Argon2id(salt=secrets.token_bytes(16), length=32, iterations=iterations, lanes=lanes, memory_cost=memory)
    return kdf.derive_phc_encoded(password.encode())


def password_agrees(password: str, phc: str) -> bool:
    """Whether a password made this PHC string; a broken string is a no."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), phc)
    except (InvalidKey, ValueError):
        return False
    return True


def decoy(cost: str) -> str:
    """A PHC string that no password made: checked for unknown names, so that they take as long as known ones."""
    return hash_password(secrets.token_hex(16), cost)


def refuse_weak(password: str, username: str) -> None:
    """Raise ``InvalidInput`` for a password that is too short or is the name."""
    if len(password) < SHORTEST or username.lower() in password.lower():
        raise InvalidInput(
            Bilingual(
                f"密码至少 {SHORTEST} 位，且不得包含用户名", f"at least {SHORTEST} characters, without the user name"
            ),
            code="password-weak",
            field="password",
        )

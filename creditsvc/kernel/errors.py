"""The one family of errors that use cases raise.

Each kind says *what sort of thing* went wrong; ``code`` names it for machines and ``text`` says, for people,
what is wrong, where, and what to do. What HTTP status a kind gets is known in ``creditsvc/web/errors.py`` alone.
Pure: no database, network or clock. Never put an identity number into a text or a detail.
"""

from __future__ import annotations

from typing import Any, ClassVar

from creditsvc.kernel.text import Bilingual


class CreditServiceError(Exception):
    """Anything that a caller can be told about.

    ``code`` is stable, lower case with hyphens (it becomes the problem type); ``details`` are extra members
    that a machine may use (numbers and names, never personal data).
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, text: Bilingual, *, code: str | None = None, **details: Any) -> None:
        super().__init__(text.en)
        self.text = text
        self.code = code or self.default_code
        self.details = details


class InvalidInput(CreditServiceError):
    """The request can be read but not accepted; it names the field."""

    default_code = "invalid-input"


class NotSignedIn(CreditServiceError):
    """Nobody is signed in, or the session or key is over."""

    default_code = "not-signed-in"


class NotAllowed(CreditServiceError):
    """Somebody is signed in and may not do this."""

    default_code = "not-allowed"


class NotFound(CreditServiceError):
    """No such thing, or not for this caller: the two can't be told apart."""

    default_code = "not-found"


class Conflict(CreditServiceError):
    """The thing is no longer in the state that the request supposes."""

    default_code = "conflict"


class Gone(CreditServiceError):
    """It was here once and will not come back."""

    default_code = "gone"


class TooLarge(CreditServiceError):
    """More bytes or rows than are taken in one request."""

    default_code = "too-large"


class UnsupportedFile(CreditServiceError):
    """A file whose kind or encoding is not one that we read."""

    default_code = "unsupported-file"


class TooMany(CreditServiceError):
    """Asked too often; ``retry_after`` (seconds) is in the details."""

    default_code = "rate-limited"


class Unavailable(CreditServiceError):
    """It can't be answered now; try again. Never reported as a restriction."""

    default_code = "unavailable"


class SettingError(CreditServiceError):
    """A setting is missing, unknown or unusable; the program does not start."""

    default_code = "setting"

"""Who is asking. Use cases are told; they never look it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import NotAllowed
from creditsvc.kernel.text import Bilingual


class CallerKind(StrEnum):
    """Kinds of caller."""

    ANONYMOUS = "anonymous"
    STAFF = "staff"
    DEBTOR = "debtor"
    API_KEY = "api_key"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller. ``person`` is the same for two accounts of one human being: two people means two of these."""

    kind: CallerKind
    account_id: int | None = None
    person: str = ""
    name: str = ""
    role: str = ""
    court_code: str | None = None
    unit: str | None = None
    sector: str | None = None
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    subject_id: str | None = None
    subscriber: str | None = None
    session_id: int | None = None
    must_change_password: bool = False
    division: str | None = None
    """Division of a court, where two of them must sign."""

    def may(self, permission: Permission) -> bool:
        """Whether this caller holds the permission."""
        if permission is Permission.ANYONE:
            return True
        if permission is Permission.SIGNED_IN:
            return self.kind is not CallerKind.ANONYMOUS
        return permission in self.permissions

    @property
    def actor(self) -> str:
        """An opaque name for journals: kind and number, never a person's name."""
        return f"{self.kind.value}:{self.account_id if self.account_id is not None else self.name or '-'}"

    def require(self, permission: Permission) -> None:
        """Raise ``NotAllowed`` unless this caller holds the permission: a second lock behind the view's."""
        if not self.may(permission):
            raise NotAllowed(
                Bilingual("您的账户没有此项权限", "this account may not do that"), permission=permission.value
            )


ANONYMOUS = Caller(CallerKind.ANONYMOUS)


def job_caller(name: str) -> Caller:
    """The caller under whose name a job acts."""
    return Caller(CallerKind.JOB, name=name, person=f"job:{name}", role="job")

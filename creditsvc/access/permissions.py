"""Who may do what: permissions, the roles that hold them, and the mark that every view carries.

A view without a mark is refused, and a test proves that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from creditsvc.kernel.text import Bilingual


class Permission(StrEnum):
    """One thing that somebody may do."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    LISTING_READ = "listing_read"
    BATCH_IMPORT = "batch_import"
    BATCH_RELEASE = "batch_release"
    DECISION_PROPOSE = "decision_propose"
    DECISION_APPROVE = "decision_approve"
    CHECK_ASK = "check_ask"
    SCREEN_RUN = "screen_run"
    SUBSCRIBER_READ = "subscriber_read"
    SUBSCRIBER_MANAGE = "subscriber_manage"
    SUBSCRIBER_OWN = "subscriber_own"
    STREAM_PULL = "stream_pull"
    APPLICATION_OWN = "application_own"
    APPLICATION_WORK = "application_work"
    LETTER_ISSUE = "letter_issue"
    OVERSIGHT_READ = "oversight_read"
    OPERATE = "operate"
    CATALOGUE_HOLD = "catalogue_hold"


class StaffRole(StrEnum):
    """Roles of people who sign in with an account."""

    CLERK = "clerk"
    JUDGE = "judge"
    PRESIDENT = "president"
    AGENCY = "agency"
    BUREAU_IT = "bureau_it"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"

    @property
    def label(self) -> Bilingual:
        """What the role is called."""
        return _LABELS[self]


_LABELS = {
    StaffRole.CLERK: Bilingual("书记员", "court clerk"),
    StaffRole.JUDGE: Bilingual("执行法官", "enforcement judge"),
    StaffRole.PRESIDENT: Bilingual("院长", "court president"),
    StaffRole.AGENCY: Bilingual("联动单位工作人员", "agency staff"),
    StaffRole.BUREAU_IT: Bilingual("征信机构信息部门", "credit bureau IT"),
    StaffRole.SUPERVISOR: Bilingual("监督人员", "supervisor"),
    StaffRole.OPERATOR: Bilingual("运维人员", "operator"),
}

_P = Permission
_COURT = frozenset({_P.LISTING_READ, _P.APPLICATION_WORK, _P.DECISION_PROPOSE, _P.LETTER_ISSUE})
ROLE_PERMISSIONS: dict[StaffRole, frozenset[Permission]] = {
    StaffRole.CLERK: _COURT | {_P.BATCH_IMPORT},
    StaffRole.JUDGE: _COURT | {_P.BATCH_IMPORT, _P.BATCH_RELEASE, _P.DECISION_APPROVE},
    StaffRole.PRESIDENT: _COURT | {_P.BATCH_RELEASE, _P.DECISION_APPROVE, _P.OVERSIGHT_READ, _P.CATALOGUE_HOLD},
    StaffRole.AGENCY: frozenset({_P.CHECK_ASK, _P.SCREEN_RUN}),
    StaffRole.BUREAU_IT: frozenset({_P.SUBSCRIBER_OWN}),
    StaffRole.SUPERVISOR: frozenset({_P.OVERSIGHT_READ, _P.SUBSCRIBER_READ}),
    StaffRole.OPERATOR: frozenset({_P.OPERATE, _P.SUBSCRIBER_READ, _P.SUBSCRIBER_MANAGE, _P.CATALOGUE_HOLD}),
}

DEBTOR_PERMISSIONS = frozenset({_P.APPLICATION_OWN})
KEY_PERMISSIONS = frozenset({_P.CHECK_ASK, _P.SCREEN_RUN, _P.STREAM_PULL})
"""What an API key may at most be given."""

View = TypeVar("View", bound=Callable[..., Any])


def open_to(*permissions: Permission) -> Callable[[View], View]:
    """Mark a view with the permissions of which any one suffices."""
    if not permissions:
        raise ValueError("say who may call it")

    def mark(view: View) -> View:
        view.open_to = frozenset(permissions)  # type: ignore[attr-defined]
        return view

    return mark

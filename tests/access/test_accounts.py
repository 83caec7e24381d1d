"""Accounts and sessions: one answer to a wrong try, and an end that is an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from creditsvc.access import accounts, passwords
from creditsvc.access.accounts import (
    ADDRESS_TRIES,
    LONGEST_SESSION,
    MOST_SESSIONS,
    TRIES,
    NewAccount,
    account_of,
    caller_of_session,
    count_try,
    create_account,
    disable,
    end_session,
    sessions_of,
    set_password,
    staff_caller,
    start_debtor_session,
    start_session,
)
from creditsvc.access.callers import CallerKind
from creditsvc.access.permissions import ROLE_PERMISSIONS, Permission, StaffRole
from creditsvc.access.tables import Account, WebSession
from creditsvc.kernel.errors import Conflict, InvalidInput, NotSignedIn, TooMany
from creditsvc.services import Services
from tests.support.apps import NOON
from tests.support.people import PASSWORD, TESTER, make_staff

IDLE = timedelta(minutes=30)
COST = "cheap"


def _token(services: Services, username: str) -> str:
    with services.database.writing() as session:
        account = account_of(session, username, PASSWORD, cost=COST)
        return start_session(session, account, now=NOON)


def _caller(services: Services, token: str, after: timedelta = timedelta(0)):
    with services.database.reading() as session:
        return caller_of_session(session, token, idle=IDLE, now=NOON + after)


def test_a_session_knows_role_court_and_person(services: Services) -> None:
    account = make_staff(services, StaffRole.JUDGE, person="wang-hong")
    found = _caller(services, _token(services, account.username))
    assert found is not None
    who, worth_noting = found
    assert (who.kind, who.role, who.court_code, who.person) == (CallerKind.STAFF, "judge", "豫0105", "wang-hong")
    assert who.permissions == ROLE_PERMISSIONS[StaffRole.JUDGE]
    assert who.actor == f"staff:{account.id}"
    assert not worth_noting


def test_the_token_is_kept_only_as_a_hash(services: Services) -> None:
    token = _token(services, make_staff(services, StaffRole.CLERK).username)
    with services.database.reading() as session:
        row = session.scalars(select(WebSession)).one()
        password = session.scalars(select(Account.password)).one()
    assert token.encode() not in row.token_hash
    assert len(row.token_hash) == 32
    assert password.startswith("$argon2id$")
    assert PASSWORD not in password


@pytest.mark.parametrize("after", [IDLE + timedelta(seconds=1), LONGEST_SESSION + timedelta(seconds=1)])
def test_a_session_ends_by_itself(services: Services, after: timedelta) -> None:
    token = _token(services, make_staff(services, StaffRole.CLERK).username)
    assert _caller(services, token, IDLE) is not None
    assert _caller(services, token, after) is None


def test_a_busy_session_still_ends_after_its_longest(services: Services) -> None:
    token = _token(services, make_staff(services, StaffRole.CLERK).username)
    at = timedelta(0)
    while at <= LONGEST_SESSION:
        at += IDLE
        found = _caller(services, token, at)
        if found is None:
            break
        with services.database.writing() as session:
            accounts.touch(session, found[0].session_id or 0, NOON + at)
    assert LONGEST_SESSION < at <= LONGEST_SESSION + IDLE


@pytest.mark.parametrize("end", ["sign out", "disable", "password"])
def test_an_ended_session_is_nobody(services: Services, end: str) -> None:
    account = make_staff(services, StaffRole.CLERK)
    token = _token(services, account.username)
    with services.database.writing() as session:
        row = session.get_one(Account, account.id)
        if end == "sign out":
            end_session(session, sessions_of(session, account.id)[0].id, NOON)
        elif end == "disable":
            disable(session, row, caller=TESTER, now=NOON)
        else:
            set_password(session, row, "another five herons", cost=COST, caller=TESTER, now=NOON)
    assert _caller(services, token) is None


def test_a_changed_role_counts_at_the_next_request(services: Services) -> None:
    account = make_staff(services, StaffRole.JUDGE)
    token = _token(services, account.username)
    with services.database.writing() as session:
        session.get_one(Account, account.id).role = StaffRole.SUPERVISOR.value
    found = _caller(services, token)
    assert found is not None
    assert not found[0].may(Permission.DECISION_APPROVE)


def test_unknown_wrong_and_closed_are_one_answer_and_one_hash(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_staff(services, StaffRole.CLERK, "open-one")
    closed = make_staff(services, StaffRole.CLERK, "closed-one")
    with services.database.writing() as session:
        disable(session, session.get_one(Account, closed.id), caller=TESTER, now=NOON)
    hashes: list[str] = []

    def counted(password: str, phc: str) -> bool:
        hashes.append(phc)
        return passwords.password_agrees(password, phc)

    monkeypatch.setattr(accounts, "password_agrees", counted)
    said = set()
    tries = [("nobody", PASSWORD), ("open-one", "wrong"), ("closed-one", PASSWORD), ("open-one", ""), ("", "")]
    for name, password in tries:
        with services.database.reading() as session, pytest.raises(NotSignedIn) as refused:
            account_of(session, name, password, cost=COST)
        said.add((refused.value.code, refused.value.text, tuple(refused.value.details)))
    assert len(said) == 1
    assert len(hashes) == len(tries)


def test_tries_are_counted_by_name_and_by_address(services: Services) -> None:
    def attempt(name: str, address: str) -> bool:
        with services.database.writing() as session:
            try:
                count_try(session, name, address=address, now=services.clock.now())
            except TooMany as refused:
                assert refused.details["retry_after"] > 0
                return False
            return True

    assert [attempt("Victim ", f"10.0.0.{n}") for n in range(TRIES + 2)] == [True] * TRIES + [False] * 2
    assert [attempt(f"user-{n}", "10.9.9.9") for n in range(ADDRESS_TRIES + 1)] == [True] * ADDRESS_TRIES + [False]
    services.clock.set(NOON + timedelta(minutes=1))  # type: ignore[attr-defined]
    assert attempt("victim", "10.0.1.1")


def test_one_sign_in_too_many_ends_the_oldest(services: Services) -> None:
    username = make_staff(services, StaffRole.CLERK).username
    tokens = [_token(services, username) for _ in range(MOST_SESSIONS + 2)]
    assert [_caller(services, token) is not None for token in tokens] == [False] * 2 + [True] * MOST_SESSIONS


def test_the_right_password_forgives_earlier_tries(services: Services) -> None:
    account = make_staff(services, StaffRole.CLERK)
    for _ in range(3 * TRIES):
        with services.database.writing() as session:
            count_try(session, account.username, address="10.0.0.1", now=NOON)
        _token(services, account.username)


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("Li Ming", PASSWORD, "username-shape"),
        ("李明", PASSWORD, "username-shape"),
        ("ok-name", "short", "password-weak"),
        ("ok-name", "my ok-name is here", "password-weak"),
    ],
)
def test_bad_names_and_passwords_are_refused(services: Services, username: str, password: str, code: str) -> None:
    with services.database.writing() as session, pytest.raises(InvalidInput) as refused:
        create_account(
            session, NewAccount(username, "某人", StaffRole.CLERK), password, cost=COST, caller=TESTER, now=NOON
        )
    assert refused.value.code == code
    assert password not in str(refused.value)


def test_a_name_is_taken_once(services: Services) -> None:
    make_staff(services, StaffRole.CLERK, "same")
    with pytest.raises(Conflict):
        make_staff(services, StaffRole.JUDGE, "same")


def test_a_debtor_sees_own_things_only(services: Services) -> None:
    with services.database.writing() as session:
        token = start_debtor_session(session, subject_id="a" * 32, name="某某", at=NOON)
    found = _caller(services, token)
    assert found is not None
    assert found[0].subject_id == "a" * 32
    assert found[0].permissions == {Permission.APPLICATION_OWN}
    assert "某某" not in found[0].actor


def test_a_closed_account_vouches_for_nobody(services: Services) -> None:
    account = make_staff(services, StaffRole.JUDGE)
    with services.database.writing() as session:
        assert staff_caller(session, account.username).may(Permission.DECISION_APPROVE)
        disable(session, session.get_one(Account, account.id), caller=TESTER, now=NOON)
        with pytest.raises(NotSignedIn):
            staff_caller(session, account.username)

"""The account command, run as its users run it."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from creditsvc.access import commands
from creditsvc.access.accounts import account_of
from creditsvc.access.api_keys import caller_of_key
from creditsvc.access.permissions import Permission
from creditsvc.kernel.errors import InvalidInput, NotFound, NotSignedIn
from creditsvc.services import Services
from tests.support.apps import NOON
from tests.support.people import PASSWORD


@pytest.fixture
def run(services: Services, monkeypatch: pytest.MonkeyPatch):
    def call(*words: str, typed: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return commands.run(commands._parser().parse_args(words), services)

    return call


def _agrees(services: Services, username: str, password: str):
    with services.database.reading() as session:
        return account_of(session, username, password, cost="cheap")


def test_add_list_password_disable(run, services: Services) -> None:
    said = run(
        "add",
        "wang",
        "--name",
        "王某",
        "--role",
        "judge",
        "--court",
        "豫0105",
        "--password-stdin",
        typed=PASSWORD + "\n",
    )
    assert "wang" in said and PASSWORD not in said
    assert _agrees(services, "wang", PASSWORD).court_code == "豫0105"
    assert run("list") == "wang\tjudge\t王某\t豫0105\topen\n"
    run("password", "wang", "--password-stdin", typed="six other herons\n")
    with pytest.raises(NotSignedIn):
        _agrees(services, "wang", PASSWORD)
    assert _agrees(services, "wang", "six other herons")
    run("disable", "wang")
    assert run("list").endswith("closed\n")
    with pytest.raises(NotSignedIn):
        _agrees(services, "wang", "six other herons")


def test_a_generated_password_must_be_changed(run, services: Services) -> None:
    said = run("add", "li", "--name", "李某", "--role", "agency", "--unit", "某局", "--generate")
    password = re.search(r"first password: (\S+)", said).group(1)  # type: ignore[union-attr]
    assert _agrees(services, "li", password).must_change


def test_a_weak_password_and_an_unknown_account_are_explained(run) -> None:
    with pytest.raises(InvalidInput):
        run("add", "zhao", "--name", "赵某", "--role", "clerk", "--password-stdin", typed="short\n")
    with pytest.raises(NotFound):
        run("disable", "nobody")


def test_keys_are_made_listed_and_revoked(run, services: Services) -> None:
    said = run("key-add", "--unit", "某征信", "--subscriber", "s1", "--may", "stream_pull", "--days", "10")
    clear = said.splitlines()[1]

    def who(after: timedelta = timedelta(0)):
        with services.database.reading() as session:
            return caller_of_key(session, clear, NOON + after)

    assert who()[0].permissions == {Permission.STREAM_PULL}  # type: ignore[index]
    assert who(timedelta(days=10)) is None
    assert clear not in run("key-list")
    run("key-revoke", clear.split("_")[1])
    assert who() is None
    assert "revoked" in run("key-list")

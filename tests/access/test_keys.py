"""API keys: scoped, expiring, revocable, and wrong in one way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditsvc.access.api_keys import USED_EVERY, caller_of_key, create_api_key, note_uses, revoke_api_key
from creditsvc.access.callers import Caller
from creditsvc.access.permissions import KEY_PERMISSIONS, Permission
from creditsvc.access.tables import ApiKey
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.services import Services
from tests.support.apps import NOON
from tests.support.people import TESTER

MONTH = timedelta(days=30)


def _key(services: Services, *permissions: Permission, life: timedelta = MONTH) -> tuple[int, str]:
    with services.database.writing() as session:
        key, clear = create_api_key(
            session, unit="演示征信", subscriber="demo", permissions=permissions, expires_at=NOON + life, caller=TESTER,
            now=NOON,
        )  # fmt: skip
        return key.id, clear


def _who(services: Services, text: str, after: timedelta = timedelta(0)) -> Caller | None:
    with services.database.reading() as session:
        found = caller_of_key(session, text, NOON + after)
    return found[0] if found else None


def test_a_key_may_what_it_was_given_and_no_more(services: Services) -> None:
    _, clear = _key(services, Permission.STREAM_PULL)
    who = _who(services, clear)
    assert who is not None
    assert (who.subscriber, who.unit) == ("demo", "演示征信")
    assert [permission for permission in KEY_PERMISSIONS if who.may(permission)] == [Permission.STREAM_PULL]


def test_the_secret_is_not_kept(services: Services) -> None:
    number, clear = _key(services, Permission.STREAM_PULL)
    with services.database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
        kept = repr({name: value for name, value in vars(row).items() if not name.startswith("_")})
    assert clear.startswith(f"csk_{number}_")
    assert clear.split("_", 2)[2] not in kept


def test_over_and_revoked_keys_are_nobody(services: Services) -> None:
    number, clear = _key(services, Permission.CHECK_ASK)
    assert _who(services, clear, MONTH - timedelta(seconds=1)) is not None
    assert _who(services, clear, MONTH) is None
    with services.database.writing() as session:
        revoke_api_key(session, number, caller=TESTER, now=NOON)
        with pytest.raises(NotFound):
            revoke_api_key(session, number + 99, caller=TESTER, now=NOON)
    assert _who(services, clear) is None


@pytest.mark.parametrize(
    ("permissions", "life"),
    [
        ((), MONTH),
        ((Permission.DECISION_APPROVE,), MONTH),
        ((Permission.STREAM_PULL, Permission.OPERATE), MONTH),
        ((Permission.STREAM_PULL,), timedelta(days=401)),
        ((Permission.STREAM_PULL,), timedelta(0)),
    ],
)
def test_no_key_gets_what_people_decide_or_lives_long(
    services: Services, permissions: tuple[Permission, ...], life: timedelta
) -> None:
    with pytest.raises(InvalidInput):
        _key(services, *permissions, life=life)


def test_wrong_texts_are_nobody_and_never_an_error(services: Services) -> None:
    number, clear = _key(services, Permission.STREAM_PULL)
    stem = "_".join(clear.split("_", 2)[:2])

    shaped = st.from_regex(r"csk_[0-9]{1,18}_[A-Za-z0-9_-]{43}")
    near = st.text(max_size=60).map(lambda tail: f"csk_{number}_{tail}")

    @given(st.one_of(st.text(), near, shaped))
    def tried(text: str) -> None:
        assert text == clear or _who(services, text) is None

    tried()
    assert _who(services, stem) is None
    assert _who(services, clear + "x") is None


def test_use_is_noted_to_the_minute(services: Services) -> None:
    number, clear = _key(services, Permission.STREAM_PULL)
    with services.database.writing() as session:
        assert caller_of_key(session, clear, NOON)[1]  # type: ignore[index]
        note_uses(session, [(number, NOON)])
        assert not caller_of_key(session, clear, NOON + USED_EVERY)[1]  # type: ignore[index]
        assert caller_of_key(session, clear, NOON + 2 * USED_EVERY)[1]  # type: ignore[index]

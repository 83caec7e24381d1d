"""Sign-in through a real OpenID Connect provider over sockets, and everything that one can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from flask.testing import FlaskClient
from sqlalchemy import select

from creditsvc.access.tables import AuditEntry
from creditsvc.app import create_app
from creditsvc.kernel.errors import SettingError
from creditsvc.services import Services
from creditsvc.settings import Settings
from repair.provider.provider import provider_of
from tests.repair.test_portal import Person, post
from tests.support.apps import Templates, world
from tests.support.identity_provider import CLIENT, SECRET, IdentityProvider, identity_provider, new_key
from wsgi import features

START, RETURN = "/portal/provider/", "/portal/provider/return"
OTHERS_KEY = new_key("first")
Lie = Callable[[IdentityProvider], object]


class Door:
    """A person, a browser, and the provider that knows the person."""

    def __init__(self, services: Services, idp: IdentityProvider, secret: Path, **changes: object) -> None:
        secret.write_text(SECRET + "\n", "utf-8")
        self.idp, self.seen = idp, 0
        self.services = replace(
            services,
            settings=replace(
                services.settings,
                oidc_issuer=idp.issuer,
                oidc_client_id=CLIENT,
                oidc_client_secret_file=str(secret),
                **changes,  # type: ignore[arg-type]
            ),
        )
        self.app = create_app(self.services, features())
        self.person = Person(self.services, self.app)
        self.browser = self.app.test_client()
        idp.person |= {"name": self.person.name, "id_number": self.person.number}

    def leave(self, browser: FlaskClient | None = None) -> str:
        """To the provider; the address that it sends the browser back to."""
        answer = (browser or self.browser).get(START)
        assert answer.status_code == 303, answer.text
        there = urllib3.request("GET", answer.headers["Location"], redirect=False, retries=False)
        assert there.status == 302, there.data.decode()
        back = urlsplit(there.headers["Location"])
        assert back.path == RETURN
        return f"{back.path}?{back.query}"

    def enter(self) -> int:
        """The whole way; the last status."""
        return self.browser.get(self.leave()).status_code

    def reasons(self) -> list[str]:
        """Why somebody was not let in, by the journal."""
        with self.services.database.reading() as session:
            rows = session.scalars(select(AuditEntry).where(AuditEntry.action == "provider.refused"))
            return [row.details["why"] for row in rows][self.seen :]

    @property
    def is_in(self) -> bool:
        return self.browser.get("/portal/").status_code == 200


@pytest.fixture(scope="module")
def town(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One world and one provider for all of these; each test gets an honest provider and a browser of its own."""
    home = tmp_path_factory.mktemp("provider")
    with world("sqlite", templates, home) as services:
        back, now = f"{services.settings.public_url}{RETURN}", int(services.clock.now().timestamp())
        with identity_provider(back, now=now) as idp:
            yield Door(services, idp, home / "secret")


@pytest.fixture
def door(town: Door) -> Door:
    provider_of.cache_clear()
    town.idp.honest()
    town.idp.person |= {"name": town.person.name, "id_number": town.person.number, "sub": "u-1"}
    town.browser, town.seen = town.app.test_client(), 0
    town.seen = len(town.reasons())
    return town


def test_a_person_is_let_in_and_sees_their_own(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    assert "用统一身份认证登录" in door.browser.get("/portal/sign-in").text
    back = door.leave()
    (asked,) = door.idp.asked
    assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) >= 32 and len(asked["state"]) >= 32
    assert door.browser.get(back).status_code == 303
    assert door.person.entry in door.browser.get("/portal/").text
    heard = capsys.readouterr()
    for told in (back, str(asked), heard.out, heard.err):
        assert door.person.number not in told and door.person.name not in told
    assert asked["state"] not in heard.out and parse_qs(urlsplit(back).query)["code"][0] not in heard.out


def test_what_the_id_token_lacks_is_asked_of_userinfo(door: Door) -> None:
    door.idp.userinfo_only = True
    assert door.enter() == 303 and door.is_in
    assert door.idp.calls["userinfo"] == 1


def later(door: Door, **by: float) -> None:
    """Both clocks go on."""
    door.services.clock.set(door.services.clock.now() + timedelta(**by))  # type: ignore[attr-defined]
    door.idp.now = int(door.services.clock.now().timestamp())


LIES: dict[str, Lie] = {
    "nonce": lambda idp: idp.claims.update(nonce="another"),
    "audience": lambda idp: idp.claims.update(aud="somebody-else"),
    "issuer": lambda idp: idp.claims.update(iss="https://evil.example"),
    "expired": lambda idp: idp.claims.update(exp=idp.now - 120),
    "issued": lambda idp: idp.claims.update(iat=idp.now - 3600),
    "early": lambda idp: idp.claims.update(nbf=idp.now + 600),
    "subject": lambda idp: idp.claims.update(sub=None),
    "signature": lambda idp: setattr(idp, "sign_with", OTHERS_KEY),
    "key-unknown": lambda idp: idp.header.update(kid="never-published"),
    "no-number": lambda idp: (idp.person.update(id_number=""),),
    "number-shape": lambda idp: idp.person.update(id_number="410105198001010000"),
    "other-provider": lambda idp: setattr(idp, "other_iss", "https://evil.example"),
    "error-server_error": lambda idp: setattr(idp, "error", "server_error"),
    "error-other": lambda idp: setattr(idp, "error", "<script>"),
    "unreachable": lambda idp: idp.metadata.update(token_endpoint="http://127.0.0.1:9/token"),
    "status-500": lambda idp: idp.status.update(token=500),
    "too-long": lambda idp: setattr(idp, "long", True),
    "other-subject": lambda idp: (setattr(idp, "userinfo_only", True), setattr(idp, "userinfo_subject", "u-2")),
}


@pytest.mark.parametrize("why", LIES)
def test_a_provider_that_misbehaves_lets_nobody_in(door: Door, why: str) -> None:
    LIES[why](door.idp)
    assert door.enter() in {422, 503}
    assert door.reasons() == [why]
    assert not door.is_in


@pytest.mark.parametrize("alg", ["none", "HS256"])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_token_without_a_signature_by_a_key_pair_is_nothing(door: Door, alg: str) -> None:
    door.idp.header["alg"] = alg
    assert door.enter() == 422
    assert door.reasons() == ["signature"] and not door.is_in


def test_several_audiences_need_us_as_the_party(door: Door) -> None:
    door.idp.claims.update(aud=[CLIENT, "another"])
    assert door.enter() == 422 and door.reasons() == ["audience"]
    door.idp.claims.update(azp=CLIENT)
    assert door.enter() == 303 and door.is_in


def test_coming_back_twice_with_another_browser_or_too_late_is_nothing(door: Door) -> None:
    stolen = door.leave()
    assert door.app.test_client().get(stolen).status_code == 422, "another browser"
    assert door.browser.get(stolen).status_code == 303
    again = door.app.test_client()
    for _ in range(2):
        assert again.get(stolen).status_code == 422, "used up"
    slow = door.leave(again)
    later(door, minutes=11)
    assert again.get(slow).status_code == 422
    assert set(door.reasons()) == {"state"}
    assert again.get(f"{RETURN}?code=x&state=made-up").status_code == 422


def test_a_code_that_was_spent_elsewhere_is_worth_nothing(door: Door) -> None:
    first, other = door.leave(), door.app.test_client()
    code = parse_qs(urlsplit(first).query)["code"][0]
    assert door.browser.get(first).status_code == 303
    mine = parse_qs(urlsplit(door.leave(other)).query)["state"][0]
    assert other.get(f"{RETURN}?code={code}&state={mine}&iss={door.idp.issuer}").status_code == 503
    unspent = parse_qs(urlsplit(door.leave(other)).query)["code"][0]
    theirs = parse_qs(urlsplit(door.leave(other)).query)["state"][0]
    injected = other.get(f"{RETURN}?code={unspent}&state={theirs}&iss={door.idp.issuer}")
    assert injected.status_code == 503, "a code of another visit fails its challenge (PKCE)"
    assert other.get("/portal/").status_code != 200


def test_new_keys_are_found_and_forged_names_do_not_make_us_ask_all_day(door: Door) -> None:
    assert door.enter() == 303
    assert (door.idp.calls["openid-configuration"], door.idp.calls["keys"]) == (1, 1)
    door.idp.rotate("second")
    door.browser = door.app.test_client()
    assert door.enter() == 422, "asked a moment ago"
    later(door, minutes=2)
    assert door.enter() == 303 and door.is_in
    door.idp.header["kid"] = "forged"
    for _ in range(3):
        door.browser = door.app.test_client()
        door.enter()
    assert door.idp.calls["keys"] == 2
    assert door.idp.calls["openid-configuration"] == 1


def test_the_level_of_assurance_is_asked_for_and_required(town: Door, tmp_path: Path) -> None:
    town.idp.honest()
    door = Door(town.services, town.idp, tmp_path / "secret", oidc_acr="real-name")
    assert door.enter() == 303
    assert town.idp.asked[-1]["acr_values"] == "real-name"
    town.idp.claims["acr"] = "password"
    door.browser = door.app.test_client()
    assert door.enter() == 422 and door.reasons()[-1] == "assurance"


def test_who_cancels_is_told_that_nothing_happened(door: Door) -> None:
    door.idp.error = "access_denied"
    answer = door.browser.get(door.leave())
    assert answer.status_code == 200 and "您取消了身份认证" in answer.text
    assert door.reasons() == []


def test_another_name_for_the_number_is_a_matter_for_the_window(door: Door) -> None:
    door.idp.person["name"] = "王某某"
    answer = door.browser.get(door.leave())
    assert answer.status_code == 422 and "窗口" in answer.text
    assert door.person.name not in answer.text and door.person.number not in answer.text


def test_somebody_who_is_on_no_list_is_told_so_and_gets_no_session(door: Door) -> None:
    door.idp.person.update(id_number="110101199003070011", name="李某某")
    answer = door.browser.get(door.leave())
    assert answer.status_code == 200 and "不在本省的失信被执行人名单上" in answer.text
    assert not door.is_in


def test_out_here_and_out_there_without_a_token_in_an_address(door: Door) -> None:
    door.enter()
    out = post(door.browser, "/portal/", "/sign-out", {})
    page = door.browser.get(out.headers["Location"])
    assert "请同时退出" in page.text and not door.is_in
    away = door.browser.get(START + "sign-out").headers["Location"]
    assert away.startswith(f"{door.idp.issuer}/end_session?") and "hint" not in away


def test_a_provider_that_is_down_leaves_the_other_door_open(door: Door) -> None:
    door.idp.status["openid-configuration"] = 500
    answer = door.browser.get(START)
    assert answer.status_code == 503 and "查询码" in answer.text
    assert door.person.sign_in().status_code == 303


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://other.example"},
        {"code_challenge_methods_supported": ["plain"]},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": None},
    ],
)
def test_metadata_of_another_or_without_what_we_need_is_refused(door: Door, said: dict[str, object]) -> None:
    door.idp.metadata = said
    assert door.browser.get(START).status_code == 503


def test_without_a_provider_there_is_no_such_door(town: Door) -> None:
    plain = replace(town.services, settings=replace(town.services.settings, oidc_issuer=""))
    browser = create_app(plain, features()).test_client()
    assert browser.get(START).status_code == browser.get(RETURN).status_code == 404
    assert "provider" not in browser.get("/portal/sign-in").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://idp.example", "oidc_client_id": "x"},
        {"oidc_issuer": "https://idp.example"},
        {"oidc_issuer": "https://idp.example", "oidc_client_id": "x", "oidc_scope": "profile"},
    ],
)
def test_settings_that_would_be_unsafe_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        Settings(**wrong)  # type: ignore[arg-type]

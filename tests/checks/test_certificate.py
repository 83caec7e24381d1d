"""An answer proves itself: signed also when nothing was found, verified offline, and by nothing else than its own key."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.checks.answer_keys import answer_signer, keep_public_key, public_keys
from creditsvc.checks.certificate import (
    AnswerSigner,
    CertificateInvalid,
    brief_of,
    digest_of,
    is_about,
    opened,
    read_keys,
)
from creditsvc.services import Services
from tests.checks.asking import FLY, asked
from tests.checks.screening_world import listed
from tests.repair.world import person_number
from tests.support.people import key_header, post_form, staff_browser
from wsgi import main

SIGNER = AnswerSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEYS = read_keys(json.dumps({"keys": [SIGNER.jwk]}))
SAID = json.dumps({"format": "creditsvc-answer/1", "outcome": "clear"}).encode()


@pytest.fixture
def header(services: Services) -> dict[str, str]:
    return key_header(services, Permission.CHECK_ASK)


def test_the_signature_is_over_what_was_said(client: FlaskClient, services: Services, header: dict[str, str]) -> None:
    number, name, _ = listed(services)
    for who, outcome in ((number, "restricted"), (person_number(901).number, "clear")):
        answer = asked(client, header, who, name)
        keys = read_keys(client.get("/v1/answer-keys").get_data())
        signed = opened(answer["certificate"], keys)
        assert signed["outcome"] == outcome
        assert signed == {key: value for key, value in answer.items() if key not in {"certificate", "number_key"}}
        assert is_about(signed, answer["number_key"], f"resident_id:{who}")
        assert not is_about(signed, answer["number_key"], f"resident_id:{person_number(902).number}")
        assert who not in json.dumps(answer)


def test_by_the_standard_alone(client: FlaskClient, services: Services, header: dict[str, str]) -> None:
    """RFC 7515 and 8037 by hand: a third party needs none of our code."""

    def raw(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    answer = asked(client, header, person_number(903).number, "甲某")
    head, payload, signature = answer["certificate"].split(".")
    [key] = client.get("/v1/answer-keys").get_json()["keys"]
    Ed25519PublicKey.from_public_bytes(raw(key["x"])).verify(raw(signature), f"{head}.{payload}".encode())
    assert json.loads(raw(head)) == {"alg": "EdDSA", "kid": key["kid"], "typ": "creditsvc-answer+jws"}
    assert json.loads(raw(payload))["check"] == answer["check"]


def test_verified_offline_years_later(
    client: FlaskClient, services: Services, header: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    number, name, _ = listed(services)
    answer = asked(client, header, number, name)
    file, keys = tmp_path / "answer.json", tmp_path / "answer-keys.json"
    trust = ("--trust", str(keys))
    file.write_text(json.dumps(answer, ensure_ascii=False, indent=1), encoding="utf-8")
    assert main(["verify", str(file)]) == 1
    assert "--trust" in capsys.readouterr().err
    keys.write_bytes(client.get("/answer-keys.json").get_data())
    assert main(["verify", str(file), *trust]) == 0
    told = capsys.readouterr().out
    assert all(part in told for part in ("成立", "受限制", name, answer["check"], "限制乘坐飞机", "T-1"))
    assert number not in told
    bare = tmp_path / "certificate.txt"
    bare.write_text(answer["certificate"] + "\n")
    assert main(["verify", str(bare), *trust]) == 0
    assert "受限制 / restricted" in capsys.readouterr().out
    for typed, code in ((number, 0), (person_number(904).number, 1)):
        monkeypatch.setattr(
            "sys.stdin", type("Typed", (), {"isatty": lambda _: False, "readline": lambda _, t=typed: t})()
        )
        assert main(["verify", str(file), "--number", *trust]) == code
        capsys.readouterr()
    for wrong in ({**answer, "outcome": "clear"}, {**answer, "certificate": _flipped(answer["certificate"])}):
        file.write_text(json.dumps(wrong), encoding="utf-8")
        assert main(["verify", str(file), *trust]) == 1
        assert "certificate-invalid" in capsys.readouterr().err
    file.write_text("{}")
    assert main(["verify", str(file)]) == 1
    assert main(["verify", str(tmp_path / "none")]) == 1


def _flipped(certificate: str) -> str:
    head, payload, signature = certificate.split(".")
    other = "B" if payload[40] == "A" else "A"
    return f"{head}.{payload[:40]}{other}{payload[41:]}.{signature}"


def test_keys_of_the_past_stay_published(sqlite_services: Services) -> None:
    services = sqlite_services
    keep_public_key(services, services.clock.now())
    keep_public_key(services, services.clock.now())
    folder = services.settings.keys / "answers"
    (folder / f"{SIGNER.jwk['kid']}.json").write_text(json.dumps({**SIGNER.jwk, "first_day": "2020-01-01"}))
    first, second = public_keys(services)["keys"]
    assert first["first_day"] == "2026-11-24"
    assert second["kid"] == SIGNER.jwk["kid"]
    assert opened(SIGNER.sign(SAID), read_keys(json.dumps(public_keys(services))))["outcome"] == "clear"


def _changed(**header: Any) -> str:
    signer = AnswerSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    told = {"alg": "EdDSA", "kid": SIGNER.jwk["kid"], "typ": "creditsvc-answer+jws"} | header
    signer._head = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=") + b"."
    return signer.sign(SAID)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
@example("..")
@example("e30.e30.e30")
@example(SIGNER.sign(b"[]"))
@example(SIGNER.sign(b'{"format": "another"}'))
@example(SIGNER.sign(SAID) + "A")
@example(SIGNER.sign(SAID).rstrip() + "=")
@example(_changed(alg="none"))
@example(_changed(crit=["exp"], exp=1))
@example(_changed(kid="nobody"))
@example(_changed(typ="JWT"))
def test_there_is_one_way_to_say_no(text: str) -> None:
    with pytest.raises(CertificateInvalid):
        opened(text, KEYS)


def test_the_key_of_others_signs_nothing_here() -> None:
    stranger = AnswerSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(CertificateInvalid):
        opened(stranger.sign(SAID), KEYS)
    assert opened(SIGNER.sign(SAID), KEYS)["outcome"] == "clear"


def test_the_page_keeps_the_answer(services: Services, app: Flask, tmp_path: Path) -> None:
    number, name, _ = listed(services)
    browser = staff_browser(app, services, StaffRole.AGENCY, "agent")
    page = post_form(browser, "/agency/", {"number": number, "name": name, **FLY}, page="/agency/")
    text = page.get_data(as_text=True)
    assert page.status_code == 200 and "保存签名答复" in text and number not in text
    hidden = {field: text.split(f'name="{field}" value="')[1].split('"')[0] for field in ("certificate", "number_key")}
    kept = post_form(browser, "/agency/answer-file", hidden, page="/agency/")
    (tmp_path / "a.json").write_bytes(kept.get_data())
    (tmp_path / "answer-keys.json").write_bytes(browser.get("/answer-keys.json").get_data())
    assert main(["verify", str(tmp_path / "a.json"), "--trust", str(tmp_path / "answer-keys.json")]) == 0
    assert "no-store" in kept.headers["Cache-Control"]
    forged = {**hidden, "certificate": _flipped(hidden["certificate"])}
    assert post_form(browser, "/agency/answer-file", forged, page="/agency/").status_code == 422


def test_the_paper_carries_its_proof(
    services: Services, client: FlaskClient, header: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a PDF: accepted offline by its attachment; its code alone says the same in short; other words are refused."""
    number, name, _ = listed(services)
    answer = asked(client, header, number, name)
    made = client.post("/v1/checks/paper", json={"certificate": answer["certificate"]}, headers=header)
    assert (made.status_code, made.mimetype, made.data[:5]) == (200, "application/pdf", b"%PDF-")
    (tmp_path / "keys.json").write_bytes(client.get("/answer-keys.json").get_data())
    trust = ("--trust", str(tmp_path / "keys.json"))
    (tmp_path / "a.pdf").write_bytes(made.data)
    assert main(["verify", str(tmp_path / "a.pdf"), *trust]) == 0
    assert answer["check"] in capsys.readouterr().out
    signer = answer_signer(services)
    brief = signer.sign(
        brief_of(opened(answer["certificate"], read_keys(json.dumps(public_keys(services)))), answer["certificate"])
    )
    assert len(brief) < 1200, "it must fit into a code that a telephone reads"
    (tmp_path / "code.txt").write_text(brief)
    assert main(["verify", str(tmp_path / "code.txt"), *trust]) == 0
    assert digest_of(answer["certificate"]) in capsys.readouterr().out
    for wrong in (_flipped(answer["certificate"]), brief, "x"):
        refused = client.post("/v1/checks/paper", json={"certificate": wrong}, headers=header)
        assert (refused.status_code, refused.get_json()["type"]) == (422, "certificate-invalid")

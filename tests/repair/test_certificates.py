"""Certificates about entries: only of what has left, one's own, superseded by newer ones, with a proof that others can check."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from creditsvc.papers.tables import Paper
from creditsvc.register.tables import Listing
from creditsvc.services import Services
from creditsvc.storage.outbox import FactType, put
from repair.entries import entry_view
from sync.mirror.verify import bundle_in
from sync.wire.removal import verify_bundle
from tests.papers.conftest import text_of
from tests.repair.world import DAY, debtor_of, list_person
from tests.support.feed_world import Register
from tests.support.people import debtor_browser, post_form


@pytest.fixture
def register(services: Services) -> Register:
    """The streams, and somebody who keeps a copy."""
    made = Register(services)
    made.subscriber("bureau-a")
    return made


def _published(services: Services, register: Register) -> str:
    entry = list_person(services)
    with services.database.writing() as session:
        put(session, entry=entry, kind="listing", revision=1, fact=FactType.PUBLISHED, at=services.clock.now())
    register.publish()
    return entry


def _left(services: Services, register: Register, entry: str, *, revoked: bool = False) -> None:
    register.remove(entry, revoked=revoked)
    with services.database.writing() as session:
        state = "revoked" if revoked else "removed"
        ground = {"exit": "revoked", "ground": "error"} if revoked else {"exit": "removed", "ground": "performed"}
        ground |= {"basis": "法释〔2017〕7号第十条第一款第一项", "decision": "（2026）豫0105执1号之二"}
        session.execute(
            update(Listing)
            .where(Listing.entry == entry)
            .values(state=state, ended_on=DAY, exit=ground)
        )  # fmt: skip


def _person(app: Flask, services: Services, entry: str) -> FlaskClient:
    return debtor_browser(app, services, debtor_of(services, entry).subject_id or "", "张某")


def test_from_the_removal_to_a_certificate_that_others_can_check(
    services: Services, app: Flask, register: Register, tmp_path: Path
) -> None:
    entry = _published(services, register)
    me, page = _person(app, services, entry), f"/portal/entries/{entry}/certificates"
    early = post_form(me, page, {"kind": "removal"}, page=page)
    assert early.status_code == 409 and "尚未移出" in early.text
    _left(services, register, entry)
    waits = post_form(me, page, {"kind": "removal"}, page=page)
    assert waits.status_code == 503 and "一分钟后再试" in waits.text
    register.publish()
    made = post_form(me, page, {"kind": "removal"}, page=page)
    assert made.status_code == 303
    shown = me.get(made.location).text
    assert "下载 PDF" in shown and "bureau-a" in shown
    with services.database.reading() as session:
        paper = session.scalars(select(Paper)).one()
        name = entry_view(session, entry, on=DAY).name
    pdf = me.get(f"{page}/{paper.number}").data
    text = text_of(pdf, tmp_path)
    assert name in text and "已履行或者执行完毕" in text and "移出通知" in text and len(pdf) < 200_000
    bundle = me.get(f"/portal/entries/{entry}/proof")
    assert verify_bundle(bundle.data).entry == entry
    carried = bundle_in(pdf)
    assert verify_bundle(carried).entry == entry
    assert sha256(carried).hexdigest() in re.sub(r"\s", "", text)
    told = app.test_client().get(f"/v1/certificates/{paper.number}").get_json()
    assert (told["state"], told["name_begins"][0], told["replaced_by"]) == ("valid", name[0], None)
    assert name not in str(told)


def test_a_newer_certificate_supersedes_the_older(services: Services, app: Flask, register: Register) -> None:
    entry = _published(services, register)
    _left(services, register, entry)
    register.publish()
    me, page = _person(app, services, entry), f"/portal/entries/{entry}/certificates"
    for kind in ("removal", "repair", "removal"):
        assert post_form(me, page, {"kind": kind}, page=page).status_code == 303
    with services.database.reading() as session:
        states = session.execute(select(Paper.kind, Paper.state).order_by(Paper.id)).all()
    assert [tuple(each) for each in states] == [("REMOVAL", "superseded"), ("REPAIR", "valid"), ("REMOVAL", "valid")]


def test_a_wrong_listing_needs_no_repair_and_is_certified_as_wrong(
    services: Services, app: Flask, register: Register, tmp_path: Path
) -> None:
    entry = _published(services, register)
    _left(services, register, entry, revoked=True)
    register.publish()
    me, page = _person(app, services, entry), f"/portal/entries/{entry}/certificates"
    refused = post_form(me, page, {"kind": "repair"}, page=page)
    assert refused.status_code == 409 and "不需要信用修复" in refused.text
    assert post_form(me, page, {"kind": "removal"}, page=page).status_code == 303
    with services.database.reading() as session:
        number = session.scalars(select(Paper.number)).one()
    assert "不应列入" in text_of(me.get(f"{page}/{number}").data, tmp_path)


def test_nobody_elses_certificate_is_made_or_fetched(services: Services, app: Flask, register: Register) -> None:
    entry, other = _published(services, register), _published(services, register)
    _left(services, register, entry)
    register.publish()
    me, page = _person(app, services, entry), f"/portal/entries/{entry}/certificates"
    post_form(me, page, {"kind": "removal"}, page=page)
    with services.database.reading() as session:
        number = session.scalars(select(Paper.number)).one()
    stranger = _person(app, services, other)
    own = f"/portal/entries/{other}/certificates"
    for path in (page, f"{page}/{number}", f"/portal/entries/{entry}/proof", f"{own}/{number}"):
        assert stranger.get(path).status_code == 404
    assert post_form(stranger, page, {"kind": "removal"}, page=own).status_code == 404
    assert post_form(me, page, {"kind": "gold"}, page=page).status_code == 404


@pytest.mark.parametrize("number", ["x", "豫0105-REMOVAL-2026-00001-AAAAAAAA", "410105198001010015"])
def test_unknown_numbers_answer_alike(sqlite_services: Services, client: FlaskClient, number: str) -> None:
    answer = client.get(f"/v1/certificates/{number}")
    assert (answer.status_code, answer.get_json()["type"]) == (404, "paper-unknown")

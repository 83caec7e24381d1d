"""A phone and a mail address of one's own: proven by a code over a real gateway and a real mail server, told of decisions."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select

from creditsvc.access.permissions import StaffRole
from creditsvc.app import create_app
from creditsvc.kernel.load import packaged_calendar
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, queue
from creditsvc.papers.delivery_job import deliver_due
from creditsvc.papers.delivery_states import Channel, DeliveryState
from creditsvc.papers.tables import Delivery, Paper
from creditsvc.register import decisions
from creditsvc.register.decisions import Draft
from creditsvc.register.tables import Decision
from creditsvc.services import Services
from creditsvc.tasks.tables import Task
from repair import creditors
from repair import desk_work as work
from repair.history import load
from repair.jobs import deadlines
from repair.policy.kinds import ApplicationKind
from tests.papers.test_senders import Box, gateway
from tests.repair.steps import grant, refuse, send
from tests.repair.test_every_kind import FINDING
from tests.repair.test_portal import Person, post
from tests.repair.world import DAY, clerk, debtor_of, judge_of, list_person
from tests.support.apps import Templates, world
from tests.support.people import staff_browser
from wsgi import features

ACCOUNT = "/portal/account/"
CLAUSE = "法释〔2017〕7号第十条第一款第一项"
PHONE, MAIL = "13800001234", "zhang@post.example"


@dataclass
class Town:
    """A house that can send, and what was sent."""

    services: Services
    app: Flask
    texts: list[tuple[dict[str, str], bytes]]
    box: Box
    works: dict[str, int] = field(default_factory=dict)

    def sms(self) -> list[dict[str, str]]:
        """Every short message: number and text."""
        return [json.loads(body) for _, body in self.texts]

    def code(self) -> str:
        """The code in the newest short message."""
        found = re.search(r"\b[0-9]{6}\b", self.sms()[-1]["text"])
        assert found
        return found[0]

    def later(self, **by: float) -> None:
        self.services.clock.set(self.services.clock.now() + timedelta(**by))  # type: ignore[attr-defined]


@contextmanager
def sending(templates: Templates, home: Path) -> Iterator[Town]:
    """A house whose mail server and gateway are really there."""
    box, works, alarm = Box(), {"status": 202}, home / "alarms.csv"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    lines = (
        "# 法院,级别,邮箱",
        "豫0105,soon,clerks@jinshui.example",
        "豫0105,late,president@jinshui.example",
        "豫01,*,above@zz.example",
    )
    alarm.write_text("\n".join(lines) + "\n", "utf-8")
    with gateway(lambda: works["status"]) as (url, texts):
        settings = {"sms_url": url, "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none",
                    "mail_from": "no-reply@court.example", "alarm_mail_file": str(alarm)}  # fmt: skip
        with world("sqlite", templates, home, **settings) as services:
            yield Town(services, create_app(services, features()), texts, box, works)
    controller.stop()


@pytest.fixture(scope="module")
def one_town(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """For all that asks nothing of what else is in the house."""
    with sending(templates, tmp_path_factory.mktemp("contacts")) as made:
        yield made


@pytest.fixture
def town(one_town: Town) -> Town:
    """Nothing sent yet, and an hour later, so that everybody may send again."""
    one_town.texts.clear()
    one_town.box.mails.clear()
    one_town.works["status"] = 202
    one_town.later(hours=1)
    return one_town


@pytest.fixture
def quiet_town(templates: Templates, tmp_path: Path) -> Iterator[Town]:
    """A house with nobody else in it."""
    with sending(templates, tmp_path) as made:
        yield made


@pytest.fixture
def person(town: Town) -> Person:
    made = Person(town.services, town.app)
    made.sign_in()
    return made


@pytest.fixture
def alone(quiet_town: Town) -> Person:
    made = Person(quiet_town.services, quiet_town.app)
    made.sign_in()
    return made


def proves(town: Town, person: Person, *, as_factor: bool = False) -> None:
    """The person's phone, proven."""
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms", {"address": PHONE}).status_code == 303
    fields = {"code": town.code(), **({"as_factor": "1"} if as_factor else {})}
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms/confirm", fields).status_code == 303


def challenge_of(page: str) -> str:
    found = re.search(r'name="challenge" value="([\w-]+)"', page)
    assert found, page[:300]
    return found[1]


def test_a_phone_protects_the_sign_in_and_a_code_counts_once(town: Town, person: Person) -> None:
    proves(town, person, as_factor=True)
    assert "*******1234" in person.browser.get(ACCOUNT).text and PHONE not in person.browser.get(ACCOUNT).text
    person.browser = town.app.test_client()
    page = person.sign_in().text
    assert "尾号为 34 的手机" in page and PHONE not in page
    challenge = {"challenge": challenge_of(page)}
    sent = post(person.browser, "/portal/sign-in", "/portal/second-factor/send", challenge)
    assert "已经发出" in sent.text and town.sms()[-1]["to"] == PHONE
    for wrong in ("000000", ""):
        assert (
            post(person.browser, "/portal/sign-in", "/portal/second-factor", {**challenge, "code": wrong}).status_code
            == 422
        )
    code = town.code()
    assert (
        post(person.browser, "/portal/sign-in", "/portal/second-factor", {**challenge, "code": code}).status_code == 303
    )
    assert person.browser.get("/portal/").status_code == 200
    again = town.app.test_client()
    person.browser = again
    fresh = {"challenge": challenge_of(person.sign_in().text), "code": code}
    assert post(again, "/portal/sign-in", "/portal/second-factor", fresh).status_code == 422, (
        "another sign-in, another code"
    )


def test_codes_are_hashed_short_lived_and_few(town: Town, person: Person) -> None:
    proves(town, person, as_factor=True)
    with town.services.database.reading() as session:
        for row in session.scalars(select(Delivery)):
            assert not re.search(r"[0-9]{6}", row.body_zh + row.body_en) and row.secret_cell is None, (
                "nothing kept once it left"
            )
            assert row.state == DeliveryState.HANDED_OVER.value
    person.browser = town.app.test_client()
    challenge = {"challenge": challenge_of(person.sign_in().text)}
    answers = [
        post(person.browser, "/portal/sign-in", "/portal/second-factor/send", challenge).status_code for _ in range(7)
    ]
    assert answers[-1] == 429 and answers.count(200) == 5, (
        "six an hour for one person, with the one that proved the phone"
    )
    town.later(minutes=10, seconds=1)
    late = {**challenge, "code": town.code()}
    assert post(person.browser, "/portal/sign-in", "/portal/second-factor", late).status_code == 422
    unknown = {"challenge": "x" * 43}
    assert post(person.browser, "/portal/sign-in", "/portal/second-factor/send", unknown).status_code == 422


def test_a_gateway_that_is_down_is_said_and_nobody_is_let_in(town: Town, person: Person) -> None:
    proves(town, person, as_factor=True)
    town.works["status"] = 503
    person.browser = town.app.test_client()
    challenge = {"challenge": challenge_of(person.sign_in().text)}
    failed = post(person.browser, "/portal/sign-in", "/portal/second-factor/send", challenge)
    assert "现在发不出去" in failed.text
    assert person.browser.get("/portal/").status_code != 200


@pytest.mark.parametrize("wrong", ["", "12", "not a number", "zhang@post.example", "1380000123412345678"])
def test_an_address_that_can_not_be_one_is_said_and_kept_nowhere(town: Town, person: Person, wrong: str) -> None:
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms", {"address": wrong}).status_code == 422
    assert "未填写" in person.browser.get(ACCOUNT).text and town.texts == []


def test_a_protecting_phone_is_changed_and_ended_only_with_a_code_of_now(town: Town, person: Person) -> None:
    proves(town, person, as_factor=True)
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms", {"address": "13900005678"}).status_code == 409
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms/end", {"code": "000000"}).status_code == 422
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms", {"again": "1"}).status_code == 303
    assert post(person.browser, ACCOUNT, ACCOUNT + "contacts/sms/end", {"code": town.code()}).status_code == 303
    person.browser = town.app.test_client()
    assert person.sign_in().status_code == 303


def test_word_of_what_happens_goes_where_it_reaches_the_person(town: Town, person: Person) -> None:
    proves(town, person)
    services, now = town.services, town.services.clock.now()
    me = debtor_of(services, person.entry)
    application = send(services, me, person.entry, ApplicationKind.REMOVAL, "performed")
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        work.take(session, found, caller=clerk(), now=now)
        work.give_back(session, services, found, lacking="请补充付款凭证", caller=clerk(), now=now)
    deliver_due(services, now)
    assert "需要补正" in town.sms()[-1]["text"] and "付款凭证" not in town.sms()[-1]["text"]
    other = send(services, me, person.entry, ApplicationKind.REVOCATION, "no_circumstance")
    refuse(services, other)
    deliver_due(services, now)
    assert "已有决定" in town.sms()[-1]["text"]
    for said in town.sms():
        assert person.name not in said["text"] and person.number not in said["text"]


def test_an_exit_is_told_by_the_channels_that_carried_the_listing(quiet_town: Town, alone: Person) -> None:
    services, now = quiet_town.services, quiet_town.services.clock.now()
    carried(services, alone.entry, MAIL)
    grant(
        services,
        send(services, debtor_of(services, alone.entry), alone.entry, ApplicationKind.REMOVAL, "performed"),
        FINDING,
    )
    deliver_due(services, now)
    (told,) = [mail for mail in quiet_town.box.mails if "已经移出" in str(mail["Subject"])]
    assert told["To"] == MAIL and "第三十七条" in told.get_content() and alone.name not in told.get_content()
    assert "一条记录已经移出" in alone.browser.get("/portal/papers/").text
    assert deadlines(services, now) == "", "told once"


def test_an_exit_on_the_registers_own_desk_is_told_in_the_same_transaction(quiet_town: Town, alone: Person) -> None:
    services, now = quiet_town.services, quiet_town.services.clock.now()
    waiting = send(services, debtor_of(services, alone.entry), alone.entry, ApplicationKind.REMOVAL, "performed")
    made = _proposed(services, alone.entry)
    judge = staff_browser(quiet_town.app, services, StaffRole.JUDGE)
    page = f"/desk/decisions/{made.id}"
    signed = post(judge, page, page, {"go": "approve", "digest": made.digest})
    assert signed.status_code == 303, signed.text
    with services.database.reading() as session:
        told = session.scalars(select(Delivery.channel).where(Delivery.purpose == "entry_left")).all()
        assert told == ["page"]
        assert load(session, waiting, to_change=False).state == "overtaken", "nobody waits for a decision on it"
    assert deadlines(services, now) == "", "nothing is left to the job"
    assert "一条记录已经移出" in alone.browser.get("/portal/papers/").text


def test_an_exit_that_its_transaction_did_not_tell_is_told_by_the_job(quiet_town: Town, alone: Person) -> None:
    services, now = quiet_town.services, quiet_town.services.clock.now()
    made = _proposed(services, alone.entry)
    with services.database.writing() as session:
        decisions.approve(session, made.id, shown_digest=made.digest, caller=judge_of(), now=now)
    assert deadlines(services, now) == "1 messages"
    assert deadlines(services, now) == ""
    assert "一条记录已经移出" in alone.browser.get("/portal/papers/").text


def _proposed(services: Services, entry: str) -> Decision:
    now = services.clock.now()
    draft = Draft(
        "remove_listing",
        entry,
        "performed",
        "法释〔2017〕7号第十条第一款第一项",
        DAY,
        DAY,
        "已履行",
        "（2026）豫0105执1号之九",
        {},
    )
    with services.database.writing() as session:
        return decisions.propose(session, draft, caller=clerk(), now=now)


def carried(services: Services, entry: str, address: str) -> None:
    """A letter about the entry that went out by mail."""
    subject, now, said = debtor_of(services, entry).subject_id, services.clock.now(), Bilingual("文书", "A letter")
    with services.database.writing() as session:
        paper = Paper(
            number="豫0105-LD-2026-00001-ABCDEFGH", court_code="豫0105", kind="LD", year=2026, serial=1, title_zh="文书",
            title_en="A letter", hint="某", entry=entry, subject_id=subject, state="valid", digest="0" * 64, size=1,
            issued_at=now, issued_by="staff:1",
        )  # fmt: skip
        session.add(paper)
        session.flush()
        about = {"address": address, "paper_id": paper.id, "subject_id": subject, "entry": entry}
        queue(session, services, Message(Channel.MAIL, "LD", "豫0105", said, said, **about), now=now)


def test_lateness_reaches_the_desk_and_the_mail_of_whoever_it_concerns(quiet_town: Town, alone: Person) -> None:
    services, start = quiet_town.services, quiet_town.services.clock.now()
    application = send(services, debtor_of(services, alone.entry), alone.entry, ApplicationKind.REMOVAL, "performed")
    for days in (13, 16, 40):
        deadlines(services, start + timedelta(days=days))
        deliver_due(services, start + timedelta(days=days))
    assert [mail["To"] for mail in quiet_town.box.mails] == [
        "clerks@jinshui.example",
        "president@jinshui.example",
        "above@zz.example",
    ]
    with services.database.reading() as session:
        tasks = session.scalars(select(Task).where(Task.entry == alone.entry).order_by(Task.id)).all()
        assert [(task.kind, task.court_code) for task in tasks] == [
            ("application_soon", "豫0105"), ("application_late", "豫0105"), ("application_higher", "豫01"),
        ]  # fmt: skip
        assert all(task.details["page"] == f"/desk/applications/{application}" for task in tasks)
    grant(services, application, replace(FINDING))
    with services.database.reading() as session:
        assert all(task.closed_at for task in session.scalars(select(Task).where(Task.kind.startswith("application_"))))


def test_the_creditors_link_goes_out_and_is_kept_nowhere(town: Town) -> None:
    services, now = town.services, town.services.clock.now()
    entry = list_person(services)
    application = send(services, debtor_of(services, entry), entry, ApplicationKind.REMOVAL, "performed")
    with services.database.writing() as session:
        found = load(session, application, to_change=True)
        token = creditors.ask(session, services, found, name="王债权", holder="410105199003070011", address="139 0000 5678",
                              calendar=packaged_calendar(), caller=clerk(), now=now)  # fmt: skip
        session.flush()
        for row in session.scalars(select(Delivery)):
            assert token not in row.body_zh + row.body_en and token.encode() not in (row.secret_cell or b"")
    deliver_due(services, now)
    (said,) = (one for one in town.sms() if "/creditor/" in one["text"])
    assert said["to"] == "13900005678" and f"/creditor/{token}" in said["text"] and "张" not in said["text"]
    page = town.app.test_client().get(f"/creditor/{token}")
    assert page.status_code == 200

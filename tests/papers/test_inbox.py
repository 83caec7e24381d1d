"""The debtor's letters: opened by a button, served where the debtor agreed, nobody else's."""

from __future__ import annotations

from flask import Flask

from creditsvc.kernel.text import Bilingual
from creditsvc.papers import delivery, issuing
from creditsvc.papers.delivery_states import Channel
from creditsvc.services import Services
from tests.papers.conftest import order
from tests.support.apps import NOON
from tests.support.people import TESTER, debtor_browser, post_form

ME, OTHER = "a" * 32, "b" * 32
PAGE = "/portal/papers/"


def sent(services: Services, *, consented: bool) -> tuple[int, bytes]:
    services.vault.new_keys([ME], at=NOON)
    with services.database.writing() as session:
        paper = issuing.issue(session, services, order(subject_id=ME), caller=TESTER, now=NOON)
        message = delivery.Message(
            Channel.PAGE, "TEST", "豫0105", Bilingual("新的文书", "a paper"), Bilingual("请阅读", "read it"), paper_id=paper.id,
            subject_id=ME, consented=consented,
        )  # fmt: skip
        return delivery.queue(session, services, message, now=NOON).id, paper.pdf


def test_a_letter_is_opened_by_a_button_and_then_read_again(app: Flask, services: Services) -> None:
    number, pdf = sent(services, consented=False)
    mine = debtor_browser(app, services, ME)
    assert "未打开" in mine.get(PAGE).get_data(as_text=True)
    assert mine.get(f"{PAGE}{number}.pdf").status_code == 404
    opened = post_form(mine, f"{PAGE}{number}", page=PAGE)
    assert opened.status_code == 303 and mine.get(opened.headers["Location"]).data == pdf
    page = mine.get(PAGE).get_data(as_text=True)
    assert "已阅读" in page and "送达日：" not in page
    assert mine.get(f"{PAGE}{number}.pdf").data == pdf


def test_with_consent_opening_is_service(app: Flask, services: Services) -> None:
    number, _ = sent(services, consented=True)
    mine = debtor_browser(app, services, ME)
    assert "打开之日即为送达之日" in mine.get(PAGE).get_data(as_text=True)
    post_form(mine, f"{PAGE}{number}", page=PAGE)
    assert "2026年11月24日" in mine.get(PAGE).get_data(as_text=True).split("送达日：")[1]


def test_somebody_elses_letter_is_not_there(app: Flask, services: Services) -> None:
    number, _ = sent(services, consented=True)
    stranger = debtor_browser(app, services, OTHER)
    assert "还没有文书" in stranger.get(PAGE).get_data(as_text=True)
    for wanted in (number, 999):
        assert post_form(stranger, f"{PAGE}{wanted}", page=PAGE).status_code == 404
        assert stranger.get(f"{PAGE}{wanted}.pdf").status_code == 404
    with services.database.reading() as session:
        assert delivery.delivery_of(session, number).state == "handed_over"

"""What papers hand to the roof: the public page of verification, the trial certificate, deliveries that recur."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint

from creditsvc.access.permissions import Permission
from creditsvc.feature import Feature, Job, NavigationItem
from creditsvc.kernel.text import Bilingual
from creditsvc.papers import inbox_page, verify_page
from creditsvc.papers.delivery_job import deliver_due
from creditsvc.papers.signer import current_signer, renew_trial
from creditsvc.services import Services


def _pages() -> Sequence[Blueprint]:
    return verify_page.blueprint, inbox_page.blueprint


def _prepare(services: Services, now: datetime) -> None:
    with services.database.writing() as session:
        current_signer(session, services, now=now)


def _renew(services: Services, now: datetime) -> str:
    with services.database.writing() as session:
        return "renewed" if renew_trial(session, services, now=now) else ""


FEATURE = Feature(
    name="papers",
    blueprints=_pages,
    prepare=_prepare,
    navigation=(
        NavigationItem("portal", "inbox.letters", Bilingual("我的文书", "My letters"), Permission.APPLICATION_OWN, 25),
    ),
    jobs=(
        Job(
            "papers.deliver",
            deliver_due,
            every_seconds=60,
            purpose=Bilingual("发送到期的邮件和短信", "send mail and short messages that are due"),
        ),
        Job(
            "papers.certificate",
            _renew,
            every_seconds=86_400,
            purpose=Bilingual("自签的试用证书到期前六十日换新", "replace the trial certificate 60 days before it ends"),
        ),
    ),
)

"""What repair hands to the roof: portal, court's desk, API, jobs, navigation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint

from creditsvc.access.permissions import Permission
from creditsvc.feature import Feature, NavigationItem
from creditsvc.kernel.text import Bilingual
from repair import (
    api,
    certificate_api,
    certificate_pages,
    creditor_page,
    desk,
    desk_findings,
    desk_letters,
    desk_promises,
    desk_window,
    portal,
    portal_account,
    portal_apply,
    reliance_pages,
)
from repair.jobs import JOBS
from repair.left import on_left
from repair.notices import on_served
from repair.open_case import case_standing, open_case
from repair.performing import agency as performing_agency
from repair.performing import api as performing_api
from repair.performing import desk as performing_desk
from repair.performing import portal as performing_portal
from repair.performing import public as performing_public
from repair.performing.jobs import JOBS as PERFORMING_JOBS
from repair.performing.published import publishable
from repair.provider import pages as provider_pages


def _pages() -> Sequence[Blueprint]:
    return (
        portal.blueprint,
        portal_apply.blueprint,
        provider_pages.blueprint,
        desk.blueprint,
        desk_letters.blueprint,
        desk_findings.blueprint,
        desk_promises.blueprint,
        certificate_pages.blueprint,
        performing_desk.blueprint,
        performing_portal.blueprint,
        performing_public.blueprint,
        performing_agency.blueprint,
        creditor_page.blueprint,
        reliance_pages.blueprint,
        portal_account.blueprint,
        desk_window.blueprint,
    )


def _api() -> Sequence[Any]:
    return api.blueprint, certificate_api.blueprint, performing_api.blueprint


FEATURE = Feature(
    name="repair",
    blueprints=_pages,
    api_blueprints=_api,
    jobs=(*JOBS, *PERFORMING_JOBS),
    ports={
        "publishable/incentive": publishable,
        "open_case": open_case,
        "left/repair": on_left,
        "served/repair": on_served,
        "case_standing": case_standing,
    },
    navigation=(
        NavigationItem("portal", "portal.home", Bilingual("我的记录", "My entries"), Permission.APPLICATION_OWN, 10),
        NavigationItem("portal", "portal_apply.choose", Bilingual("提出申请", "Apply"), Permission.APPLICATION_OWN, 20),
        NavigationItem(
            "portal", "portal_account.account", Bilingual("账户与委托", "Account"), Permission.APPLICATION_OWN, 40
        ),
        NavigationItem(
            "desk", "promises_desk.promises", Bilingual("信用承诺", "Promises"), Permission.APPLICATION_WORK, 42
        ),
        NavigationItem("desk", "window_desk.form", Bilingual("窗口", "Window"), Permission.LETTER_ISSUE, 45),
        NavigationItem(
            "portal", "portal.who_looked", Bilingual("谁查过我", "Who looked"), Permission.APPLICATION_OWN, 30
        ),
        NavigationItem("agency", "reliance.notices", Bilingual("重新审查", "Look again"), Permission.CHECK_ASK, 60),
        NavigationItem(
            "desk", "applications_desk.queue", Bilingual("申请", "Applications"), Permission.APPLICATION_WORK, 40
        ),
        NavigationItem(
            "desk", "performing_desk.queue", Bilingual("自动履行", "Performing"), Permission.APPLICATION_WORK, 45
        ),
        NavigationItem(
            "portal", "performing_portal.home", Bilingual("履行证明", "Certificates"), Permission.APPLICATION_OWN, 25
        ),
        NavigationItem(
            "agency", "incentive_checks.form", Bilingual("激励查询", "Incentives"), Permission.CHECK_ASK, 40
        ),
    ),
    translations=str(Path(__file__).parent / "translations"),
)

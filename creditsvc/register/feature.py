"""What the register hands to the roof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from creditsvc.access.permissions import Permission
from creditsvc.feature import Feature, NavigationItem
from creditsvc.kernel.text import Bilingual
from creditsvc.register import (
    api,
    api_life,
    deadline_page,
    desk,
    desk_blueprint,
    desk_bulk,
    desk_bulk_service,
    desk_calendar,
    desk_candidates,
    desk_case,
    desk_decisions,
    desk_due,
    desk_events,
    desk_letters,
    desk_papers,
)
from creditsvc.register.jobs import JOBS
from creditsvc.register.served import on_served

DESK = (
    desk,
    desk_bulk,
    desk_bulk_service,
    desk_calendar,
    desk_candidates,
    desk_case,
    desk_decisions,
    desk_due,
    desk_events,
    desk_letters,
)
"""The modules whose pages stand on the desk's one blueprint."""


def _pages() -> Sequence[Blueprint]:
    return desk_blueprint.blueprint, desk_papers.blueprint, deadline_page.blueprint


def _api() -> Sequence[Any]:
    return (api.blueprint, api_life.blueprint)


FEATURE = Feature(
    name="register",
    blueprints=_pages,
    api_blueprints=_api,
    jobs=JOBS,
    ports={"served/register": on_served},
    navigation=(
        NavigationItem("desk", "desk.home", Bilingual("待办", "To do"), Permission.LISTING_READ, 10),
        NavigationItem("desk", "desk.listings", Bilingual("名单", "Entries"), Permission.LISTING_READ, 30),
    ),
)

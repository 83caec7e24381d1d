"""What the checks hand to the roof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from creditsvc.access.permissions import Permission
from creditsvc.checks import (
    api,
    feedback_api,
    feedback_pages,
    homonym_pages,
    pages,
    rulebook_api,
    rulebook_pages,
    rulebook_what_if_pages,
    screening_api,
    screening_pages,
    screening_work,
    watch,
    watch_api,
    watch_pages,
)
from creditsvc.checks.answer_keys import keep_public_key
from creditsvc.feature import Feature, Job, NavigationItem
from creditsvc.kernel.text import Bilingual


def _pages() -> Sequence[Blueprint]:
    return (
        pages.blueprint,
        rulebook_pages.blueprint,
        rulebook_what_if_pages.blueprint,
        screening_pages.blueprint,
        watch_pages.blueprint,
        feedback_pages.blueprint,
        homonym_pages.blueprint,
    )


def _api() -> Sequence[Any]:
    return (api.blueprint, rulebook_api.blueprint, screening_api.blueprint, watch_api.blueprint, feedback_api.blueprint)


FEATURE = Feature(
    name="checks",
    blueprints=_pages,
    api_blueprints=_api,
    prepare=keep_public_key,
    jobs=(
        Job("screenings", screening_work.run_screenings, 2, Bilingual("批量核查", "works screenings off")),
        Job(
            "screening-retention",
            screening_work.destroy_old_results,
            3600,
            Bilingual("销毁到期的批量核查结果", "destroys results of screenings past their days"),
        ),
        Job("watch-lists", watch.refresh_all, 300, Bilingual("比对关注名单", "tells watch lists what came and went")),
    ),
    navigation=(
        NavigationItem("agency", "checks_pages.agency", Bilingual("核查", "Check"), Permission.CHECK_ASK, 10),
        NavigationItem("agency", "screenings.index", Bilingual("批量核查", "Screening"), Permission.SCREEN_RUN, 20),
        NavigationItem("agency", "watch_lists.index", Bilingual("关注名单", "Watch lists"), Permission.SCREEN_RUN, 30),
        NavigationItem("agency", "feedback.index", Bilingual("反馈", "Feedback"), Permission.CHECK_ASK, 40),
        NavigationItem(
            "oversight", "feedback.figures", Bilingual("惩戒反馈", "Feedback"), Permission.OVERSIGHT_READ, 40
        ),
        NavigationItem("agency", "rulebook.index", Bilingual("措施清单", "Rulebook"), Permission.ANYONE, 90),
        NavigationItem(
            "desk", "homonyms.index", Bilingual("非名单本人", "Not the listed one"), Permission.LISTING_READ, 80
        ),
        NavigationItem(
            "desk",
            "rulebook_what_if.form",
            Bilingual("清单改动预览", "What if"),
            Permission.CATALOGUE_HOLD,
            95,
        ),
    ),
)

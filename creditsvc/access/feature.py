"""What access hands to the roof: its upkeep, and the menu entry of the service's own pages."""

from __future__ import annotations

from datetime import datetime

from creditsvc.access.rates import forget_full_buckets
from creditsvc.feature import Feature, Job
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services


def _forget(services: Services, now: datetime) -> str:
    with services.database.writing() as session:
        return f"forgotten {forget_full_buckets(session, now)}"


FEATURE = Feature(
    name="access",
    jobs=(
        Job(
            "access.rates",
            _forget,
            every_seconds=3600,
            purpose=Bilingual("清理一天未用的限速记录", "drop rate buckets that nobody touched for a day"),
        ),
    ),
)

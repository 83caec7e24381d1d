"""What sync hands to the roof: intake, feed, desks, jobs, and the proof of who has let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint

from creditsvc.access.permissions import Permission
from creditsvc.feature import Feature, Job, NavigationItem
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync import api_batches, desk_batches, desk_feed, desk_subscribers, desk_waiting, feed_api, subscriber_pages
from sync.apply import apply_politely
from sync.canaries import publish_canaries
from sync.deliver import push_due
from sync.feed_upkeep import keep_feed
from sync.freshness import batch_freshness, feed_freshness
from sync.heads import prepare_feed, resign_heads
from sync.holders import holders_of
from sync.ladder import mark_overdue, owing_now
from sync.log_check import check_feed
from sync.probes import plan_probes
from sync.proofs_kept import kept_proof
from sync.publish import sequence_politely
from sync.sweep import sweep_batches
from sync.witnessing import cosign_heads


def _pages() -> Sequence[Blueprint]:
    return (
        feed_api.blueprint,
        desk_batches.blueprint,
        desk_waiting.blueprint,
        desk_subscribers.blueprint,
        desk_feed.blueprint,
        subscriber_pages.blueprint,
    )


def _api() -> Sequence[Any]:
    return (api_batches.blueprint,)


def _counting(work: Callable[[Services, datetime], int], word: str) -> Callable[[Services, datetime], str]:
    """A job that says how much it did, and nothing when there was nothing to do."""

    def run(services: Services, now: datetime) -> str:
        done = work(services, now)
        return f"{word} {done}" if done else ""

    return run


FEATURE = Feature(
    name="sync",
    blueprints=_pages,
    api_blueprints=_api,
    jobs=(
        Job(
            "feed-sequence",
            _counting(sequence_politely, "numbered"),
            1,
            Bilingual("为待发布的变动编号并签署流头", "number what waits and sign the heads"),
            prompt=True,
        ),
        Job(
            "feed-resign",
            _counting(resign_heads, "signed"),
            30,
            Bilingual("每五分钟内重签流头", "sign every head again within five minutes"),
        ),
        Job(
            "feed-witness",
            _counting(cosign_heads, "cosigned"),
            2,
            Bilingual("请见证人联署流头", "have the heads cosigned by the witnesses"),
        ),
        Job(
            "feed-push",
            _counting(push_due, "heard"),
            1,
            Bilingual("唤醒订阅单位", "wake subscribers"),
        ),
        Job(
            "feed-probes",
            _counting(plan_probes, "planned"),
            3600,
            Bilingual("抽取移除后的核验", "choose removals to look after"),
        ),
        Job(
            "feed-check",
            _counting(check_feed, "findings"),
            3600,
            Bilingual("核对存储与已签署的流头", "check what is stored against the signed heads"),
        ),
        Job(
            "feed-canaries",
            _counting(publish_canaries, "replaced"),
            600,
            Bilingual("每日更换校验记录", "replace the canary of each stream daily"),
        ),
        Job(
            "feed-overdue",
            _counting(mark_overdue, "found"),
            60,
            Bilingual("找出逾期未确认移除的单位", "find who has not confirmed a removal in time"),
        ),
        Job(
            "feed-keep",
            _counting(keep_feed, "built"),
            30,
            Bilingual("整理分段与过期的随机数", "build blocks, drop old questions"),
        ),
        Job(
            "batches-apply",
            _counting(apply_politely, "applied"),
            2,
            Bilingual("使已发布的批次生效", "apply released batches"),
        ),
        Job(
            "batches-sweep",
            _counting(sweep_batches, "cleared"),
            3600,
            Bilingual("清除已办结批次的密钥与文件", "clear keys and files of finished batches"),
        ),
    ),
    navigation=(
        NavigationItem("desk", "batches.index", Bilingual("批次", "Batches"), Permission.LISTING_READ, 20),
        NavigationItem("desk", "waiting.index", Bilingual("待补正", "Waiting rows"), Permission.LISTING_READ, 21),
        NavigationItem(
            "subscriber", "subscriber_area.index", Bilingual("本单位的副本", "Our copy"), Permission.SUBSCRIBER_OWN, 50
        ),
        NavigationItem(
            "oversight", "feed_desk.alarm_list", Bilingual("数据流警示", "Feed alarms"), Permission.OVERSIGHT_READ, 60
        ),
        NavigationItem(
            "desk", "subscribers.index", Bilingual("订阅单位", "Subscribers"), Permission.SUBSCRIBER_READ, 50
        ),
    ),
    ports={
        "barred": owing_now,
        "holders": holders_of,
        "removal_proof": kept_proof,
        "fresh/feed": feed_freshness,
        "fresh/batch": batch_freshness,
    },
    prepare=prepare_feed,
    translations=str(Path(__file__).parent / "translations"),
)

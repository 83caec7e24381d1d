"""Tokens taken ahead never make a limit looser, and only a little stricter."""

from __future__ import annotations

from datetime import timedelta

from creditsvc.access.rates import Leases
from creditsvc.services import Services


def taken(services: Services, leases: list[Leases], rounds: int, *, at: int = 0) -> int:
    now = services.clock.now() + timedelta(seconds=at)
    count = 0
    for turn in range(rounds):
        with services.database.writing() as session:
            count += leases[turn % len(leases)].take(session, "k", capacity=25, refill_per_second=1.0, now=now)
    return count


def test_never_more_than_the_bucket_holds(services: Services) -> None:
    assert taken(services, [Leases()], 60) == 25


def test_two_processes_share_one_bucket(services: Services) -> None:
    assert taken(services, [Leases(), Leases()], 80) == 25


def test_a_lease_is_forgotten_and_the_bucket_refills(services: Services) -> None:
    leases = [Leases()]
    assert taken(services, leases, 1) == 1
    assert taken(services, leases, 40, at=31) == 25, "nine that were left have gone, the bucket is full again"

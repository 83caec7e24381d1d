"""Messages that are due are handed over. Each is taken up in a transaction of its own before it is sent.

Whoever dies in between leaves a message that is tried again when its time is over, under the same reference: at least
once, and recognisable as the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from creditsvc.access.callers import job_caller
from creditsvc.kernel.errors import Gone
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import address_of, note_failed, secret_of
from creditsvc.papers.delivery_states import Channel, DeliveryState, DeliveryStep, moved
from creditsvc.papers.senders import Answer, Envelope, Outcome, Sender, senders
from creditsvc.papers.tables import Delivery
from creditsvc.services import Services

HELD = timedelta(minutes=5)
"""How long a message that is being sent is left alone."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
"""Before each further try; after the last one it has failed, and a person sees it."""
BATCH = 100
_JOB = job_caller("deliveries")


def deliver_due(services: Services, now: datetime) -> str:
    """Try everything that is due; a line for the journal, empty if there was nothing."""
    ways = senders(services.settings)
    counts = dict.fromkeys(Answer, 0)
    for delivery_id in _take_up(services, ways, now):
        counts[_one(services, ways, delivery_id, now)] += 1
    return " ".join(f"{number} {answer.value}" for answer, number in counts.items() if number)


def deliver_now(services: Services, delivery_id: int, now: datetime) -> Answer:
    """Try one message at once, for somebody who waits for it; what does not go is tried again by the job."""
    ways = senders(services.settings)
    with services.database.writing() as session:
        row = session.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one()
        if row.state != DeliveryState.QUEUED.value or Channel(row.channel) not in ways:
            return Answer.LATER
        row.next_at = now + HELD
        row.attempts += 1
    return _one(services, ways, delivery_id, now)


def _take_up(services: Services, ways: Mapping[Channel, Sender], now: datetime) -> list[int]:
    """The next due ones, held for a while. What has no way out is not touched: it waits until one is set up."""
    with services.database.writing() as session:
        due = session.scalars(
            select(Delivery)
            .where(
                Delivery.state == DeliveryState.QUEUED.value,
                Delivery.next_at <= now,
                Delivery.channel.in_([channel.value for channel in ways]),
            )
            .order_by(Delivery.next_at, Delivery.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            row.next_at = now + HELD
            row.attempts += 1
        return [row.id for row in due]


def _one(services: Services, ways: Mapping[Channel, Sender], delivery_id: int, now: datetime) -> Answer:
    with services.database.reading() as session:
        row = session.get_one(Delivery, delivery_id)
        try:
            address, secret = address_of(services, row), secret_of(services, row)
        except Gone:
            address = secret = ""
        envelope = Envelope(
            reference=f"delivery-{row.id}", address=address, title=Bilingual(row.subject_zh, row.subject_en),
            body=Bilingual(*(text.replace("{secret}", secret) for text in (row.body_zh, row.body_en))), at=row.queued_at,
        )  # fmt: skip
        channel = Channel(row.channel)
    outcome = ways[channel].send(envelope) if address else Outcome(Answer.REFUSED, "address-destroyed")
    _keep(services, delivery_id, outcome, now)
    return outcome.answer


def _keep(services: Services, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    with services.database.writing() as session:
        row = session.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one()
        if DeliveryState(row.state) is not DeliveryState.QUEUED:
            return
        if outcome.answer is Answer.TAKEN:
            row.state, row.handed_over_at = moved(DeliveryState.QUEUED, DeliveryStep.HAND_OVER).value, now
            row.next_at, row.trouble, row.secret_cell = None, None, None
        elif outcome.answer is Answer.REFUSED or row.attempts > len(WAITS):
            note_failed(session, row.id, trouble=outcome.trouble, caller=_JOB, now=now)
        else:
            row.trouble, row.next_at = outcome.trouble, now + WAITS[row.attempts - 1]

"""Word of an exit by the channels that carried the listing (河南省社会信用条例 art. 37; 法释〔2015〕17号 art. 9): told once.

Whoever got a letter about the entry by mail or short message is told by the same way that it has ended; the person
reads it on the page as well, and at the addresses that they have proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.kernel.days import legal_day
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery import Message, address_of, queue
from creditsvc.papers.delivery_states import Channel
from creditsvc.papers.tables import Delivery, Paper
from creditsvc.register.life import Step
from creditsvc.register.tables import RegisterEvent
from creditsvc.services import Services
from repair.contacts import reaches_of
from repair.entries import LISTING, EntryView, entry_view

PURPOSE = "entry_left"
_LATELY = timedelta(days=30)
_EXITS = (Step.REMOVE.value, Step.REVOKE.value)


def tell_left(session: Session, services: Services, entry: str, *, now: datetime) -> int:
    """Tell of an entry that has left, in the transaction that made it so; how many messages, none if it was told."""
    if session.scalar(select(Delivery.id).where(Delivery.entry == entry, Delivery.purpose == PURPOSE).limit(1)):
        return 0
    view = entry_view(session, entry, on=legal_day(now))
    messages = [_to_person(services, view, Channel.PAGE, ""), *_by_letters(session, services, view)]
    told = {(message.channel, message.address) for message in messages}
    messages += [
        _to_person(services, view, reach.channel, reach.address)
        for reach in reaches_of(session, services, view.subject_id)
        if (reach.channel, reach.address) not in told
    ]
    for message in messages:
        queue(session, services, message, now=now)
    return len(messages)


def untold(session: Session, *, now: datetime, limit: int) -> Sequence[str]:
    """Entries that have left lately by a decision on another desk, and of which nobody has been told yet."""
    told = select(Delivery.id).where(Delivery.entry == RegisterEvent.entry, Delivery.purpose == PURPOSE)
    query = (
        select(RegisterEvent.entry)
        .where(RegisterEvent.type.in_(_EXITS), RegisterEvent.recorded_at > now - _LATELY, ~told.exists())
        .order_by(RegisterEvent.id)
    )
    return session.scalars(query.limit(limit)).all()


def _to_person(services: Services, view: EntryView, channel: Channel, address: str) -> Message:
    what = (
        Bilingual("失信被执行人名单", "the list of dishonest judgment debtors")
        if view.kind == LISTING
        else Bilingual("限制消费令", "the consumption order")
    )
    where = f"{services.settings.public_url}/portal/"
    return Message(
        channel,
        PURPOSE,
        view.court_code,
        Bilingual("一条记录已经移出", "An entry has left"),
        Bilingual(
            f"{view.court_name}已将您的一条记录移出{what.zh}。谁持有副本、是否已停止使用，请登录查看：{where}",
            f"{view.court_name} has taken an entry about you off {what.en}. Who holds a copy and has stopped using it: {where}",
        ),
        address=address,
        subject_id=view.subject_id,
        entry=view.entry,
    )


def _by_letters(session: Session, services: Services, view: EntryView) -> Sequence[Message]:
    """To every address that a letter about the entry went to, whoever that was: it names the letter, and nobody."""
    rows = session.execute(
        select(Delivery, Paper)
        .join(Paper, Paper.id == Delivery.paper_id)
        .where(Delivery.entry == view.entry, Delivery.channel.in_([Channel.MAIL.value, Channel.SMS.value]))
        .order_by(Delivery.id)
    ).all()
    found: dict[tuple[str, str], Message] = {}
    for row, paper in rows:
        address = address_of(services, row)
        found[row.channel, address] = Message(
            Channel(row.channel),
            PURPOSE,
            view.court_code,
            Bilingual("此前告知的记录已经移出", "What you were told of has left"),
            Bilingual(
                f"{view.court_name}：编号 {paper.number} 的文书所涉记录已经移出，请停止使用，并停止依据它采取的措施"
                "（河南省社会信用条例第三十七条）。",
                f"{view.court_name}: the entry that paper {paper.number} was about has left. Stop using it, and stop the measures "
                "that rest on it.",
            ),
            addressee=row.addressee,
            address=address,
            subject_id=row.subject_id,
            entry=view.entry,
        )
    return list(found.values())

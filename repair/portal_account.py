"""The person's own door: the second factor, agents with a mandate, a copy of everything that is held about them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import segno
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput, NotAllowed, NotFound, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery_job import deliver_now
from creditsvc.papers.delivery_states import Channel
from creditsvc.papers.senders import Answer
from creditsvc.web.context import caller, ports, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from repair import contacts, mandates, second_factor, sessions
from repair.own_data import copy_of_data
from repair.policy.alphabet import printed
from repair.policy.wanted import day_of
from repair.portal_forms import text

blueprint = Blueprint("portal_account", __name__, url_prefix="/portal/account", template_folder="templates")


def hold_to_mandate() -> None:
    """Before a page of the portal: an agent's mandate must stand, and cover what is done."""
    if caller().subject_id is None:
        return
    with services().database.reading() as session:
        changes = request.method not in {"GET", "HEAD"}
        sessions.require_mandate(session, caller(), changes=changes, now=services().clock.now())


blueprint.before_request(hold_to_mandate)


@blueprint.get("/")
@open_to(Permission.APPLICATION_OWN)
def account() -> ResponseReturnValue:
    """What protects this account, and who may act in it."""
    return _page({})


def _page(errors: dict[str, Bilingual], **more: object) -> str:
    me, today = caller().subject_id or "", legal_day(services().clock.now())
    with services().database.reading() as session:
        how = sessions.session_of(session, caller())
        return render(
            "repair/account.html",
            errors=errors,
            form=request.form,
            protected=second_factor.is_in_use(session, me),
            mandates=mandates.mandates_of(session, services(), me, on=today),
            channels={channel: contacts.CHANNELS[channel] for channel in contacts.usable(services())},
            contacts={
                view.channel: view for view in contacts.contacts_of(session, services(), me, now=services().clock.now())
            },
            is_agent=bool(how and how.mandate_id),
            today=today,
            **more,
        )


@blueprint.post("/second-factor")
@open_to(Permission.APPLICATION_OWN)
def begin_factor() -> ResponseReturnValue:
    """A secret to scan, shown once, with the field for its first code."""
    with services().database.writing() as session:
        _not_an_agent()
        secret = second_factor.begin(session, services(), caller().subject_id or "", now=services().clock.now())
    return _page({}, secret=secret, picture=_picture(second_factor.address_of(secret, caller().name)))


@blueprint.post("/second-factor/confirm")
@open_to(Permission.APPLICATION_OWN)
def confirm_factor() -> ResponseReturnValue:
    """The first right code takes it into use."""
    secret = text("secret", 64)
    with services().database.writing() as session:
        _not_an_agent()
        now, me = services().clock.now(), caller().subject_id or ""
        right = second_factor.confirm(session, services(), me, text("code", 16), caller=caller(), now=now)
    if not right:
        wrong = Bilingual(
            "验证码不正确，请核对手机时间后再试", "the code is wrong; check your phone's clock and try again"
        )
        picture = _picture(second_factor.address_of(secret, caller().name))
        return _page({"code": wrong}, secret=secret, picture=picture), 422
    return redirect(url_for("portal_account.account"), 303)


@blueprint.post("/second-factor/off")
@open_to(Permission.APPLICATION_OWN)
def end_factor() -> ResponseReturnValue:
    """No second factor any more; a code of it is asked for, so that a borrowed browser can't do it."""
    with services().database.writing() as session:
        _not_an_agent()
        now, me = services().clock.now(), caller().subject_id or ""
        right = second_factor.agrees(session, services(), me, text("code", 16), now=now)
        if right:
            second_factor.take_away(session, me, caller=caller(), now=now)
    if not right:
        return _page({"code": Bilingual("验证码不正确", "the code is wrong")}), 422
    return redirect(url_for("portal_account.account"), 303)


@blueprint.post("/mandates")
@open_to(Permission.APPLICATION_OWN)
def give() -> ResponseReturnValue:
    """A mandate; the agent's code is shown once."""
    try:
        with services().database.writing() as session:
            _not_an_agent()
            code = mandates.give(
                session,
                services(),
                caller().subject_id or "",
                name=text("agent", 64),
                may_apply=request.form.get("may_apply") == "1",
                until=day_of(text("until", 10)),
                caller=caller(),
                now=services().clock.now(),
            )
    except InvalidInput as refused:
        return _page({str(refused.details.get("field", "agent")): refused.text}), 422
    return _page({}, agent_code=printed(code), agent=text("agent", 64))


@blueprint.post("/mandates/<int(min=0,max=9223372036854775807):mandate_id>/end")
@open_to(Permission.APPLICATION_OWN)
def end(mandate_id: int) -> ResponseReturnValue:
    """End it at once."""
    with services().database.writing() as session:
        _not_an_agent()
        now = services().clock.now()
        mandates.end(session, caller().subject_id or "", mandate_id, caller=caller(), now=now)
    return redirect(url_for("portal_account.account"), 303)


@blueprint.post("/contacts/<way>")
@open_to(Permission.APPLICATION_OWN)
def give_contact(way: str) -> ResponseReturnValue:
    """A phone or a mail address, to be proven by the code that is sent there; without one, a fresh code for the old."""
    channel, address = _channel(way), text("address", 256)
    again = request.form.get("again") == "1"

    def begun(session: Session, me: str, now: datetime) -> int:
        if again:
            return contacts.send_again(session, services(), me, channel, now=now)
        return contacts.offer(session, services(), me, channel, address, caller=caller(), now=now)

    return _sent(way, begun)


def _sent(way: str, begin: Callable[[Session, str, datetime], int]) -> ResponseReturnValue:
    """Queue, commit, send. A refusal for too many is counted as well."""
    refused: CreditServiceError | None = None
    now, delivery = services().clock.now(), 0
    with services().database.writing() as session:
        _not_an_agent()
        try:
            delivery = begin(session, caller().subject_id or "", now)
        except TooMany as error:
            refused = error
        except (Conflict, InvalidInput) as error:
            session.rollback()
            refused = error
    if refused:
        return _page({f"address-{way}": refused.text}), status_for(type(refused))
    if deliver_now(services(), delivery, now) is not Answer.TAKEN:
        later = Bilingual("验证码现在发不出去，请稍后再试", "the code can't be sent now; try again later")
        return _page({f"address-{way}": later}), 503
    return redirect(url_for("portal_account.account", sent=way, _anchor=f"contact-{way}"), 303)


@blueprint.post("/contacts/<way>/confirm")
@open_to(Permission.APPLICATION_OWN)
def confirm_contact(way: str) -> ResponseReturnValue:
    """The code that came proves the address."""
    with services().database.writing() as session:
        _not_an_agent()
        now, me = services().clock.now(), caller().subject_id or ""
        as_factor = request.form.get("as_factor") == "1"
        right = contacts.confirm(
            session, services(), me, _channel(way), text("code", 16), as_factor=as_factor, caller=caller(), now=now
        )
    return _settled(way, right)


@blueprint.post("/contacts/<way>/end")
@open_to(Permission.APPLICATION_OWN)
def end_contact(way: str) -> ResponseReturnValue:
    """Take it out; one that protects the sign-in only with a code of now."""
    with services().database.writing() as session:
        _not_an_agent()
        now, me = services().clock.now(), caller().subject_id or ""
        right = contacts.forget(session, services(), me, _channel(way), text("code", 16), caller=caller(), now=now)
    return _settled(way, right)


def _channel(way: str) -> Channel:
    """The channel of an address's last part; raises ``NotFound``."""
    if way not in {channel.value for channel in contacts.CHANNELS}:
        raise NotFound(Bilingual("没有这个页面", "no such page"))
    return Channel(way)


def _settled(way: str, right: bool) -> ResponseReturnValue:
    if right:
        return redirect(url_for("portal_account.account", _anchor=f"contact-{way}"), 303)
    wrong = Bilingual("验证码不正确或者已经过期", "the code is wrong or too old")
    return _page({f"code-{way}": wrong}), 422


@blueprint.post("/own-data")
@open_to(Permission.APPLICATION_OWN)
def own_data() -> Response:
    """A copy of everything held about oneself, and of who looked (河南省社会信用条例 art. 40), on the spot."""
    now = services().clock.now()
    with services().database.writing() as session:
        content = copy_of_data(session, services(), ports(), caller=caller(), now=now)
    return Response(
        content,
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="own-data-{legal_day(now):%Y%m%d}.json"'},
    )


def _not_an_agent() -> None:
    with services().database.reading() as reading:
        how = sessions.session_of(reading, caller())
    if how is not None and how.mandate_id is not None:
        raise NotAllowed(
            Bilingual("代理人不能更改账户设置", "an agent can't change the account"), code="agent-not-allowed"
        )


def _picture(address: str) -> Markup:
    made = io.BytesIO()
    segno.make(address, error="m").save(made, kind="svg", scale=4, xmldecl=False, svgns=True, title="QR", nl=False)
    return Markup(made.getvalue().decode())  # noqa: S704 - made by segno from our own text

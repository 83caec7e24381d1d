"""The debtor's pages: sign-in, where one stands, one entry in full, who holds a copy and who looked."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.ledger import accesses_of
from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import NotSignedIn, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.papers.delivery_job import deliver_now
from creditsvc.papers.senders import Answer
from creditsvc.storage.subjects import token_of
from creditsvc.web.context import caller, ports, services
from creditsvc.web.cookies import set_session_cookie
from creditsvc.web.pages import render
from repair import sessions, signin
from repair.applications import own_applications
from repair.consequences import consequences_of, measures_of
from repair.entries import own_entries, own_entry
from repair.policy.kinds import KINDS
from repair.portal_account import hold_to_mandate
from repair.portal_forms import text
from repair.portal_view import application_rows, entry_card, holders_of
from repair.sessions import Entered
from repair.window import enter_by_pass

blueprint = Blueprint("portal", __name__, url_prefix="/portal", template_folder="templates")
blueprint.before_request(hold_to_mandate)


@blueprint.get("/sign-in")
@open_to(Permission.ANYONE)
def sign_in_form() -> ResponseReturnValue:
    """The form; who is signed in already goes home."""
    if caller().subject_id:
        return redirect(url_for("portal.home"))
    return sign_in_page({}, over=request.args.get("over") == "1", out=request.args.get("out") == "1")


def sign_in_page(errors: Mapping[str, Bilingual], **more: object) -> str:
    """The doors of the portal: the letter's code, and the province's identity provider where one is set."""
    settings = services().settings
    shown = Bilingual(settings.oidc_name, settings.oidc_name_en or settings.oidc_name) if settings.oidc_issuer else None
    return render("repair/sign_in.html", **{"over": False, "provider": shown, "errors": errors, **more})


@blueprint.post("/sign-in")
@open_to(Permission.ANYONE)
def sign_in() -> ResponseReturnValue:
    """Check number, name and code. Nothing that was typed comes back in the page but the name."""
    number, name, code = text("number", 64), text("name", 128), text("code", 64)
    now = services().clock.now()
    with services().database.writing() as session:
        allowed = signin.count_try(session, services(), number=number, address=request.remote_addr or "-", now=now)
    if not allowed:
        return sign_in_page({"number": signin.too_often().text}, name=name), 429
    try:
        with services().database.writing() as session:
            entered = signin.sign_in(session, services(), number=number, name=name, code=code, now=now)
    except NotSignedIn as refused:
        return sign_in_page({"number": refused.text}, name=name), 422
    return let_in(entered)


def let_in(entered: Entered) -> ResponseReturnValue:
    """Home with a session, or the page that asks for the second factor. The challenge travels in the form alone."""
    if entered.challenge:
        return _challenge_page(entered.challenge)
    response = make_response(redirect(url_for("portal.home"), 303))
    set_session_cookie(response, entered.token)
    return response


def _challenge_page(challenge: str, **more: object) -> str:
    """The page of a sign-in that waits; raises ``NotSignedIn`` for one that is over."""
    with services().database.reading() as session:
        asked = sessions.asked_for(session, services(), challenge, now=services().clock.now())
    return render("repair/second_factor.html", **{"challenge": challenge, "asked": asked, "errors": {}, **more})


@blueprint.post("/second-factor")
@open_to(Permission.ANYONE)
def second_factor() -> ResponseReturnValue:
    """The one-time code after the letter code; five tries, ten minutes."""
    challenge, code, now = text("challenge", 128), text("code", 16), services().clock.now()
    try:
        with services().database.writing() as session:
            token = sessions.meet(session, services(), challenge, code, now=now)
        if token is None:
            wrong = Bilingual("验证码不正确，或者已经用过", "the code is wrong, or was used already")
            return _challenge_page(challenge, errors={"code": wrong}), 422
    except NotSignedIn as refused:
        return sign_in_page({"number": refused.text}), 422
    return let_in(Entered(token=token))


@blueprint.post("/second-factor/send")
@open_to(Permission.ANYONE)
def send_code() -> ResponseReturnValue:
    """A code by short message to the person's own phone. Counted before anything leaves, also when it is refused."""
    challenge, now = text("challenge", 128), services().clock.now()
    refused: TooMany | None = None
    delivery = None
    try:
        with services().database.writing() as session:
            try:
                delivery = sessions.send_code(session, services(), challenge, now=now)
            except TooMany as error:
                refused = error
        if refused:
            return _challenge_page(challenge, errors={"code": refused.text}), 429
        taken = delivery is not None and deliver_now(services(), delivery, now) is Answer.TAKEN
        return _challenge_page(challenge, sent=taken, failed=not taken)
    except NotSignedIn as over:
        return sign_in_page({"number": over.text}), 422


@blueprint.get("/window")
@open_to(Permission.ANYONE)
def window_form() -> ResponseReturnValue:
    """For the terminal at the court's window."""
    return render("repair/window_pass.html")


@blueprint.post("/window")
@open_to(Permission.ANYONE)
def window() -> ResponseReturnValue:
    """In with the pass that the clerk has just given; tries are counted as at every other door."""
    now = services().clock.now()
    with services().database.writing() as session:
        address = request.remote_addr or "-"
        allowed = signin.count_try(session, services(), number=f"window:{address}", address=address, now=now)
    if not allowed:
        return render("repair/window_pass.html", errors={"pass": signin.too_often().text}), 429
    try:
        with services().database.writing() as session:
            entered = enter_by_pass(session, services(), text("pass", 64), now=now)
    except NotSignedIn as refused:
        return render("repair/window_pass.html", errors={"pass": refused.text}), 422
    return let_in(entered)


@blueprint.get("/")
@open_to(Permission.APPLICATION_OWN)
def home() -> ResponseReturnValue:
    """Where the person stands: which courts, which cases, what is owed, what to do next."""
    today = legal_day(services().clock.now())
    me = caller()
    with services().database.reading() as session:
        entries = own_entries(session, me.subject_id or "", on=today)
        applications = own_applications(session, caller=me)
        cards = [
            entry_card(view, applications, on=today, session=session, services=services(), ports=ports())
            for view in entries
        ]
        rows = application_rows(applications, today)
        standing = [view for view in entries if view.in_force]
        measures = measures_of(session, standing, on=today, overlay=overlay_of(services().settings))
    return render(
        "repair/home.html",
        name=me.name,
        current=[card for card in cards if card.view.in_force],
        past=[card for card in cards if not card.view.in_force],
        applications=rows,
        measures=measures,
        kinds=KINDS,
        today=today,
    )


@blueprint.get("/entries/<entry>")
@open_to(Permission.APPLICATION_OWN)
def entry_page(entry: str) -> ResponseReturnValue:
    """One entry in full: why, what it blocks, what ends it, who holds a copy."""
    today = legal_day(services().clock.now())
    me = caller()
    with services().database.reading() as session:
        view = own_entry(session, me.subject_id or "", entry, on=today)
        mine = own_applications(session, caller=me)
        card = entry_card(view, mine, on=today, session=session, services=services(), ports=ports())
        overlay = overlay_of(services().settings)
        effects = consequences_of(session, view, on=today, overlay=overlay) if view.in_force else ()
        holders = holders_of(session, ports(), view.entry)
    return render("repair/entry.html", card=card, effects=effects, holders=holders, today=today)


@blueprint.get("/who-looked")
@open_to(Permission.APPLICATION_OWN)
def who_looked() -> ResponseReturnValue:
    """Who asked about this person, for what purpose and when (河南省社会信用条例 art. 40)."""
    with services().database.reading() as session:
        subject = caller().subject_id or ""
        # by the token too: whoever asked before there was an entry, or keeps the number on a watch list
        rows = list(accesses_of(session, subject, token=token_of(session, subject)))
    return render("repair/who_looked.html", rows=rows)

"""Sign-in to the portal through the province's identity provider: there, back, and out again."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.errors import NotFound, NotSignedIn, Unavailable
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.cookies import visit_token
from creditsvc.web.pages import render
from repair import signin
from repair.portal import let_in, sign_in_page
from repair.provider import visit
from repair.provider.provider import NotBelieved, Provider, provider_of

blueprint = Blueprint("portal_provider", __name__, url_prefix="/portal/provider", template_folder="../templates")
LONGEST = 4096


def _provider() -> Provider:
    found = provider_of(services().settings)
    if found is None:
        raise NotFound(Bilingual("没有这个页面", "no such page"))
    return found


@blueprint.get("/")
@open_to(Permission.ANYONE)
def begin() -> ResponseReturnValue:
    """Off to the provider. A link and no form: what a form leads to may not leave this site."""
    provider, now = _provider(), services().clock.now()
    if caller().subject_id:
        return redirect(url_for("portal.home"))
    if not _counted():
        return sign_in_page({"number": signin.too_often().text}), 429
    try:
        provider.metadata(now)
        with services().database.writing() as session:
            address = visit.begin(session, services(), provider, visit=visit_token(), now=now)
    except Unavailable as failed:
        return _failed(failed)
    return redirect(address, 303)


@blueprint.get("/return")
@open_to(Permission.ANYONE)
def come_back() -> ResponseReturnValue:
    """Back with a code, or with the provider's refusal. Whatever is not right, one starts again."""
    provider, now = _provider(), services().clock.now()
    if not _counted():
        return sign_in_page({"number": signin.too_often().text}), 429
    state, code = request.args.get("state", "")[:LONGEST], request.args.get("code", "")[:LONGEST]
    with services().database.writing() as session:
        attempt = visit.come_back(session, state=state, visit=visit_token(), now=now)
    if attempt is None:
        return _refused("state")
    try:
        said = request.args.get("iss")
        if (said is not None or provider.metadata(now).names_itself) and said != services().settings.oidc_issuer:
            return _refused("other-provider")
        if "error" in request.args:
            return _turned_back(request.args["error"])
        if not code:
            return _refused("no-code")
        proven = visit.prove(services(), provider, attempt, code, now=now)
        with services().database.writing() as session:
            entered = visit.let_in(session, services(), proven, now=now)
    except Unavailable as failed:
        return _failed(failed)
    except NotBelieved as why:
        return _refused(why.code)
    except NotSignedIn as other_name:
        return sign_in_page({"number": other_name.text}), 422
    return let_in(entered) if entered else render("repair/nothing_held.html", name=proven.name)


@blueprint.get("/sign-out")
@open_to(Permission.ANYONE)
def sign_out() -> ResponseReturnValue:
    """Out at the provider too. No token goes along as a hint: it would carry the person's number in an address."""
    provider, now = _provider(), services().clock.now()
    try:
        door = provider.metadata(now).end_session
    except Unavailable as failed:
        return _failed(failed)
    back = f"{services().settings.public_url}{url_for('portal.sign_in_form')}"
    asked = urlencode({"client_id": services().settings.oidc_client_id, "post_logout_redirect_uri": back})
    return redirect(f"{door}{'&' if '?' in door else '?'}{asked}" if door else url_for("portal.sign_in_form"), 303)


def _counted() -> bool:
    with services().database.writing() as session:
        return visit.count_visit(session, address=request.remote_addr or "-", now=services().clock.now())


def _refused(why: str) -> ResponseReturnValue:
    with services().database.writing() as session:
        visit.note_refused(session, why, now=services().clock.now())
    return sign_in_page({"number": visit.refused().text}), 422


def _turned_back(error: str) -> ResponseReturnValue:
    """The provider's own no: to have cancelled is no fault."""
    if error == "access_denied":
        return sign_in_page({}, cancelled=True)
    known = (
        error
        if error in {"login_required", "interaction_required", "temporarily_unavailable", "server_error"}
        else "other"
    )
    return _refused(f"error-{known}")


def _failed(failed: Unavailable) -> ResponseReturnValue:
    with services().database.writing() as session:
        visit.note_refused(session, str(failed.details.get("why", failed.code)), now=services().clock.now())
    return sign_in_page({"number": failed.text}), 503

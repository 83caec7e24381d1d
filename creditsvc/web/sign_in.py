"""Staff sign-in, sign-out and one's own account: password and open sessions."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.accounts import (
    account_of,
    count_try,
    end_session,
    sessions_of,
    set_password,
    start_session,
)
from creditsvc.access.permissions import Permission, StaffRole, open_to
from creditsvc.access.tables import Account
from creditsvc.kernel.errors import InvalidInput, NotFound, NotSignedIn, TooMany
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.cookies import end_browser_session, set_session_cookie
from creditsvc.web.pages import menu, render

blueprint = Blueprint("access", __name__)
LONGEST = 256


def _text(name: str) -> str:
    return request.form.get(name, "")[:LONGEST]


def _onward() -> str:
    """Where to go after sign-in: back to a path of this site, else the caller's desk."""
    target = request.values.get("next", "")
    path = target.split("?", 1)[0]
    inside = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if inside and path != url_for("access.sign_in_form") else url_for("access.desk")


@blueprint.get("/sign-in")
@open_to(Permission.ANYONE)
def sign_in_form() -> ResponseReturnValue:
    """The form."""
    if caller().session_id is not None and caller().may(Permission.SIGNED_IN):
        return redirect(url_for("access.desk"), 303)
    return render("web/sign_in.html", next=request.args.get("next", ""), over=request.args.get("over") == "1")


@blueprint.post("/sign-in")
@open_to(Permission.ANYONE)
def sign_in() -> ResponseReturnValue:
    """Check name and password; the try is counted and committed before it is judged."""
    username, password, now = _text("username"), _text("password"), services().clock.now()
    empty = {
        field: text
        for field, value, text in (
            ("username", username.strip(), Bilingual("请输入用户名", "Enter your user name")),
            ("password", password, Bilingual("请输入密码", "Enter your password")),
        )
        if not value
    }
    if empty:
        return _again(empty, username), 422
    try:
        _count(username)
        with services().database.reading() as session:
            account = account_of(session, username, password, cost=services().settings.argon2)
    except TooMany as refused:
        return _again({"username": refused.text}, username), 429, {"Retry-After": "60"}
    except NotSignedIn as refused:
        return _again({"username": refused.text}, username), 422
    if caller().session_id is not None:
        with services().database.writing() as session:
            end_session(session, caller().session_id or 0, now)
    with services().database.writing() as session:
        token = start_session(session, account, now=now)
    response = redirect(_onward(), 303)
    set_session_cookie(response, token)  # type: ignore[arg-type]
    return response


def _count(username: str) -> None:
    refused: TooMany | None = None
    with services().database.writing() as session:
        try:
            count_try(session, username, address=request.remote_addr or "-", now=services().clock.now())
        except TooMany as error:
            refused = error
    if refused:
        raise refused


def _again(errors: dict[str, Bilingual], username: str) -> str:
    return render("web/sign_in.html", errors=errors, username=username, next=request.form.get("next", ""), over=False)


@blueprint.post("/sign-out")
@open_to(Permission.SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End this session."""
    to = "/portal/sign-in?out=1" if caller().subject_id else url_for("access.sign_in_form")
    response = redirect(to, 303)
    end_browser_session(response)  # type: ignore[arg-type]
    return response


@blueprint.get("/start")
@open_to(Permission.SIGNED_IN)
def desk() -> ResponseReturnValue:
    """The first page of one's own menu; one's account if the menu is empty."""
    own = menu()
    return redirect(url_for(own[0].endpoint) if own else url_for("access.account_page"), 303)


def _staff_account_id() -> int:
    if caller().session_id is None or caller().subject_id is not None or caller().account_id is None:
        raise NotFound(Bilingual("没有这个页面", "no such page"))
    return caller().account_id or 0


@blueprint.get("/account")
@open_to(Permission.SIGNED_IN)
def account_page() -> ResponseReturnValue:
    """Who one is here, and where one is signed in."""
    with services().database.reading() as session:
        account = session.get(Account, _staff_account_id())
        rows = sessions_of(session, _staff_account_id())
    return render(
        "web/account.html",
        account=account,
        role=StaffRole(caller().role).label,
        sessions=rows,
        done=request.args.get("done", ""),
    )


@blueprint.post("/account/sessions/<int(min=1,max=9223372036854775807):session_id>/end")
@open_to(Permission.SIGNED_IN)
def revoke_session(session_id: int) -> ResponseReturnValue:
    """End one of one's own sessions; somebody else's does not exist here."""
    with services().database.writing() as session:
        if session_id not in {row.id for row in sessions_of(session, _staff_account_id())}:
            raise NotFound(Bilingual("没有这个登录", "no such session"))
        end_session(session, session_id, services().clock.now())
    return redirect(url_for("access.account_page", done="session"), 303)


@blueprint.get("/account/password")
@open_to(Permission.SIGNED_IN)
def password_form() -> ResponseReturnValue:
    """The form to change one's password."""
    return _password_page({})


@blueprint.post("/account/password")
@open_to(Permission.SIGNED_IN)
def change_password() -> ResponseReturnValue:
    """Change it; every session ends and this browser gets a new one."""
    old, new, again = _text("old"), _text("new"), _text("again")
    account_id, now, cost = _staff_account_id(), services().clock.now(), services().settings.argon2
    errors: dict[str, Bilingual] = {}
    if new != again:
        errors["again"] = Bilingual("两次输入的新密码不一致", "The two new passwords differ")
    if new == old:
        errors["new"] = Bilingual("新密码不得与原密码相同", "The new password must differ from the old one")
    if errors:
        return _password_page(errors), 422
    try:
        _count(_username(account_id))
        with services().database.reading() as session:
            account_of(session, _username(account_id), old, cost=cost)
        with services().database.writing() as session:
            account = session.get_one(Account, account_id)
            set_password(session, account, new, cost=cost, caller=caller(), now=now)
            token = start_session(session, account, now=now)
    except TooMany as refused:
        return _password_page({"old": refused.text}), 429, {"Retry-After": "60"}
    except NotSignedIn:
        return _password_page({"old": Bilingual("原密码不正确", "The old password is wrong")}), 422
    except InvalidInput as refused:
        return _password_page({"new": refused.text}), 422
    response = redirect(url_for("access.account_page", done="password"), 303)
    set_session_cookie(response, token)  # type: ignore[arg-type]
    return response


def _username(account_id: int) -> str:
    with services().database.reading() as session:
        return session.get_one(Account, account_id).username


def _password_page(errors: dict[str, Bilingual]) -> str:
    username = _username(_staff_account_id())
    return render("web/password.html", errors=errors, username=username, forced=caller().must_change_password)

"""The agency's page of watch lists: what came and went, what waits for a decision, who is watched."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks import watch, watch_people
from creditsvc.checks.asked import acts_of, sectors
from creditsvc.checks.watch_api import LIST, MEMBER, refreshed
from creditsvc.checks.watch_files import read_watched
from creditsvc.checks.watch_said import KINDS, event_said, open_only, person_said, standing_said
from creditsvc.kernel.errors import Conflict, CreditServiceError, InvalidInput
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.errors import status_for
from creditsvc.web.pages import render
from punishment_rules.load import catalogue

blueprint = Blueprint("watch_lists", __name__, url_prefix="/agency/watch-lists", template_folder="templates")

FIELDS = ("name", "sector", "act", "purpose", "matter")
OUTCOMES = {
    "restricted": (Bilingual("受限制", "restricted"), "bad"),
    "needs_officer": (Bilingual("由工作人员判断", "a person decides"), "warning"),
    "clear": (Bilingual("不受限制", "not restricted"), "good"),
}
PAGE = 50


@blueprint.get("/")
@open_to(Permission.SCREEN_RUN)
def index() -> ResponseReturnValue:
    """The unit's lists, and a form for another."""
    return _index({"sector": request.args.get("sector") or caller().sector or "transport"}, {})


def _index(form: dict[str, str], errors: dict[str, Bilingual]) -> str:
    known = form["sector"] if form.get("sector") in catalogue().sectors else "transport"
    with services().database.reading() as session:
        rows = watch.lists_of(session, caller=caller())
        counts = {row.id: watch_people.count_of(session, row.id) for row in rows}
    return render(
        "checks/watch_lists.html", form={**form, "sector": known}, errors=errors, lists=rows,
        counts=counts, sectors=sectors(), acts=acts_of(known),
    )  # fmt: skip


@blueprint.post("/")
@open_to(Permission.SCREEN_RUN)
def create() -> ResponseReturnValue:
    """Make a list; with ``choose`` only another sector's acts are shown."""
    form = {name: request.form.get(name, "").strip() for name in FIELDS}
    if "choose" in request.form:
        return _index(form, {})
    try:
        made = watch.create(services(), watch.NewList(**form), caller=caller(), now=services().clock.now())
    except CreditServiceError as wrong:
        return _index(form, {str(wrong.details.get("field", "")): wrong.text}), status_for(type(wrong))
    return redirect(url_for("watch_lists.one", list_id=made.id), 303)


@blueprint.get(f"/{LIST}")
@open_to(Permission.SCREEN_RUN)
def one(list_id: int) -> ResponseReturnValue:
    """What came and went, as of this very moment."""
    return _one(list_id, {})


def _one(list_id: int, errors: dict[str, Bilingual], *, said: Bilingual | None = None) -> str:
    found, parts = refreshed(list_id), services()
    after = max(0, min(request.args.get("after", 0, type=int), 2**62))
    with parts.database.reading() as session:
        watch_list = watch.find(session, list_id, caller=caller())
        key = watch_people.key_of(parts.vault, list_id)
        members = watch_people.members_of(session, list_id, after=after, limit=PAGE + 1)
        standing = standing_said(found, watch.decisions_of(session, list_id))
        events = watch.newest_events(session, list_id, limit=PAGE)
        people = watch_people.some(session, parts.vault, list_id, [row.member_id for row in events])
        return render(
            "checks/watch_list.html", watch_list=watch_list, errors=errors, said=said, kinds=KINDS,
            outcomes=OUTCOMES, choices=watch.CHOICES,
            waiting=open_only(standing)[:PAGE], waiting_count=len(open_only(standing)),
            settled=[each for each in standing if each["decision"]],
            events=[event_said(row, people) | {"when": row.at} for row in events],
            members=[{"member": row.id, **person_said(watch_people.opened(key, row))} for row in members[:PAGE]],
            next=members[PAGE - 1].id if len(members) > PAGE else None, count=watch_people.count_of(session, list_id),
            sector=sectors().get(watch_list.sector), act=acts_of(watch_list.sector).get(watch_list.act),
        )  # fmt: skip


@blueprint.post(f"/{LIST}/members")
@open_to(Permission.SCREEN_RUN)
def add(list_id: int) -> ResponseReturnValue:
    """Add one person, or a file of them; what is wrong with rows is named."""
    file = request.files.get("file")
    try:
        if file is not None and file.filename:
            people, faults = read_watched(cast(BinaryIO, file.stream))
        else:
            number = parse_identity(request.form.get("number", ""))
            name = request.form.get("person", "").strip()
            if not name or len(name) > 200:
                raise InvalidInput(
                    Bilingual("请填写姓名或单位全称", "give the full name"), code="name-missing", field="person"
                )
            people, faults = [watch_people.Watched(number, name, request.form.get("reference", "").strip())], []
        added, known = watch.add(services(), list_id, people, caller=caller(), now=services().clock.now())
    except CreditServiceError as wrong:
        at = str(wrong.details.get("field", "file"))
        return _one(list_id, {at if at in {"number", "person"} else "file": wrong.text}), status_for(type(wrong))
    zh, en = f"新加入 {added} 人，原已在名单 {known} 人", f"{added} added, {known} were on the list"
    if faults:
        rows = "、".join(str(row) for row, _ in faults[:20])
        zh += f"；{len(faults)} 行有误未加入（原表第 {rows} 行{'等' if len(faults) > 20 else ''}）：{faults[0][1].zh}"
        en += f"; {len(faults)} rows could not be added (rows {rows}): {faults[0][1].en}"
    return _one(list_id, {}, said=Bilingual(zh, en))


@blueprint.post(f"/{LIST}/members/{MEMBER}/remove")
@open_to(Permission.SCREEN_RUN)
def remove(list_id: int, member_id: int) -> ResponseReturnValue:
    """Watch no longer."""
    watch.remove(services(), list_id, member_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("watch_lists.one", list_id=list_id) + "#members", 303)


@blueprint.post(f"/{LIST}/decisions")
@open_to(Permission.SCREEN_RUN)
def settle(list_id: int) -> ResponseReturnValue:
    """Note what the unit made of an entry, at the revision that was shown."""
    form = request.form
    parts = services()
    try:
        made = watch.Settled(
            int(form.get("member", "")),
            form.get("entry", "")[:28],
            int(form.get("revision", "")),
            form.get("choice", ""),
            form.get("note", ""),
        )
        watch.settle(parts, list_id, made, caller=caller(), now=parts.clock.now())
    except ValueError:
        return redirect(url_for("watch_lists.one", list_id=list_id), 303)
    except (Conflict, InvalidInput) as wrong:
        return _one(list_id, {"waiting": wrong.text}), status_for(type(wrong))
    return redirect(url_for("watch_lists.one", list_id=list_id) + "#waiting", 303)


@blueprint.post(f"/{LIST}/close")
@open_to(Permission.SCREEN_RUN)
def close(list_id: int) -> ResponseReturnValue:
    """End the list and destroy its people."""
    watch.close(services(), list_id, caller=caller(), now=services().clock.now())
    return redirect(url_for("watch_lists.index"), 303)

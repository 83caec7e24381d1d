"""The desk of the exchange: links and their batches, alarms with advice, comparisons; for operators, watched by supervisors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.access.permissions import Permission, open_to
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from sync.platform.alarms import ALARMS, ChannelTrouble, open_alarms
from sync.platform.channels.open import CHANNELS, SCHEMES, link_signer, open_channel
from sync.platform.late import all_late
from sync.platform.links import NewLink, add_link, end_link, link_named, live_links, pause, profile_folder, profile_of
from sync.platform.planning import PLANNED, SENT
from sync.platform.reconcile import as_bytes, reconcile, repair
from sync.platform.records import stream_row
from sync.platform.said import BATCH_STATES, COMPARISON_STATES, DIFFERENCES, LANES
from sync.platform.shape.load import load_profile, shipped
from sync.platform.shape.profile import Profile
from sync.platform.tables import PlatformBatch, PlatformComparison, PlatformDifference, PlatformLink, PlatformRefusal
from sync.tables_feed import Subscriber

blueprint = Blueprint("platform_desk", __name__, url_prefix="/desk/platform", template_folder="templates")
oversight = Blueprint("platform_oversight", __name__, url_prefix="/oversight/platform", template_folder="templates")

COMPARISON = "<int(min=0,max=9223372036854775807):comparison_id>"
PAGE, SHOWN = 30, 200


def known_profiles() -> dict[str, Profile]:
    """Ours, and the installation's own; one that can't be read is left out here and named by the command."""
    found = dict(shipped())
    folder = profile_folder(services())
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
        try:
            found[path.stem] = load_profile(path)
        except InvalidInput:
            continue
    return found


@blueprint.get("/")
@open_to(Permission.SUBSCRIBER_READ)
def index() -> ResponseReturnValue:
    """Every link: how far it is and what is wrong."""
    return _index({})


def _index(errors: dict[str, Bilingual]) -> str:
    with services().database.reading() as session:
        links = live_links(session)
        stream = stream_row(session)
        return render(
            "platform/links.html", links=[_standing(session, link) for link in links], size=stream.size if stream else 0,
            alarms=ALARMS, channels=CHANNELS, schemes=SCHEMES, errors=errors, form=request.form,
            profiles={name: profile.title for name, profile in known_profiles().items()},
            subscribers=[(row.name, f"{row.title}（{row.name}）") for row in session.scalars(
                select(Subscriber).where(Subscriber.ended_at.is_(None)).order_by(Subscriber.name))],
            may=caller().may(Permission.SUBSCRIBER_MANAGE),
        )  # fmt: skip


def _standing(session: Session, link: PlatformLink) -> dict[str, Any]:
    waiting = session.scalar(
        select(func.coalesce(func.sum(PlatformBatch.rows - PlatformBatch.answered), 0)).where(
            PlatformBatch.link_id == link.id, PlatformBatch.state.in_((PLANNED, SENT))
        )
    )
    refusals = session.scalar(
        select(func.count()).select_from(PlatformRefusal)
        .where(PlatformRefusal.link_id == link.id, PlatformRefusal.state == "open")
    )  # fmt: skip
    newest = session.scalar(select(func.max(PlatformBatch.sent_at)).where(PlatformBatch.link_id == link.id))
    reached = min(link.removals_cursor, link.corrections_cursor, link.additions_cursor)
    return {"link": link, "waiting": int(waiting or 0), "refusals": refusals or 0, "sent_at": newest, "reached": reached,
            "alarms": open_alarms(session, link.id)}  # fmt: skip


@blueprint.post("/")
@open_to(Permission.SUBSCRIBER_MANAGE)
def add() -> ResponseReturnValue:
    """Add a link."""
    form = {name: value.strip() for name, value in request.form.items()}
    options = {name: form.get(name, "")[:128] for name in ("scheme", "rid", "sid", "fingerprint")}
    new = NewLink(
        name=form.get("name", ""), title=form.get("title", "")[:128], profile=form.get("profile", ""),
        channel=form.get("channel", ""), address=form.get("address", "")[:512], provider=form.get("provider", "")[:128],
        provider_code=form.get("provider_code", "").upper(), subscriber=form.get("subscriber", ""),
        secret_file=form.get("secret_file", "")[:512], options={name: value for name, value in options.items() if value},
    )  # fmt: skip
    try:
        with services().database.writing() as session:
            add_link(session, services(), new, caller=caller(), now=services().clock.now())
    except (InvalidInput, Conflict, NotFound) as wrong:
        return _index({str(wrong.details.get("field", "subscriber")): wrong.text}), 422
    return redirect(url_for("platform_desk.one", name=new.name), 303)


@blueprint.get("/<name>")
@open_to(Permission.SUBSCRIBER_READ)
def one(name: str) -> ResponseReturnValue:
    """One link: batches, comparisons, the key by which the platform checks our signatures."""
    return _one(name, None)


def _one(name: str, trouble: Bilingual | None) -> str:
    with services().database.reading() as session:
        link = link_named(session, name)
        batches = session.scalars(
            select(PlatformBatch)
            .where(PlatformBatch.link_id == link.id)
            .order_by(PlatformBatch.serial.desc())
            .limit(PAGE)
        ).all()
        comparisons = session.scalars(
            select(PlatformComparison).where(PlatformComparison.link_id == link.id)
            .order_by(PlatformComparison.id.desc()).limit(PAGE)
        ).all()  # fmt: skip
        return render(
            "platform/link.html", standing=_standing(session, link), link=link, batches=batches, comparisons=comparisons,
            key=link_signer(services(), link.name).verifier.text, trouble=trouble, alarms=ALARMS, lanes=LANES,
            states=BATCH_STATES, compared=COMPARISON_STATES, today=legal_day(services().clock.now()),
            title=known_profiles()[link.profile].title if link.profile in known_profiles() else None,
            may=caller().may(Permission.SUBSCRIBER_MANAGE),
        )  # fmt: skip


@blueprint.post("/<name>/pause")
@open_to(Permission.SUBSCRIBER_MANAGE)
def pause_link(name: str) -> ResponseReturnValue:
    """Let additions and corrections wait, or go on."""
    with services().database.writing() as session:
        link = link_named(session, name)
        pause(session, link, paused=request.form.get("to") == "paused", caller=caller(), now=services().clock.now())
    return redirect(url_for("platform_desk.one", name=name), 303)


@blueprint.post("/<name>/end")
@open_to(Permission.SUBSCRIBER_MANAGE)
def end(name: str) -> ResponseReturnValue:
    """End the exchange."""
    with services().database.writing() as session:
        end_link(session, link_named(session, name), caller=caller(), now=services().clock.now())
    return redirect(url_for("platform_desk.index"), 303)


@blueprint.post("/<name>/compare")
@open_to(Permission.SUBSCRIBER_MANAGE)
def compare_now(name: str) -> ResponseReturnValue:
    """Compare now, and show what came of it."""
    with services().database.reading() as session:
        link = link_named(session, name)
    try:
        profile = profile_of(services(), link)
        channel = open_channel(services(), link, profile)
        try:
            made = reconcile(
                services(), link, profile, channel, caller=caller(), strict=request.form.get("strict") == "1"
            )
        finally:
            channel.close()
    except (ChannelTrouble, InvalidInput) as trouble:
        return _one(name, trouble.text), 503
    if made is None:
        said = Bilingual(
            "对方尚未给出存量清单，无法对账", "the platform has not said what it holds; nothing to compare with"
        )
        return _one(name, said), 409
    return redirect(url_for("platform_desk.comparison", comparison_id=made.id), 303)


def _comparison(session: Session, comparison_id: int) -> tuple[PlatformComparison, PlatformLink]:
    row = session.get(PlatformComparison, comparison_id)
    if row is None:
        raise NotFound(Bilingual("没有这次对账", "no such comparison"), code="comparison-unknown")
    return row, session.get_one(PlatformLink, row.link_id)


@blueprint.get(f"/comparisons/{COMPARISON}")
@open_to(Permission.SUBSCRIBER_READ)
def comparison(comparison_id: int) -> ResponseReturnValue:
    """One comparison: counts by court and status, what differs, what is repaired."""
    with services().database.reading() as session:
        row, link = _comparison(session, comparison_id)
        differences = session.scalars(
            select(PlatformDifference).where(PlatformDifference.comparison_id == row.id)
            .order_by(PlatformDifference.kind, PlatformDifference.id).limit(SHOWN)
        ).all()  # fmt: skip
        return render(
            "platform/comparison.html", row=row, link=link, differences=differences, kinds=DIFFERENCES, shown=SHOWN,
            states=COMPARISON_STATES, courts=_courts(row), may=caller().may(Permission.SUBSCRIBER_MANAGE),
        )  # fmt: skip


def _courts(row: PlatformComparison) -> list[tuple[str, str, int, int]]:
    ours, theirs = row.ours.get("courts", {}), row.theirs.get("courts", {})
    found = []
    for court in sorted({*ours, *theirs}):
        for status in ("listed", "ended"):
            pair = ours.get(court, {}).get(status, 0), theirs.get(court, {}).get(status, 0)
            if any(pair):
                found.append((court, status, *pair))
    return found


@blueprint.post(f"/comparisons/{COMPARISON}/repair")
@open_to(Permission.SUBSCRIBER_MANAGE)
def repair_differences(comparison_id: int) -> ResponseReturnValue:
    """Have chosen differences repaired."""
    wanted = [int(text) for text in request.form.getlist("difference") if text.isascii() and text.isdigit()][:1000]
    with services().database.writing() as session:
        repair(session, comparison_id, wanted, caller=caller(), now=services().clock.now())
    return redirect(url_for("platform_desk.comparison", comparison_id=comparison_id), 303)


@blueprint.get(f"/comparisons/{COMPARISON}/report")
@open_to(Permission.SUBSCRIBER_READ)
def report(comparison_id: int) -> ResponseReturnValue:
    """The signed report; the other side adds its signature to the same text."""
    with services().database.reading() as session:
        row, link = _comparison(session, comparison_id)
    return _file(row.report.encode(), f"comparison-{link.name}-{row.id}.txt", "text/plain; charset=utf-8")


@blueprint.get(f"/comparisons/{COMPARISON}/figures")
@open_to(Permission.SUBSCRIBER_READ)
def figures(comparison_id: int) -> ResponseReturnValue:
    """Both sides' counts and digests as JSON."""
    with services().database.reading() as session:
        row, link = _comparison(session, comparison_id)
    return _file(as_bytes(row), f"comparison-{link.name}-{row.id}.json", "application/json")


def _file(content: bytes, name: str, kind: str) -> Response:
    return Response(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@oversight.get("/")
@open_to(Permission.OVERSIGHT_READ)
def late() -> ResponseReturnValue:
    """Who is late, by name and clause."""
    now: datetime = services().clock.now()
    with services().database.reading() as session:
        found = all_late(session, legal_day(now))
        links = [_standing(session, link) for link in live_links(session)]
    return render(
        "platform/late.html", late=found, today=legal_day(now), links=links, alarms=ALARMS, one=timedelta(days=1)
    )

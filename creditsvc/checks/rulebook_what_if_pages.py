"""The desk's page for a changed catalogue: hand it in, see what would change before it takes effect.

The answer is written while the register is read, so that progress is seen without anything being kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import PurePath

from flask import Blueprint, Response, request, stream_template, stream_with_context
from flask.typing import ResponseReturnValue

from creditsvc.access import audit
from creditsvc.access.permissions import Permission, open_to
from creditsvc.checks.rulebook_asked import day_of
from creditsvc.checks.rulebook_changed import law_of_zip
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.rulebook_pages import bilingual, words
from creditsvc.checks.rulebook_result import csv_lines
from creditsvc.checks.rulebook_said import difference_said
from creditsvc.checks.rulebook_what_if import (
    Changed,
    Law,
    Tally,
    compare,
    differences,
    examples_that_change,
    first_day_that_differs,
)
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, TooLarge, UnsupportedFile
from creditsvc.kernel.text import Bilingual
from creditsvc.web.context import caller, services
from creditsvc.web.pages import render
from punishment_rules.load import catalogue, examples

blueprint = Blueprint("rulebook_what_if", __name__, url_prefix="/desk/rulebook")
SHOWN = 200
"""This many single changes stand on the page; the file has all."""
MOST_ZIP = 8 * 1024 * 1024
EVERY = 20
"""Progress is told after so many chunks."""


class Run:
    """One look through the register, read by the template as it goes."""

    def __init__(self, old: Law, new: Law, on: date) -> None:
        self.old, self.new, self.on, self.tally = old, new, on, Tally()
        self.first: list[Changed] = []

    def chunks(self) -> Iterator[Sequence[Changed]]:
        """What changes, chunk by chunk."""
        return compare(services().database, self.old, self.new, on=self.on, tally=self.tally)

    def progress(self) -> Iterator[Tally]:
        """The count after every few chunks, and at the end."""
        for number, chunk in enumerate(self.chunks(), 1):
            self.first += islice(chunk, SHOWN - len(self.first))
            if number % EVERY == 1 and self.tally.looked < self.tally.total:
                yield self.tally
        yield self.tally


@blueprint.get("/what-if")
@open_to(Permission.CATALOGUE_HOLD)
def form() -> ResponseReturnValue:
    """Where a changed catalogue is handed in."""
    return render("checks/rulebook_what_if.html", form={"on": "", "as": "page"})


@blueprint.post("/what-if")
@open_to(Permission.CATALOGUE_HOLD)
def run() -> ResponseReturnValue:
    """What the handed-in catalogue would change."""
    given = {"on": request.form.get("on", ""), "as": request.form.get("as", "page")}
    try:
        old, new = _laws()
        on = _day(given["on"], old, new)
    except (InvalidInput, UnsupportedFile, TooLarge) as wrong:
        errors = {wrong.details.get("field", "file"): wrong.text}
        return render("checks/rulebook_what_if.html", form=given, errors=errors), 422
    looked = Run(old, new, on)
    _note(looked)
    if given["as"] == "csv":
        name = f'attachment; filename="what-if-{on}.csv"'
        return Response(
            stream_with_context(csv_lines(looked.chunks(), on)), content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": name},
        )  # fmt: skip
    return Response(stream_template("checks/rulebook_what_if_result.html", **_shown(looked)), mimetype="text/html")


def _laws() -> tuple[Law, Law]:
    old = Law(catalogue(), overlay_of(services().settings))
    handed = request.files.get("file")
    if handed is None or not handed.filename:
        raise InvalidInput(Bilingual("请选择 ZIP 文件", "choose a ZIP file"), code="file-missing", field="file")
    if PurePath(handed.filename).suffix.lower() != ".zip":
        raise UnsupportedFile(Bilingual("请上传 ZIP 文件", "hand in a ZIP"), code="not-a-zip", field="file")
    content = handed.stream.read(MOST_ZIP + 1)
    if len(content) > MOST_ZIP:
        raise TooLarge(Bilingual(f"文件至多 {MOST_ZIP // 2**20} MiB", f"at most {MOST_ZIP // 2**20} MiB"), field="file")
    return old, law_of_zip(content, old.overlay)


def _day(text: str, old: Law, new: Law) -> date:
    today = legal_day(services().clock.now())
    return day_of(text, "on", old.catalogue) or first_day_that_differs(old, new, today) or today


def _note(looked: Run) -> None:
    now = services().clock.now()
    with services().database.writing() as session:
        audit.record(
            session, action="catalogue.what_if", caller=caller(), object=f"catalogue:{looked.new.catalogue.edition[:16]}",
            at=now, details={"on": looked.on.isoformat(), "rows": len(differences(looked.old, looked.new, looked.on))},
        )  # fmt: skip


def _shown(looked: Run) -> dict[str, object]:
    laws = (looked.new.catalogue, looked.old.catalogue)
    acts = {
        (s.id, act.id): bilingual(act.label) for law in laws for s in law.sectors.values() for act in law.acts(s.id)
    }
    return {
        "run": looked,
        "day": looked.on,
        "edition": looked.new.catalogue.edition,
        "rows": [difference_said(one, looked.old.catalogue) for one in differences(looked.old, looked.new, looked.on)],
        "changed_examples": examples_that_change(looked.old, looked.new, examples()),
        "labels": words(),
        "titles": {one.id: bilingual(one.title) for law in laws for one in law.measures.values()},
        "sector_labels": {one.id: bilingual(one.label) for law in laws for one in law.sectors.values()},
        "act_labels": acts,
        "shown": SHOWN,
        "errors": {},
    }

"""The ceiling: which rows the machine may apply, and what the legal department can change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from punishment_rules.catalogue_types import Applied
from punishment_rules.ceiling import ceiling
from punishment_rules.evaluate import evaluate
from punishment_rules.facts import DisciplineFact, Facts
from punishment_rules.law import Level, Outcome
from punishment_rules.load import catalogue, load_overlay
from punishment_rules.overlay import NONE, Overlay
from tests.rules.casebook import facts

TODAY = date(2026, 11, 24)
LISTED = facts({"listings": [{"from": date(2026, 6, 1)}]})

# the candidates of the study, less those that rest on memoranda, notices or local rules alone or name the wider target
AUTOMATIC = {
    "travel-air", "travel-train-soft-sleeper", "travel-ship-second-class", "travel-g-train-all-seats",
    "travel-emu-first-class", "consume-hotel-nightclub-golf", "consume-build-renovate", "consume-tourism-vacation",
    "consume-high-premium-insurance", "court-publish-national-library", "court-notify-departments",
    "court-notify-credit-agency", "court-notify-employer-officials", "court-notify-superior-state-units",
    "court-peoples-assessor-bar", "bid-tenderer-bar", "proc-supplier-bar", "fin-private-fund-registration-bar",
    "fin-private-fund-executive-bar", "sa-soe-executive-bar", "all-key-supervision",
}  # fmt: skip


def applied(measure_id: str, on: date = TODAY, overlay: Overlay = NONE) -> Applied:
    measure = catalogue().measures[measure_id]
    version = measure.version_on(on)
    assert version is not None
    return ceiling(measure, version, on, overlay).applied


def overlay(tmp_path: Path, *rows: str) -> Overlay:
    path = tmp_path / "overlay.toml"
    signed = '\ndecided_by = "省司法厅法规处"\ndocument = "豫司法〔2026〕9号"\n'
    path.write_text("".join(f"[[row]]\n{row}{signed}" for row in rows), encoding="utf-8")
    return load_overlay(path, catalogue())


def test_exactly_these_rows_are_automatic() -> None:
    assert {row for row in catalogue().measures if applied(row) is Applied.AUTOMATIC} == AUTOMATIC


def test_what_is_weak_advisory_or_practice_is_only_shown() -> None:
    for measure in catalogue().measures.values():
        version = measure.versions[-1]
        only_shown = (
            version.grounding.value == "weak"
            or version.discretion.value == "advisory"
            or version.standing.value == "practice_only"
        )
        assert (applied(measure.id) is Applied.SHOWN) == only_shown, measure.id


def test_every_automatic_row_stands_on_a_sufficient_level() -> None:
    for row in AUTOMATIC:
        version = catalogue().measures[row].version_on(TODAY)
        assert version is not None
        assert ceiling(catalogue().measures[row], version, TODAY).basis.level.rank <= Level.PARTY_STATE_POLICY.rank


def test_a_memorandum_was_not_enough_three_days_before_the_policy_document() -> None:
    assert applied("bid-tenderer-bar", date(2016, 9, 22)) is Applied.OFFICER
    assert applied("bid-tenderer-bar", date(2016, 9, 25)) is Applied.AUTOMATIC


def test_the_legal_department_clears_a_row_from_its_day_on(tmp_path: Path) -> None:
    cleared = overlay(tmp_path, 'measure = "hn-licensing-key-review"\nstance = "cleared"\nfrom = 2026-11-01')
    for on, outcome in ((date(2026, 10, 31), Outcome.NEEDS_OFFICER), (date(2026, 11, 1), Outcome.RESTRICTED)):
        answer = evaluate(
            LISTED, sector="transport", act="apply_licence", on=on, catalogue=catalogue(), overlay=cleared
        )
        assert answer.outcome is outcome
    assert "overlay_cleared" in {reason.code for reason in answer.verdicts[0].reasons}
    assert "省司法厅法规处" in "".join(reason.text.zh for reason in answer.verdicts[0].reasons)


def test_the_legal_department_holds_a_row(tmp_path: Path) -> None:
    held = overlay(tmp_path, 'measure = "proc-supplier-bar"\nstance = "held"\nfrom = 2026-11-01\nto = 2026-11-30')
    days = {date(2026, 10, 31): Outcome.RESTRICTED, TODAY: Outcome.NEEDS_OFFICER, date(2026, 12, 1): Outcome.RESTRICTED}
    for on, outcome in days.items():
        answer = evaluate(LISTED, sector="finance", act="procurement", on=on, catalogue=catalogue(), overlay=held)
        assert answer.outcome is outcome
    first = evaluate(LISTED, sector="finance", act="procurement", on=TODAY, catalogue=catalogue(), overlay=held)
    assert first.changes_on == date(2026, 12, 1)


@pytest.mark.parametrize(
    "row", ["tel-ringback-tone", "ag-support-project-exclusion", "mr-director-bar", "hn-fiscal-support-limit", "ps-border-stop"]
)  # fmt: skip
def test_clearing_never_removes_a_persons_judgment(tmp_path: Path, row: str) -> None:
    cleared = overlay(tmp_path, f'measure = "{row}"\nstance = "cleared"\nfrom = 2026-01-01')
    measure = catalogue().measures[row]
    version = measure.version_on(TODAY)
    assert version is not None
    assert ceiling(measure, version, TODAY, cleared).applied is not Applied.AUTOMATIC


def test_a_cleared_row_for_discipline_targets_still_asks_for_the_notice(tmp_path: Path) -> None:
    cleared = overlay(tmp_path, 'measure = "civil-servant-recruitment-bar"\nstance = "cleared"\nfrom = 2026-01-01')
    notice = Facts(discipline=(DisciplineFact("豫信〔2026〕1号", date(2026, 6, 2)),))
    ask = {"sector": "party_personnel", "act": "civil_service_recruitment", "on": TODAY, "catalogue": catalogue()}
    assert evaluate(LISTED, **ask, overlay=cleared).outcome is Outcome.NEEDS_OFFICER
    assert evaluate(notice, **ask, overlay=cleared).outcome is Outcome.RESTRICTED
    assert evaluate(notice, **ask).outcome is Outcome.NEEDS_OFFICER


def test_overlapping_decisions_on_one_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="overlap"):
        overlay(
            tmp_path,
            'measure = "travel-air"\nstance = "held"\nfrom = 2026-01-01',
            'measure = "travel-air"\nstance = "cleared"\nfrom = 2026-02-01',
        )

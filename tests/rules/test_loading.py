"""Strict loading: what doesn't hold together is refused with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from punishment_rules import law
from punishment_rules.catalogue_types import CatalogueError
from punishment_rules.load import catalogue, load_catalogue, load_incentives, load_overlay
from tests.support.depth import times

SHIPPED = Path(law.__file__).parent
REACHED = """kinds = ["person", "organisation"]
roles = ["legal_representative", "principal_officer", "directly_responsible", "actual_controller"]"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue that a test may damage."""
    return Path(shutil.copytree(SHIPPED / "catalogue", tmp_path / "catalogue"))


def damage(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence; the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('effect = "prohibit"', 'effect = "prohibit"\ncolour = "red"', "unknown key colour"),
        ('effect = "prohibit"', 'effect = "forbid"', "none of"),
        ('acts = ["fly"]', 'acts = ["levitate"]', "is not in this file"),
        ('acts = ["fly"]', 'acts = ["ordinary_travel"]', "protected"),
        ('acts = ["fly"]', 'acts = "fly"', "list of texts"),
        ('staff_en = "No travel by aircraft.', 'staff_fr = "No travel by aircraft.', "staff_en is missing"),
        ('doc = "CONS15"', 'doc = "CONS99"', "not in _documents.toml"),
        ('discretion = "mandatory"', 'discretion = "perhaps"', "none of"),
        ("from = 2015-07-22", 'from = "2015-07-22"', "must be a date"),
        ("from = 2015-07-22", "from = 2014-07-22", "no clause of the version is in force"),
        ("from = 2015-07-22", "from = 2015-07-22\nto = 2015-07-21", "ends before it begins"),
        ('associations = ["unit_to_roles"]', 'associations = ["person_to_unit"]', "go together"),
        ('exemptions = ["court_approval"', 'exemptions = ["nothing_at_all"', "no exemption"),
        (REACHED, "kinds = []", "bears on nobody"),
        ('temporary_lift = true', "temporary_lift = 1", "true or false"),
        ('[sector]\nid = "transport"', '[sector]\nid = "traffic"', "must be named traffic.toml"),
    ],
)  # fmt: skip
def test_a_damaged_row_is_refused(folder: Path, old: str, new: str, problem: str) -> None:
    path = folder / "transport.toml"
    damage(path, old, new)
    with pytest.raises(CatalogueError, match=problem) as caught:
        load_catalogue(folder)
    assert caught.value.path == "transport.toml"
    assert 1 <= caught.value.line <= len(path.read_text(encoding="utf-8").splitlines())


def test_the_error_names_the_line(folder: Path) -> None:
    line = damage(folder / "transport.toml", 'acts = ["emu_first_class"]', 'acts = ["levitate"]')
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"transport.toml:{line}: travel-emu-first-class")


def test_a_broken_file_names_its_line(folder: Path) -> None:
    line = damage(folder / "justice.toml", "[sector]", "[sector")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    assert (caught.value.path, caught.value.line) == ("justice.toml", line)


def test_a_version_without_a_clause_is_refused(folder: Path) -> None:
    path = folder / "justice.toml"
    text = path.read_text(encoding="utf-8")
    start = text.index("clauses = [\n")
    path.write_text(text[:start] + "clauses = []\n" + text[text.index("\n]\n", start) + 3 :], encoding="utf-8")
    with pytest.raises(CatalogueError, match="without a clause"):
        load_catalogue(folder)


def test_overlapping_versions_are_refused(folder: Path) -> None:
    damage(folder / "market_regulation.toml", "to = 2024-06-30", "to = 2024-07-01")
    with pytest.raises(CatalogueError, match="overlap") as caught:
        load_catalogue(folder)
    assert caught.value.path == "market_regulation.toml"


def test_an_id_used_twice_is_refused(folder: Path) -> None:
    damage(folder / "transport.toml", 'id = "travel-train-soft-sleeper"', 'id = "travel-air"')
    with pytest.raises(CatalogueError, match="used twice"):
        load_catalogue(folder)


def test_an_act_of_all_regulators_is_not_said_twice(folder: Path) -> None:
    damage(folder / "transport.toml", 'id = "ordinary_travel"', 'id = "apply_licence"')
    with pytest.raises(CatalogueError, match="acts stand there twice"):
        load_catalogue(folder)


@pytest.mark.parametrize("name", ["_documents.toml", "all_regulators.toml"])
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CatalogueError, match="missing"):
        load_catalogue(folder)


def test_a_missing_general_clause_is_refused(folder: Path) -> None:
    damage(folder / "_documents.toml", 'id = "minor"', 'id = "major"')
    with pytest.raises(CatalogueError, match="general clauses are missing: minor"):
        load_catalogue(folder)


def test_the_edition_follows_content_and_not_layout(folder: Path) -> None:
    assert load_catalogue(folder).edition == catalogue().edition
    path = folder / "transport.toml"
    path.write_text("# one more remark\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_catalogue(folder).edition == catalogue().edition
    damage(path, 'discretion = "mandatory"', 'discretion = "discretionary"')
    assert load_catalogue(folder).edition != catalogue().edition


def test_a_damaged_incentive_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "incentives", tmp_path / "incentives"))
    damage(folder / "court.toml", 'scope = "henan"', 'scope = "everywhere"')
    with pytest.raises(CatalogueError, match="none of") as caught:
        load_incentives(folder)
    assert caught.value.path == "court.toml"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('measure = "no-such-row"\nstance = "held"\nfrom = 2026-01-01\ndecided_by = "法规处"\ndocument = "1号"', "no measure"),
        ('measure = "travel-air"\nstance = "held"\ndecided_by = "法规处"\ndocument = "1号"', "needs the day"),
        ('measure = "travel-air"\nstance = "held"\nfrom = 2026-01-01\ndocument = "1号"', "decided_by is missing"),
        ('measure = "travel-air"\nstance = "loosened"\nfrom = 2026-01-01\ndecided_by = "x"\ndocument = "1号"', "none of"),
    ],
)  # fmt: skip
def test_a_damaged_overlay_is_refused(tmp_path: Path, row: str, problem: str) -> None:
    path = tmp_path / "overlay.toml"
    path.write_text(f"[[row]]\n{row}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=problem):
        load_overlay(path, catalogue())


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def heads(path: Path) -> list[int]:
    """The lines on which the rows of a sector begin."""
    return [number for number, line in enumerate(lines_of(path), 1) if line.startswith("[[measure]]")]


@pytest.mark.parametrize("name", sorted(path.name for path in (SHIPPED / "catalogue").glob("[a-z]*.toml")))
def test_a_fault_in_any_row_is_told_with_its_own_line(folder: Path, name: str) -> None:
    """A word of each row's last version is spoilt in turn, where the same word stands in every other row too."""
    path, whole = folder / name, lines_of(folder / name)
    if len(heads(path)) == 0:
        return
    rows = list(zip(heads(path), [*heads(path)[1:], len(whole) + 1], strict=True))
    for number, (first, following) in enumerate(rows[-times(len(rows)) :]):
        key = ("effect", "standing")[number % 2]
        line = max(n for n in range(first, following) if whole[n - 1].startswith(f"{key} ="))
        spoilt = [*whole[: line - 1], f'{key} = "no such word"', *whole[line:]]
        path.write_text("\n".join(spoilt) + "\n", encoding="utf-8")
        with pytest.raises(CatalogueError, match="no such word") as caught:
            load_catalogue(folder)
        assert (caught.value.path, caught.value.line) == (name, line)


def test_the_second_of_two_versions_and_the_second_of_two_clauses_have_their_lines(folder: Path) -> None:
    path = folder / "market_regulation.toml"
    damage(path, "to = 2024-06-30", "to = 2024-07-01")
    line = next(number for number, one in enumerate(lines_of(path), 1) if one == "from = 2024-07-01")
    with pytest.raises(CatalogueError, match="overlap") as caught:
        load_catalogue(folder)
    assert caught.value.line == line
    shutil.copy(SHIPPED / "catalogue" / "market_regulation.toml", path)
    text = lines_of(folder / "transport.toml")
    line = next(number for number, one in enumerate(text, 1) if "AIR385" in one)
    damage(folder / "transport.toml", 'doc = "AIR385"', 'doc = "AIR999"')
    with pytest.raises(CatalogueError, match="not in _documents") as caught:
        load_catalogue(folder)
    assert caught.value.line == line


def test_general_clauses_that_overlap_are_refused(folder: Path) -> None:
    path = folder / "_documents.toml"
    text = path.read_text(encoding="utf-8")
    again = '\n[[clause]]\nid = "minor"\ndoc = "LIST17"\narticle = "第五条"\nen = "art. 5"\nnames = ["general"]\n'
    path.write_text(text + again, encoding="utf-8")
    with pytest.raises(CatalogueError, match="overlap") as caught:
        load_catalogue(folder)
    assert caught.value.line > text.count("\n")


def test_a_file_that_is_not_utf_8_is_refused_by_name_and_line(folder: Path) -> None:
    path = folder / "justice.toml"
    path.write_bytes(b"# one\n# \xd0\xc2\n" + path.read_bytes())
    with pytest.raises(CatalogueError, match="not UTF-8") as caught:
        load_catalogue(folder)
    assert (caught.value.path, caught.value.line) == ("justice.toml", 2)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('sector = "finance"', 'sector = "fishing"', "must be named fishing.toml"),
        ('kinds = ["person", "organisation"]', "kinds = []", "for nobody"),
        ('standing = "in_force"', 'standing = "in_force"\nfrom = 2026-01-02\nto = 2026-01-01', "ends before"),
        ("clauses = [", "nothing = [", "without a clause"),
    ],
)
def test_an_incentive_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    folder = Path(shutil.copytree(SHIPPED / "incentives", tmp_path / "incentives"))
    damage(folder / "finance.toml", old, new)
    with pytest.raises(CatalogueError, match=problem):
        load_incentives(folder)

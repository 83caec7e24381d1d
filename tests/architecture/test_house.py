"""The house as a whole: its floors, its types, its style, and what must not be in it."""

from __future__ import annotations

import ast
import configparser
import glob
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("creditsvc", "punishment_rules", "repair", "sync")
CLOCK = ROOT / "creditsvc" / "wallclock.py"
READS_THE_TIME = {"now", "today", "utcnow", "time", "time_ns"}


def sources() -> Iterator[Path]:
    """Every product module."""
    yield ROOT / "wsgi.py"
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in the root."""
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("mypy",), id="types"),
        pytest.param(("ruff", "check", "."), id="style"),
        pytest.param(("ruff", "format", "--check", "."), id="format"),
    ],
)
def test_tool_is_content(command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr


def test_arrows_go_down() -> None:
    call = "sys.exit(lint_imports(config_filename='setup.cfg', no_cache=True))"
    code = f"import sys; from importlinter.cli import lint_imports; {call}"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_nobody_imports_the_roof() -> None:
    roof = re.compile(r"^\s*(from|import)\s+wsgi\b", re.MULTILINE)
    assert [str(path) for path in sources() if path.name != "wsgi.py" and roof.search(path.read_text("utf-8"))] == []


def _time_readings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS_THE_TIME:
            owner = ast.unparse(node.func.value)
            if owner.split(".")[-1] in {"datetime", "date", "time"}:
                yield node.lineno


def test_only_the_wall_clock_reads_the_time() -> None:
    readings = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if path != CLOCK
        for line in _time_readings(ast.parse(path.read_text("utf-8")))
    ]
    assert readings == []


def test_nothing_of_this_machine_or_of_a_registry_is_in_the_tree() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    leak = re.compile(rb"/[w]ork/|/[r]oot/\.|files\.python[h]osted|--(extra-)?[i]ndex-url|\.\./[s]hared")
    found = [
        name.decode()
        for name in tracked
        if name and (ROOT / name.decode()).is_file() and leak.search((ROOT / name.decode()).read_bytes())
    ]
    assert found == []


def test_long_files_and_functions_are_split() -> None:
    too_long = []
    for path in sources():
        if path.parent.name == "versions":
            continue  # a migration is a list of tables, made once and never edited
        text = path.read_text("utf-8")
        if text.count("\n") > 400:
            too_long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60:
                too_long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert too_long == []


def test_readme_commands_exist() -> None:
    from wsgi import COMMANDS

    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    missing = []
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text("utf-8")
        missing += [f"make {t}" for t in re.findall(r"\bmake ([a-z-]+)", text) if t not in targets]
        missing += [f"creditsvc {c}" for c in re.findall(r"\bcreditsvc ([a-z]+)\b", text) if c not in COMMANDS]
    assert missing == []


def test_links_between_documents_lead_somewhere() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, check=True, text=True)
    pages = [ROOT / name for name in tracked.stdout.split("\0") if name]
    astray = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]
    assert pages and astray == []


def test_every_package_says_where_is_what() -> None:
    rooms = [path.parent for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")]
    data = {"versions", "migrations", "key_migrations"}
    without = [
        str(room.relative_to(ROOT))
        for room in rooms
        if room.name not in data
        and any(room.glob("*.py"))
        and len(list(room.glob("*.py"))) > 1
        and not (room / "README.md").exists()
    ]
    assert without == []


def test_package_inits_are_empty() -> None:
    assert [str(path) for path in sources() if path.name == "__init__.py" and path.read_text("utf-8").strip()] == []


def test_an_install_has_every_file_that_the_packages_need() -> None:
    """A wheel takes what the patterns of ``package_data`` find from each package's folder, and nothing else."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    patterns = [each.strip() for line in config["options.package_data"].values() for each in line.split(",")]
    tracked = subprocess.run(["git", "ls-files", "-z", *PACKAGES], cwd=ROOT, capture_output=True, check=True, text=True)
    files = {name for name in tracked.stdout.split("\0") if name and not name.endswith((".py", ".md"))}
    shipped = {
        str(Path(package.parent, found).relative_to(ROOT))
        for name in PACKAGES
        for package in (ROOT / name).rglob("__init__.py")
        for pattern in patterns
        for found in glob.glob(pattern, root_dir=package.parent, recursive=True)
    }
    assert files and files - shipped == set()

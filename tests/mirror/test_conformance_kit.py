"""The kit that bureaus try their own clients with: ours passes every case, a naive one fails, a broken one is found out."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from creditsvc.wallclock import SystemClock
from sync.conformance import cli
from sync.conformance.cases import CASES, SAME_ERROR, Case
from sync.conformance.kit import PLACES, Ran, last_line
from sync.mirror.cli import main as mirror
from sync.mirror.store import Store
from tests.support import naive_client

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "conformance.md").read_text("utf-8")
OURS = shlex.split(
    "mirror {url} --dir {dir} --stream {stream} --trust {keys} --key-file {key-file} --subscriber {subscriber} "
    "--signing-key {signing-key} --sealing-key {sealing-key}"
)
ASK = shlex.split("mirror check --dir {dir} --sector transport --act fly")
NAIVE = [sys.executable, naive_client.__file__]
NAIVE += shlex.split("{url} {dir} {stream} {key-file} {subscriber} {signing-key}")
INSTALLED = [sys.executable, "-c", "import sys, wsgi; sys.exit(wsgi.main(sys.argv[1:]))"]


def in_this_process(words: Sequence[str], given: str) -> Ran:
    """Our own command, without a process for each pass."""
    said, stdin = StringIO(), sys.stdin
    sys.stdin = StringIO(given)
    try:
        with redirect_stderr(said), redirect_stdout(StringIO()):
            code = mirror(words[1:])
    finally:
        sys.stdin = stdin
    return Ran(code, last_line(said.getvalue()))


def bench(folder: Path) -> cli.Bench:
    return cli.Bench(folder, SystemClock(), client=OURS, ask=ASK, run=in_this_process)


def passes(folder: Path, cases: Sequence[Case]) -> None:
    results = {result.name: result for result in bench(folder).results(cases)}
    assert {name: result.why for name, result in results.items() if result.standing != cli.PASSED} == {}
    assert set(results) == {case.name for case in cases} | {"own-errors"}


def test_our_mirror_passes_a_sample(tmp_path: Path) -> None:
    """Each fault has its own test beside this one; here the kit itself is tried, with all that ask the copy."""
    passes(tmp_path, [case for at, case in enumerate(CASES) if case.asks or at % 6 == 0 if case.name != "expired-copy"])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_our_mirror_passes_every_case(tmp_path: Path) -> None:
    passes(tmp_path, CASES)


def test_a_client_that_keeps_who_left_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "drop_entries", lambda *_: None)
    chosen = [case for case in CASES if case.name in {"empty", "listed-again", "gone-is-gone"}]
    standing = {result.name: result.standing for result in bench(tmp_path).results(chosen)}
    assert standing == {
        "empty": cli.FAILED,
        "listed-again": cli.FAILED,
        "gone-is-gone": cli.FAILED,
        "own-errors": cli.NOT_RUN,
    }


def test_errors_that_look_alike_are_found(tmp_path: Path) -> None:
    """A client that says the same of everything tells its operator nothing."""

    def dumb(words: Sequence[str], given: str) -> Ran:
        ran = in_this_process(words, given)
        return Ran(min(1, ran.code or 0), "error 17" if ran.code else "")

    dumb_bench = cli.Bench(tmp_path, SystemClock(), client=OURS, ask=ASK, run=dumb)
    chosen = [case for case in CASES if case.name in {"gap", "expired"}]
    assert [result.standing for result in dumb_bench.results(chosen)] == [cli.PASSED, cli.PASSED, cli.FAILED]


def test_a_naive_client_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("tampered-event", "unknown-signature", "expired")
    file = tmp_path / "results.json"
    only = [word for name in names for word in ("--only", name)]
    assert cli.main([*only, "--json", str(file), "--", *NAIVE]) == cli.EXIT_FAILED
    said = capsys.readouterr().out
    assert said.count("FAILED") == 3 and '"failed": 3' in file.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_case_in_processes_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = shlex.join([*INSTALLED, *ASK])
    assert cli.main(["--ask", ask, "--", *INSTALLED, *OURS]) == 0, capsys.readouterr().out
    capsys.readouterr()
    assert cli.main(["--timeout", "15", "--", *NAIVE]) == cli.EXIT_FAILED
    said = capsys.readouterr().out
    assert said.count("FAILED") > len(CASES) * 2 // 3


def test_wrong_calls(capsys: pytest.CaptureFixture[str]) -> None:
    for call in ([], ["--"], ["--only", "no-such-case", "--", "true"], ["--", "no-such-command-anywhere"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(call)
        assert ended.value.code == 2
    assert "no such command" in capsys.readouterr().err
    assert cli.main(["--list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(CASES)


def test_what_needs_a_question_is_said_not_passed(tmp_path: Path) -> None:
    silent = cli.Bench(tmp_path, SystemClock(), client=OURS, ask=(), run=in_this_process)
    chosen = [case for case in CASES if case.name == "until"]
    assert [result.standing for result in silent.results(chosen)] == [cli.NOT_RUN, cli.NOT_RUN]


def test_the_page_says_what_is_so() -> None:
    assert set(re.findall(r"`\{([a-z-]+)\}`", TEXT)) == set(PLACES)
    known = {option for action in cli.parser()._actions for option in action.option_strings}
    ours = {word for word in OURS + ASK if word.startswith("--")}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= known | ours
    assert set(re.findall(r"^\| `([a-z-]+)` \|", TEXT, re.MULTILINE)) == {case.name for case in CASES} | {"own-errors"}
    assert all(len(group) > 1 for group in SAME_ERROR)

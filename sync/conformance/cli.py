"""``creditsvc conformance -- CLIENT COMMAND``: every case of the contract against any client. docs/conformance.md."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from creditsvc.wallclock import Clock, SystemClock
from sync.conformance.cases import CASES, NEEDS_SEALED, SAME_ERROR, Case
from sync.conformance.kit import PLACES, CaseFailed, Ran, Run, opened, run_process

PASSED, FAILED, NOT_RUN = "passed", "failed", "not-run"
_WORD = {PASSED: "通过 / passed", FAILED: "不合格 / FAILED", NOT_RUN: "未测 / not run"}
MANY = 2
EXIT_FAILED, EXIT_INCOMPLETE = 1, 3
"""Exit codes beside 0 (everything passed) and 2 (a wrong call)."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a client stood in one case."""

    name: str
    title: str
    standing: str
    why: str = ""


def parser() -> argparse.ArgumentParser:
    """The call's words, without the client's command."""
    places = " ".join(f"{{{name}}}" for name in PLACES)
    made = argparse.ArgumentParser(
        "creditsvc conformance",
        usage="creditsvc conformance [options] -- CLIENT COMMAND",
        description="让一个会犯错的发布方检验任意镜像程序 / try any client against a publisher that misbehaves",
        epilog=f"命令中可用 / in the command: {places}。说明见 docs/conformance.md / see docs/conformance.md",
    )
    made.add_argument("--list", action="store_true", help="列出全部用例 / list the cases")
    made.add_argument("--only", action="append", default=[], metavar="CASE", help="只测此用例，可多次 / only this one")
    made.add_argument("--ask", default="", metavar="COMMAND", help="向副本提问的命令 / the command that asks the copy")
    made.add_argument("--tokens", action="store_true", help="身份信函用令牌 / slips as tokens, not sealed numbers")
    made.add_argument("--timeout", type=float, default=60.0, help="每次调用的秒数 / seconds a call may take (60)")
    made.add_argument("--json", type=Path, help="结果另存为 JSON / write the results as JSON too")
    made.add_argument("--keep", type=Path, metavar="DIR", help="保留各用例目录于 / keep each case's directory in DIR")
    return made


def main(argv: Sequence[str]) -> int:
    """0: every case passed; 1: one did not; 3: none failed and some were not run; 2: a wrong call."""
    words, client = _split(list(argv))
    made = parser()
    options = made.parse_args(words)
    if options.list:
        for case in CASES:
            sys.stdout.write(f"{case.name:24}{case.title.zh} / {case.title.en}\n")
        return 0
    if not client:
        made.error("在 -- 之后给出客户端命令 / give the client's command behind --")
    unknown = set(options.only) - {case.name for case in CASES}
    if unknown:
        made.error(f"没有用例 / no such case: {', '.join(sorted(unknown))}")
    if shutil.which(client[0]) is None:
        made.error(f"找不到命令 / no such command: {client[0]}")
    chosen = [case for case in CASES if not options.only or case.name in options.only]
    ask = shlex.split(options.ask)
    run = run_process(options.timeout)
    with _folder(options.keep) as folder:
        bench = Bench(Path(folder), SystemClock(), client=client, ask=ask, run=run, tokens=options.tokens)
        results = [_told(result) for result in bench.results(chosen)]
    return _end(results, options.json)


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], argv[at + 1 :]


class _Kept:
    """A folder that stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        return str(self._folder)

    def __exit__(self, *_: object) -> None:
        """Nothing is taken away."""


def _folder(keep: Path | None) -> tempfile.TemporaryDirectory[str] | _Kept:
    return _Kept(keep) if keep else tempfile.TemporaryDirectory(prefix="creditsvc-conformance-")


class Bench:
    """Runs cases, each in a world of its own, and at the end compares the refusals with each other."""

    def __init__(
        self, folder: Path, clock: Clock, *, client: Sequence[str], ask: Sequence[str], run: Run, tokens: bool = False
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._client = client
        self._ask = ask
        self._run = run
        self._tokens = tokens
        self._refusals: list[tuple[str, Ran]] = []

    def results(self, cases: Iterable[Case]) -> Iterable[Result]:
        """One a case, as they come, and ``own-errors`` for all of them together."""
        for case in cases:
            yield self._result(case)
        yield self._own_errors()

    def _result(self, case: Case) -> Result:
        title = f"{case.title.zh} / {case.title.en}"
        if case.asks and not self._ask:
            return Result(case.name, title, NOT_RUN, "需要 --ask / needs --ask")
        if self._tokens and case.name in NEEDS_SEALED:
            return Result(case.name, title, NOT_RUN, "令牌无法与主体比对 / a token can't be compared with a subject")
        try:
            with opened(
                self._folder / case.name, self._clock, client=self._client, ask=self._ask, run=self._run,
                tokens=self._tokens,
            ) as kit:  # fmt: skip
                case.run(kit)
        except CaseFailed as failed:
            return Result(case.name, title, FAILED, str(failed))
        self._refusals += kit.refusals
        return Result(case.name, title, PASSED)

    def _own_errors(self) -> Result:
        title = "每种拒绝各有其错误 / each refusal has an error of its own"
        seen: dict[str, str] = {}
        for fault, ran in self._refusals:
            other = seen.setdefault(ran.told, fault)
            if other != fault and not any({other, fault} <= group for group in SAME_ERROR):
                return Result("own-errors", title, FAILED, f"{other} = {fault}: {ran.code}, {ran.said}")
        if len(self._refusals) < MANY:
            return Result("own-errors", title, NOT_RUN, "至少要有两次拒绝 / at least two refusals are needed")
        return Result("own-errors", title, PASSED)


def _told(result: Result) -> Result:
    sys.stdout.write(f"{_WORD[result.standing]:20}{result.name:24}{result.title}\n")
    if result.why:
        sys.stdout.write(f"{'':20}{result.why}\n")
    sys.stdout.flush()
    return result


def _end(results: Sequence[Result], file: Path | None) -> int:
    count = {standing: sum(result.standing == standing for result in results) for standing in (PASSED, FAILED, NOT_RUN)}
    sys.stdout.write(
        f"\n通过 {count[PASSED]}，不合格 {count[FAILED]}，未测 {count[NOT_RUN]}"
        f" / passed {count[PASSED]}, failed {count[FAILED]}, not run {count[NOT_RUN]}\n"
    )
    if file:
        rows = [{"case": r.name, "standing": r.standing, "why": r.why} for r in results]
        file.write_text(json.dumps({"results": rows, **count}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if count[FAILED]:
        return EXIT_FAILED
    return EXIT_INCOMPLETE if count[NOT_RUN] else 0

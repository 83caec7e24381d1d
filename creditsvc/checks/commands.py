"""``creditsvc check``: one question from the command line.

The number is read from standard input, never from an argument, which other users of the machine could see.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from getpass import getpass
from pathlib import Path

from creditsvc.access.accounts import staff_caller
from creditsvc.access.callers import Caller
from creditsvc.checks.answer import CheckAnswer, ask
from creditsvc.checks.questions import Question
from creditsvc.checks.rulebook_law import overlay_of
from creditsvc.checks.said import title_of
from creditsvc.checks.signed import signed
from creditsvc.feature import Feature, furnished
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.identity import parse_identity
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings

EXIT = {"clear": 0, "restricted": 3, "needs_officer": 4}
WORDS = {
    "clear": "未受限 / clear",
    "restricted": "受限 / restricted",
    "needs_officer": "由工作人员判断 / a person decides",
}


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        prog="creditsvc check",
        description="核查一人；证件号码从标准输入读取 / check one person; the number is read from standard input",
        epilog="退出码 / exit code: 0 clear, 3 restricted, 4 a person decides, 1 error",
    )
    made.add_argument("name", help="姓名或单位名称 / name")
    made.add_argument("--sector", required=True, help="行业 / sector, e.g. transport")
    made.add_argument("--act", required=True, help="事项 / act, e.g. fly")
    made.add_argument("--purpose", required=True, help="核查目的，写入台账 / purpose, kept in the ledger")
    made.add_argument("--matter", required=True, help="办件编号，写入台账 / number of the matter, kept in the ledger")
    made.add_argument("--as", dest="username", required=True, help="以哪个账户核查 / whose account asks")
    made.add_argument("--on", type=date.fromisoformat, help="核查日 YYYY-MM-DD，默认今天 / legal day, today by default")
    made.add_argument(
        "--known-on", type=date.fromisoformat, help="按该日终了时已知的记录 / as known at the end of that day"
    )
    made.add_argument("--json", action="store_true", help="输出签名的 JSON / print the signed JSON")
    made.add_argument(
        "--out", type=Path, help="把签名的答复存入文件，供 creditsvc verify 核验 / keep the signed answer in a file"
    )
    return made


def main(argv: Sequence[str], features: Sequence[Feature]) -> int:
    """Ask, print, and exit with the outcome's code."""
    options = parser().parse_args(argv)
    services = furnished(open_services(Settings.from_environ(os.environ)), features)
    try:
        answer = _asked(services, options)
        given = signed(services, answer)
    finally:
        services.dispose()
    if options.out:
        options.out.write_bytes(given.body + b"\n")
    if options.json:
        sys.stdout.write(json.dumps(json.loads(given.body), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(_told(answer))
    return EXIT[answer.answer.outcome.value]


def _asked(services: Services, options: argparse.Namespace) -> CheckAnswer:
    now = services.clock.now()
    raw = getpass("证件号码 / number: ") if sys.stdin.isatty() else sys.stdin.readline()
    with services.database.reading() as session:
        caller: Caller = staff_caller(session, options.username)
    question = Question(
        number=parse_identity(raw.strip()),
        name=options.name,
        sector=options.sector,
        act=options.act,
        purpose=options.purpose,
        matter=options.matter,
        on=options.on or legal_day(now),
        known_on=options.known_on,
    )
    overlay = overlay_of(services.settings)
    return ask(services, question, caller=caller, now=now, overlay=overlay)


def _told(check: CheckAnswer) -> str:
    age = check.age.seconds(check.answered_at)
    lines = [f"{WORDS[check.answer.outcome.value]}    {check.reference}    {check.question.on}"]
    lines += [f"数据截至事件 / as of event {check.age.event}" + ("" if age is None else f"，{age} 秒前 / s ago")]
    for verdict in check.answer.verdicts:
        title = title_of(verdict)
        lines.append(f"\n- {title.zh} / {title.en}  [{verdict.outcome.value}]")
        lines += [f"    {reason.citation.text.zh}  {reason.text.zh}" for reason in verdict.reasons]
        lines += [f"    {verdict.ends.zh}", f"    {verdict.next_step.zh}"]
    return "\n".join(lines) + "\n"

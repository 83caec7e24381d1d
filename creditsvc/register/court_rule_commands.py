"""``creditsvc court-rules``: what courts set for themselves, loaded from TOML inside the bounds of the law, and listed."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from creditsvc.access.callers import job_caller
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.register.court_rules import CourtRule, parse_rule
from creditsvc.register.rules_loaded import court_rules, keep_rule
from creditsvc.services import open_services
from creditsvc.settings import Settings

OPERATOR = job_caller("command-line")


def main(argv: Sequence[str]) -> int:
    """``check FILE``, ``load FILE`` or ``list``; a file is TOML with one ``[[rule]]`` a court and day."""
    parser = argparse.ArgumentParser(prog="creditsvc court-rules", description="各法院的规定 / what courts have set")
    actions = parser.add_subparsers(dest="action", required=True)
    for name, text in (("check", "只检查 / only check"), ("load", "检查并载入 / check and load")):
        actions.add_parser(name, help=text).add_argument("file", type=Path)
    actions.add_parser("list", help="列出 / list")
    options = parser.parse_args(list(argv))
    if options.action == "check":
        sys.stdout.write("".join(map(told, map(parse_rule, read_rules(options.file)))))
        return 0
    services = open_services(Settings.from_environ(os.environ))
    try:
        if options.action == "load":
            with services.database.writing() as session:
                kept = [
                    keep_rule(session, raw, caller=OPERATOR, now=services.clock.now())
                    for raw in read_rules(options.file)
                ]
        else:
            with services.database.reading() as session:
                kept = sorted(court_rules(session), key=lambda rule: (rule.court, rule.from_day))
        sys.stdout.write(
            "".join(map(told, kept)) or "没有载入规定，只适用司法解释 / none: the judicial interpretation alone\n"
        )
        return 0
    finally:
        services.dispose()


def read_rules(path: Path) -> list[dict[str, Any]]:
    """The rules of a file, not yet checked; raises ``InvalidInput`` (``court-rule-file``)."""
    try:
        found = tomllib.loads(path.read_text("utf-8")).get("rule")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        found = None
    if not isinstance(found, list) or not found:
        raise InvalidInput(
            Bilingual(f"{path.name} 应为含 [[rule]] 的 TOML 文件", f"{path.name} must be TOML with [[rule]]"),
            code="court-rule-file",
        )
    return [
        {**one, "from": one["from"].isoformat() if hasattr(one.get("from"), "isoformat") else one.get("from")}
        for one in found
    ]


def told(rule: CourtRule) -> str:
    """One rule as a line."""
    low, high = rule.grace_months
    grades = "、".join(f"{one.label.zh}≤{one.longest_term}" for one in rule.severities) or "-"
    return (
        f"{rule.court or '*'}\t{rule.from_day}\t{rule.source}\t宽限 {low}-{high} 月\t期限≤{rule.longest_term} 月\t"
        f"分档 {grades}\t单位须上级批准 {'是' if rule.unit_needs_higher_approval else '否'}\t单次解禁 {rule.single_lift or '-'}\n"
    )

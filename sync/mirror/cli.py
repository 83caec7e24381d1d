"""``creditsvc mirror``: keep the copy, ask it, see how it is. Messages in Chinese and English; exit codes in docs/mirror.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from getpass import getpass
from threading import Event
from zoneinfo import ZoneInfo

from creditsvc.kernel.errors import CreditServiceError
from creditsvc.kernel.identity import parse_identity
from creditsvc.kernel.text import Bilingual
from creditsvc.wallclock import Clock, SystemClock
from punishment_rules.law import Outcome, Text, Verdict
from punishment_rules.load import catalogue
from sync.mirror import options as opt
from sync.mirror.advance import Report
from sync.mirror.check import LocalAnswer, Question, answer_locally, as_json, said_of, title_of
from sync.mirror.client import Mirror, stored_head
from sync.mirror.errors import MirrorError, WitnessesMissing
from sync.mirror.fetch import HttpFetcher
from sync.mirror.files import only_one, open_directory, open_store, read_key, remove_copy
from sync.mirror.identities import SlipKeys
from sync.mirror.progress import Bar, silent
from sync.mirror.store import Store
from sync.mirror.trouble import AskedTooOften, NotSynced, PublisherUnreachable, SettingUnusable
from sync.wire.head import Head

CHECK_EXIT = {Outcome.CLEAR: 0, Outcome.RESTRICTED: 3, Outcome.NEEDS_OFFICER: 4}
"""Exit codes of a check."""

_LONGEST_PAUSE = 600
_LONG_POLL = 25
_COSIGNING = 5
_PASSING = (PublisherUnreachable, AskedTooOften, WitnessesMissing)
_BEIJING = ZoneInfo("Asia/Shanghai")


def main(argv: Sequence[str]) -> int:
    """Run the command; 0 when it did what was asked."""
    arguments = list(argv)
    commands = {"check": _check, "status": _status, "leave": _leave}
    command = commands.get(arguments[0]) if arguments else None
    try:
        return command(arguments[1:], SystemClock()) if command else _sync(arguments, SystemClock())
    except MirrorError as error:
        return _explain(error, error.exit_code)
    except CreditServiceError as error:
        return _explain(error, 1)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _explain(error: CreditServiceError, code: int) -> int:
    sys.stderr.write(f"\n{error.text.zh}\n{error.text.en}  [{error.code}]\n")
    return code


def _sync(argv: Sequence[str], clock: Clock) -> int:
    options = opt.sync_parser().parse_args(argv)
    directory = open_directory(options.dir)
    with only_one(directory):
        store = open_store(directory)
        try:
            agreement = opt.agreement(options, store.text("stream"), sys.stderr.write)
            fetcher = HttpFetcher(options.url, key=opt.api_key(options))
            progress = silent if options.quiet or not sys.stderr.isatty() else Bar()
            mirror = Mirror(store, fetcher, agreement, progress=progress)
            if options.follow:
                return _follow(mirror, clock, every=max(1, options.every))
            _tell(_once(mirror, clock))
            return 0
        finally:
            store.close()


def _once(mirror: Mirror, clock: Clock) -> Report:
    """One pass; a head is cosigned a moment after it is signed, so that much patience it has."""
    for _ in range(_COSIGNING):
        try:
            return mirror.refresh(clock.now())
        except WitnessesMissing:
            Event().wait(1)
    return mirror.refresh(clock.now())


def _follow(mirror: Mirror, clock: Clock, *, every: int) -> int:
    """Go on for ever. What may pass by itself is tried again, ever less often; a refusal ends it with its code."""
    pause, told = every, -1
    while True:
        try:
            report = mirror.refresh(clock.now())
            pause = every
            if report.sequence != told or report.receipt:
                _tell(report)
            told = report.sequence
        except _PASSING as error:
            _explain(error, 0)
            pause = min(_LONGEST_PAUSE, pause * 2)
            Event().wait(pause)
            continue
        _rest(mirror, clock, pause)


def _rest(mirror: Mirror, clock: Clock, pause: int) -> None:
    """Until something new comes: waiting at the publisher, or here where it answers at once (its places are few)."""
    asked = clock.now()
    try:
        if mirror.wait(_LONG_POLL):
            return
    except MirrorError:
        # the next pass meets it again and says what it is
        pass
    if (clock.now() - asked).total_seconds() < pause:
        Event().wait(pause)


def _tell(report: Report) -> None:
    said = [
        f"已到序号 {report.sequence}，在册 {report.count} 条，本次移除 {report.changes.removed} 条",
        f" / at {report.sequence}, {report.count} in force, {report.changes.removed} removed now",
    ]
    if report.from_snapshot:
        said.append("；取自快照 / from the snapshot")
    if report.healed:
        said.append(f"；修复 / healed {report.healed}")
    if report.receipt:
        said.append("；回执已被接受 / receipt taken")
    if report.overdue:
        said.append("；逾期：仅收到移除 / overdue: removals only")
    sys.stdout.write("".join(said) + "\n")
    sys.stdout.flush()


def _leave(argv: Sequence[str], clock: Clock) -> int:
    options = opt.leave_parser().parse_args(argv)
    with only_one(open_directory(options.dir)):
        store = open_store(options.dir, must_exist=True)
        try:
            agreement = opt.agreement(options, store.text("stream"), sys.stderr.write)
            fetcher = HttpFetcher(options.url, key=opt.api_key(options))
            deleted = Mirror(store, fetcher, agreement).leave(clock.now())
        finally:
            store.close()
        remove_copy(options.dir)
    sys.stdout.write(
        f"已删除 {deleted} 条，最后回执已被接受；密钥文件请另行销毁"
        f" / {deleted} entries deleted, the last receipt was taken; destroy the key files yourself\n"
    )
    return 0


def _check(argv: Sequence[str], clock: Clock) -> int:
    options = opt.check_parser().parse_args(argv)
    store = open_store(options.dir, must_exist=True)
    try:
        lines = options.file.read_text("utf-8").splitlines() if options.file else _asked()
        if len(lines) < 2:
            raise SettingUnusable("应有两行：证件号码、名称", "two lines are wanted: identity number, name")
        question = Question(parse_identity(lines[0]), lines[1].strip(), options.sector, options.act)
        answer = answer_locally(store, question, keys=_slip_keys(options), catalogue=catalogue(), now=clock.now())
    except (OSError, UnicodeDecodeError):
        raise SettingUnusable(f"无法读取 {options.file}", f"can't read {options.file}") from None
    finally:
        store.close()
    if options.json:
        sys.stdout.write(json.dumps(as_json(answer), ensure_ascii=False, indent=2) + "\n")
    else:
        _tell_answer(answer)
    return CHECK_EXIT[answer.outcome]


def _asked() -> list[str]:
    """Number and name from standard input; on a terminal they are asked for, the number without showing it."""
    if not sys.stdin.isatty():
        return sys.stdin.read().splitlines()
    return [getpass("证件号码 / identity number: "), input("姓名或单位名称 / name: ")]


def _slip_keys(options: argparse.Namespace) -> SlipKeys | None:
    if options.token_key:
        return SlipKeys(read_key(options.token_key))
    local = opt.local_token_key(options.dir)
    return SlipKeys(read_key(local)) if local.exists() else None


def _tell_answer(local: LocalAnswer) -> None:
    label = local.outcome.label
    out = sys.stdout.write
    out(f"{label.zh} / {label.en}\n")
    for doubt in local.doubts:
        out(f"  {doubt.zh} / {doubt.en}\n")
    for verdict in local.answer.verdicts:
        _tell_verdict(verdict, said_of(verdict, local), title_of(verdict))
    out(f"\n  {_as_of(local.head)}\n")


def _tell_verdict(verdict: Verdict, outcome: Outcome, title: Text) -> None:
    out = sys.stdout.write
    out(f"\n- {title.zh} / {title.en}  [{outcome.label.zh} / {outcome.label.en}]\n")
    for reason in verdict.reasons:
        clause = reason.citation.text
        out(f"    {clause.zh}  {reason.text.zh}\n    {clause.en}  {reason.text.en}\n")
    out(f"    {verdict.ends.zh} / {verdict.ends.en}\n    {verdict.next_step.zh} / {verdict.next_step.en}\n")


def _as_of(head: Head) -> str:
    return (
        f"依据 / as of {head.origin.text} 序号 / sequence {head.size}，"
        f"{_local(head.published)} 签发 / published，{_local(head.expires)} 到期 / expires"
    )


def _local(at: datetime) -> str:
    return at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _status(argv: Sequence[str], clock: Clock) -> int:
    options = opt.status_parser().parse_args(argv)
    store = open_store(options.dir, must_exist=True)
    try:
        head = stored_head(store)
        if head is None:
            raise NotSynced
        sys.stdout.write("".join(f"{name.zh} / {name.en}: {value}\n" for name, value in _figures(store, head)))
        expired = head.expires <= clock.now()
    finally:
        store.close()
    if expired:
        sys.stdout.write("已过期：请运行同步 / expired: run the mirror\n")
    return 15 if expired else 0


def _figures(store: Store, head: Head) -> list[tuple[Bilingual, object]]:
    counts = store.counts()
    rows: list[tuple[str, str, object]] = [
        ("来源", "origin", head.origin.text),
        ("序号", "sequence", head.size),
        ("签发", "published", _local(head.published)),
        ("到期", "expires", _local(head.expires)),
        ("在册", "in force", counts["entries"] - counts["canaries"]),
        ("探针", "canaries", counts["canaries"]),
        ("已移除", "departed", counts["departed"]),
        ("身份信函", "slips", counts["slips"]),
        ("缺内容", "without body", counts["without_body"]),
        ("见证联署", "cosigned by", store.text("witnesses") or "无 / nobody"),
        ("最后回执", "last receipt", store.number("receipt_sequence")),
        ("仅收移除", "removals only", "是 / yes" if store.number("overdue") else "否 / no"),
    ]
    return [(Bilingual(zh, en), value) for zh, en, value in rows]

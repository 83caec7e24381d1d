"""``creditsvc import`` and ``creditsvc release``: a court's file by command line, by the same code as at the desk."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from creditsvc.access.accounts import staff_caller
from creditsvc.feature import Feature, furnished
from creditsvc.kernel.errors import NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from sync.apply import apply_released
from sync.fault_file import fault_file
from sync.intake import batch_in_reach, batch_of, receive_file, release
from sync.preview import Tally
from sync.tables_intake import AWAITING, Batch

STATES = {
    "received": "正在读取 / being read",
    "awaiting_release": "待第二人发布 / waiting for a second person",
    "released": "已发布，正在生效 / released, completing",
    "applied": "已全部生效 / applied",
    "unreadable": "无法读取 / unreadable",
    "withdrawn": "已撤回 / withdrawn",
}


def import_file(argv: Sequence[str]) -> int:
    """Take in a file and say what it would do. 0: waiting or already in; 3: a guard holds it; 1: it could not be read."""
    parser = argparse.ArgumentParser(
        prog="creditsvc import",
        description="导入法院名单 / take in a court's list; nothing is in force before its release",
    )
    parser.add_argument("file", type=Path, help="文件 / the file")
    parser.add_argument("--as", dest="username", required=True, help="上传人账户 / whose account sends it")
    parser.add_argument(
        "--declared",
        type=int,
        metavar="N",
        help="送出方说明的行数，与读到的不符则拦下 / how many rows the sender announced",
    )
    parser.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="有误的行另存为（原格式，多一栏问题） / save the faulty rows, in the file's own format",
    )
    options = parser.parse_args(argv)
    if not options.file.is_file():
        raise NotFound(Bilingual(f"没有文件 {options.file.name}", f"no file {options.file.name}"), code="file-missing")
    services = open_services(Settings.from_environ(os.environ))
    try:
        with services.database.reading() as session:
            caller = staff_caller(session, options.username)
        with options.file.open("rb") as file:
            batch, is_new = receive_file(
                services, file, filename=options.file.name, caller=caller, now=services.clock.now(), progress=_progress,
                declared=options.declared,
            )  # fmt: skip
        _clear_line()
        sys.stdout.write(summary(batch, is_new=is_new))
        if options.faults:
            _save_faults(services, batch, options.faults)
    finally:
        services.dispose()
    return 3 if batch.state == AWAITING and (batch.preview or {}).get("held") else 0


def _save_faults(services: Services, batch: Batch, path: Path) -> None:
    """Readable by nobody else: the rows hold identity numbers."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(fault_file(services, batch).pieces)
    sys.stdout.write(f"  有误的行已另存 / faulty rows saved: {path}\n")


def release_batch(argv: Sequence[str], features: Sequence[Feature] = ()) -> int:
    """Release a batch as a second person, and with ``--wait`` apply it to the end, with what follows in every room."""
    parser = argparse.ArgumentParser(
        prog="creditsvc release", description="由第二人发布批次 / release a batch as a second person"
    )
    parser.add_argument("batch", type=int, help="批次号 / its number")
    parser.add_argument("--as", dest="username", required=True, help="发布人账户 / whose account releases it")
    parser.add_argument("--reason", default="", help="被拦下时仍予发布的理由 / why, where a guard holds it")
    parser.add_argument("--wait", action="store_true", help="等到全部生效 / apply it to the end before returning")
    options = parser.parse_args(argv)
    services = furnished(open_services(Settings.from_environ(os.environ)), features)
    try:
        return _release(services, options)
    finally:
        services.dispose()


def _release(services: Services, options: argparse.Namespace) -> int:
    now = services.clock.now()
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        shown = batch_in_reach(session, options.batch, caller=caller)
        sys.stdout.write(summary(shown, is_new=True))
        release(session, shown.id, shown_digest=shown.digest or "", reason=options.reason, caller=caller, now=now)
    if options.wait:
        apply_released(services, services.clock.now(), progress=lambda done: _line(f"{done} 条已生效 / applied"))
        _clear_line()
    with services.database.reading() as session:
        batch = batch_of(session, options.batch)
    sys.stdout.write(f"批次 {batch.id}：{STATES[batch.state]}，{batch.applied} 条 / entries\n")
    return 0


def summary(batch: Batch, *, is_new: bool) -> str:
    """What a batch is and would do, in a few lines."""
    shown = batch.preview or {}
    lines = [f"批次 {batch.id} / batch {batch.id}: {batch.filename}", f"  {STATES[batch.state]}"]
    if not is_new:
        lines.append("  同一文件此前已导入，未作任何改变 / the same file came before; nothing was changed")
    if batch.problem:
        lines.append(f"  {batch.problem}")
    for key, label in (("rows", "行 / rows"), ("gain", "将列入 / would be listed"), ("lose", "将移出 / would leave"),
                       ("ahead", "移出先于纳入到达 / exits that came before their entry"), ("orders", "限制消费令 / consumption orders"),
                       ("unchanged", "未变 / unchanged"), ("changed", "内容有变，须更正程序 / changed: needs a correction"),
                       ("quarantined", "待人工处理 / quarantined"), ("refused", "不能接收 / refused")):  # fmt: skip
        if key in shown and (shown[key] or key in {"rows", "gain", "lose"}):
            lines.append(f"  {shown[key]:>9,}  {label}")
    lines += [f"  {row['rows']:>9,}    {row['code']}" for row in shown.get("codes", [])[:8]]
    lines += [
        f"  {'+' + format(row['rows'], ','):>9} {'-' + format(row['lose'], ','):>7}  {row['name']}（在册 / standing {row['standing']:,}）"
        for row in shown.get("courts", [])[:5]
    ]
    if len(shown.get("courts", [])) > 5:
        lines.append(f"{'…':>11}  另有 {len(shown['courts']) - 5} 个法院 / more courts")
    lines += [f"  ! {guard['zh']} / {guard['en']}" for guard in shown.get("held", [])]
    if batch.state == AWAITING:
        lines.append(f"下一步 / next: creditsvc release {batch.id} --as <另一人 / another person>")
    return "\n".join(lines) + "\n"


def _progress(tally: Tally) -> None:
    _line(f"{tally.rows:,} 行 / rows …")


def _line(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def _clear_line() -> None:
    _line("")

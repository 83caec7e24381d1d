"""``creditsvc screen``: a whole list from the command line, worked off here and now.

Interrupted, it goes on by itself where the service's jobs run, or by the same command with ``--resume NUMBER``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from threading import Event

from creditsvc.access.accounts import staff_caller
from creditsvc.access.callers import Caller
from creditsvc.checks import screening as lists
from creditsvc.checks.screening_files import remove_unfinished, write_private
from creditsvc.checks.screening_work import claim_one, work
from creditsvc.checks.tables_screening import Screening
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings

STEP = timedelta(seconds=1)


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        prog="creditsvc screen", description="批量核查一份名单（CSV、XLSX、NDJSON） / screen a list (CSV, XLSX, NDJSON)"
    )
    made.add_argument("file", type=Path, nargs="?", help="名单文件 / the list")
    made.add_argument("--sector", help="行业 / sector, e.g. transport")
    made.add_argument("--act", help="事项 / act, e.g. fly")
    made.add_argument("--purpose", help="核查目的，写入台账 / purpose, kept in the ledger")
    made.add_argument("--matter", default="", help="办件编号，写入台账 / number of the matter, kept in the ledger")
    made.add_argument("--as", dest="username", required=True, help="以哪个账户核查 / whose account asks")
    made.add_argument("--on", type=date.fromisoformat, help="核查日 YYYY-MM-DD，默认今天 / legal day, today by default")
    made.add_argument("--out", type=Path, required=True, help="结果写到哪个新文件 / the new file for the results")
    made.add_argument("--resume", type=int, help="继续已上传的批量核查 / number of a list that was sent before")
    return made


def main(argv: Sequence[str]) -> int:
    """Send or resume, work it off, write the results beside the sender's columns."""
    options = parser().parse_args(argv)
    services = open_services(Settings.from_environ(os.environ))
    try:
        with services.database.reading() as session:
            caller = staff_caller(session, options.username)
        if options.out.exists():
            raise InvalidInput(
                Bilingual(
                    f"{options.out} 已存在，请换一个文件名", f"{options.out} is there already; give another name"
                ),
                code="out-exists",
            )
        screening = _screening(services, options, caller)
        _work_off(services, screening.id, caller)
        _write(services, screening.id, caller, options.out)
    finally:
        services.dispose()
    return 0


def _screening(services: Services, options: argparse.Namespace, caller: Caller) -> Screening:
    now = services.clock.now()
    if options.resume is not None:
        with services.database.reading() as session:
            found = lists.find(session, options.resume, caller=caller)
        return lists.resume(services, found.id, caller=caller, now=now) if found.state == lists.STOPPED else found
    for name in ("file", "sector", "act", "purpose"):
        if getattr(options, name) is None:
            word = "FILE" if name == "file" else f"--{name}"
            raise InvalidInput(Bilingual(f"缺少 {word}", f"{word} is missing"), code=f"{name}-missing", field=name)
    ask = lists.Ask(options.sector, options.act, options.purpose, options.matter, options.on or legal_day(now))
    try:
        with options.file.open("rb") as file:
            made = lists.receive(services, file, ask, filename=options.file.name, caller=caller, now=now)
    except OSError as wrong:
        raise InvalidInput(
            Bilingual(f"不能读取 {options.file}：{wrong.strerror}", f"can't read {options.file}: {wrong.strerror}"),
            code="file-unreadable",
        ) from None
    sys.stdout.write(f"批量核查 {made.id}：{made.rows:,} 行 / screening {made.id}: {made.rows:,} rows\n")
    return made


def _work_off(services: Services, screening_id: int, caller: Caller) -> None:
    """Until it is done; a list that the service works on meanwhile is waited for."""
    while True:
        with services.database.reading() as session:
            now_stands = lists.find(session, screening_id, caller=caller)
        if now_stands.state not in {lists.QUEUED, lists.RUNNING}:
            break
        ours = claim_one(services, screening_id, services.clock.now())
        if ours is None:
            Event().wait(STEP.total_seconds())
        else:
            work(services, ours, until=services.clock.now() + timedelta(seconds=10))
            sys.stdout.write(f"  {ours.cursor:,} / {ours.rows:,}\n")
            sys.stdout.flush()
    if now_stands.state == lists.STOPPED:
        problem = now_stands.problem or {"zh": "处理停下", "en": "it stopped"}
        text = Bilingual(
            f"{problem['zh']}；可用 --resume {screening_id} 继续",
            f"{problem['en']}; go on with --resume {screening_id}",
        )
        raise Conflict(text, code="screening-stopped")


def _write(services: Services, screening_id: int, caller: Caller, out: Path) -> None:
    screening, _, pieces = lists.results(services, screening_id, caller=caller, now=services.clock.now())
    try:
        with closing(write_private(out)) as target:
            for piece in pieces:
                target.write(piece)
    except BaseException:
        remove_unfinished(out)
        raise
    sys.stdout.write(
        f"受限制 / restricted {screening.restricted:,}\n由工作人员判断 / a person decides {screening.needs_officer:,}\n"
        f"不受限制 / clear {screening.clear:,}\n未核查 / not asked {screening.faulty:,}\n→ {out}\n"
    )

"""``creditsvc platform simulate``: a stand-in platform for a link, over the link's own channel, until it is stopped."""

from __future__ import annotations

import argparse
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services
from sync.platform.channels.open import link_signer, read_secret
from sync.platform.links import link_named, profile_of
from sync.platform.standin.database_end import DatabaseEnd
from sync.platform.standin.folder_end import FolderEnd
from sync.platform.standin.http_end import HttpEnd
from sync.platform.standin.ledger import Ledger
from sync.platform.standin.manners import manners_from
from sync.platform.standin.platform import StandIn
from sync.platform.tables import PlatformLink


class End(Protocol):
    """One of its ends."""

    def create(self) -> None:
        """Make what must be there."""
        ...

    def work(self, now: Any) -> int:
        """One round; how many rows were read."""
        ...

    def send(self, message: Any) -> None:
        """Hand a message over."""
        ...


def add_simulate(actions: Any) -> None:
    """The words of the command."""
    made = actions.add_parser("simulate", help="模拟平台：收取、核验、答复、出错 / a stand-in platform")
    made.add_argument("link", help="为哪个对接 / for which link")
    made.add_argument("--dir", type=Path, required=True, help="模拟平台自己的文件 / where it keeps its own records")
    made.add_argument(
        "--habit",
        action="append",
        default=[],
        help="不良行为，如 refuse=0.1、lose_receipts=0.05、keep_nothing、delay / bad habits",
    )
    made.add_argument("--seed", type=int, default=1)
    made.add_argument(
        "--rounds", type=int, default=0, help="几轮后停止；0 为一直运行 / stop after so many rounds; 0: never"
    )
    made.add_argument("--every", type=float, default=2.0, help="每轮间隔秒数 / seconds between rounds")
    made.add_argument(
        "--talks", type=float, default=0.0, metavar="SECONDS",
        help="每隔多少秒转来一件异议、修复结果或登记变更；0 为不转 / hand over an objection, a repair result or a change "
        "every so many seconds; 0: never",
    )  # fmt: skip
    made.add_argument(
        "--at", type=Path, metavar="FOLDER",
        help="SFTP 对接：对方主机上的目录 / for a link over SFTP: its folder, seen from the host that serves it",
    )  # fmt: skip
    made.add_argument(
        "--object", dest="objects", metavar="ENTRY", help="对这条记录提一件异议后退出 / send one objection and end"
    )


def simulate(services: Services, options: argparse.Namespace) -> int:
    """Play the platform."""
    with services.database.reading() as session:
        link = link_named(session, options.link)
    profile = profile_of(services, link)
    options.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = Ledger(options.dir / f"{link.name}.db", profile)
    standin = StandIn(
        profile, ledger, manners_from(options.habit, options.seed), link_signer(services, link.name).verifier
    )
    end = _end_of(services, link, standin, options.at)
    end.create()
    try:
        if options.objects:
            end.send(standin.message("objection", options.objects, "当事人认为记录有误，请核查", services.clock.now()))
            sys.stdout.write("已提出一件异议 / an objection was sent\n")
            return 0
        return _rounds(services, standin, end, options)
    finally:
        if isinstance(end, HttpEnd):
            end.close()
        ledger.close()


def _end_of(services: Services, link: PlatformLink, standin: StandIn, at: Path | None) -> End:
    secret = read_secret(link.secret_file)
    if link.channel == "database":
        url = make_url(link.address)
        return DatabaseEnd(standin, create_engine(url.set(password=secret) if secret else url))
    if link.channel == "folder" or (link.channel == "sftp" and at):
        folder = at or Path(link.address)
        folder.mkdir(parents=True, exist_ok=True)
        return FolderEnd(standin, folder)
    if link.channel == "http":
        where = urlsplit(link.address)
        end = HttpEnd(standin, services.clock, key=link_signer(services, link.name).verifier, appkey=secret.encode())
        end.serve(where.hostname or "127.0.0.1", where.port or 0)
        return end
    raise InvalidInput(
        Bilingual(
            "SFTP 对接由你的 SSH 服务接收文件：用 --at 指出它的目录，模拟平台在那里收取和答复",
            "over SFTP your own SSH server takes the files: name its folder with --at, the stand-in works there",
        ),
        code="simulate-channel",
    )


def _rounds(services: Services, standin: StandIn, end: End, options: argparse.Namespace) -> int:
    sys.stdout.write(f"模拟平台已启动：{options.link}（{standin.profile.id}）/ the stand-in runs; Ctrl-C ends it\n")
    sys.stdout.flush()
    wait, done, talked = threading.Event(), 0, 0
    told: datetime | None = None
    try:
        while not options.rounds or done < options.rounds:
            before = standin.seen.batches
            end.work(services.clock.now())
            if standin.seen.batches != before:
                _tell(standin)
            # the first as soon as something is held: whoever looks on waits for none
            due = told is None or (services.clock.now() - told).total_seconds() >= options.talks
            if options.talks and due and _talk(services, standin, end, talked):
                told, talked = services.clock.now(), talked + 1
            done += 1
            if options.rounds and done >= options.rounds:
                break
            wait.wait(options.every)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    _tell(standin)
    return 0


def _talk(services: Services, standin: StandIn, end: End, before: int) -> bool:
    """Hand something over about one of the records that are held, as people bring it to a platform; each kind in its turn."""
    listed = sorted(key for key, (_, status) in standin.ledger.state().items() if status == "listed")
    if not listed:
        return False
    kind, text, more = _TALK[before % len(_TALK)]
    key = standin.manners.chance.choice(listed)
    end.send(standin.message(kind, key, text, services.clock.now(), **more))
    sys.stdout.write(f"转出一件来件 / a message was handed over: {kind} {key}\n")
    sys.stdout.flush()
    return True


_TALK: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("objection", "当事人称已经履行完毕，请核查", {}),
    ("credit_repair", "信用中国（河南）已办结信用修复", {"result": "准予修复"}),
    ("registration", "登记机关名称变更", {"old": "某商贸有限公司", "new": "某实业有限公司"}),
)
"""Made-up words of what platforms pass on."""


def _tell(standin: StandIn) -> None:
    held = standin.ledger.state().values()
    listed = sum(status == "listed" for _, status in held)
    results = ", ".join(f"{name} {count}" for name, count in sorted(standin.seen.results.items()))
    habits = ", ".join(f"{name} {count}" for name, count in sorted(standin.seen.habits.items()))
    sys.stdout.write(f"在册 {listed}，已终止 {len(held) - listed} / listed, ended; {results or '-'}; {habits or '-'}\n")
    sys.stdout.flush()

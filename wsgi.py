"""The roof: which features this house has, the web application, and the ``creditsvc`` command.

Nothing heavy is imported at the top, since the subscriber's install has no web server and no database library:
commands are a table of names, and ``application`` is made when it is first asked for.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from creditsvc.feature import Feature

FEATURES = (
    "creditsvc.access.feature",
    "creditsvc.papers.feature",
    "creditsvc.tasks.feature",
    "creditsvc.register.feature",
    "creditsvc.checks.feature",
    "sync.feature",
    "sync.platform.feature",
    "repair.feature",
)
"""Each holds ``FEATURE``; order is the order of mounting."""

TABLES = (
    "creditsvc.storage.subjects",
    "creditsvc.storage.outbox",
    "creditsvc.storage.calendars",
    "creditsvc.jobs.tables",
    "creditsvc.access.tables",
    "creditsvc.tasks.tables",
    "creditsvc.papers.tables",
    "creditsvc.register.tables",
    "creditsvc.register.tables_homonyms",
    "creditsvc.register.tables_matters",
    "creditsvc.checks.tables_screening",
    "creditsvc.checks.tables_feedback",
    "sync.tables_intake",
    "sync.tables_feed",
    "sync.tables_delivery",
    "sync.platform.tables",
    "repair.tables",
    "repair.performing.tables",
    "repair.tables_people",
)
"""Every module with tables: the one MetaData is complete when these have been imported."""

COMMANDS: dict[str, tuple[str, str, str]] = {
    "trial": ("creditsvc.trial:main", "server", "带演示数据的完整服务 / the whole service with made-up data"),
    "serve": ("creditsvc.jobs.serve:main", "server", "网页、任务与数据流一并启动 / start web, jobs and feed"),
    "jobs": ("creditsvc.jobs.commands:main", "server", "定时任务：列出、运行 / recurring jobs: list, run"),
    "migrate": (
        "creditsvc.migrate_command:main",
        "server",
        "建立密钥并升级数据库 / make keys, bring the database up to date",
    ),
    "account": ("creditsvc.access.commands:main", "server", "工作人员账户 / staff accounts"),
    "demo": ("sync.demo.cli:main", "server", "生成合成名单 / write a synthetic list"),
    "import": ("sync.commands:import_file", "server", "导入法院名单 / take in a court's file"),
    "release": ("sync.commands:release_batch", "server", "由第二人发布批次 / release a batch as second person"),
    "check": ("creditsvc.checks.commands:main", "server", "核查 / check one person"),
    "calendar": (
        "creditsvc.register.calendar_commands:main",
        "server",
        "放假日历：载入、列出、检查 / calendars: load, list, check",
    ),
    "court-rules": (
        "creditsvc.register.court_rule_commands:main",
        "server",
        "各法院的规定：检查、载入、列出 / what courts have set: check, load, list",
    ),
    "rulebook": (
        "creditsvc.checks.rulebook_commands:main",
        "server",
        "措施清单：校验、改动预览、比较、导出 / the catalogue: validate, what if, compare, save",
    ),
    "screen": ("creditsvc.checks.screening_commands:main", "server", "批量核查一份名单 / screen a list"),
    "letters": ("repair.commands:letters", "server", "打印决定书查询码 / codes for decision letters"),
    "papers": ("creditsvc.papers.commands:main", "server", "文书签章证书：查看、申请、安装 / the papers' certificate"),
    "subscriber": ("sync.subscriber_commands:main", "server", "订阅单位与协议 / subscribers and agreements"),
    "keys": ("sync.key_commands:main", "server", "密钥清单、轮换、新纪元 / list of keys, rotation, a new epoch"),
    "root": ("sync.root_keys:main", "", "根密钥：离线生成与签署 / root keys, made and used offline"),
    "witness": ("sync.witness.cli:main", "", "见证人程序 / the witness's program"),
    "platform": (
        "sync.platform.commands:main",
        "server",
        "与信用平台交换：方案、对接、对账、模拟 / exchange with platforms: profiles, links, compare, simulate",
    ),
    "mirror": ("sync.mirror.cli:main", "", "维护并验证本地副本 / keep a verified local copy"),
    "conformance": (
        "sync.conformance.cli:main",
        "",
        "检验任意镜像程序 / try any client against a publisher that misbehaves",
    ),
    "verify": ("creditsvc.verify_command:main", "", "离线核验证明文件 / check a proof offline"),
}
"""Command → where it is, which extra it needs, what it does."""

OF_THE_HOUSE = frozenset({"trial", "serve", "jobs", "migrate", "check", "platform", "release"})
"""Commands that are handed the features, since they act for all of them."""
BY_VERIFIERS = frozenset({"verify"})
"""Commands that are handed the verifiers."""
BY_COMMANDS = frozenset({"trial"})
"""Commands that are handed this function too, since they work by other commands."""

VERIFIERS = ("sync.mirror.verify", "sync.mirror.sheet", "creditsvc.checks.answer_proof")
"""Modules that each check one kind of file offline: see ``creditsvc/verify_command.py``. Base install only."""


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """While modules load: all of them stay, and to look through them for rubbish is an eighth of the time that loading takes."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def features() -> Sequence[Feature]:
    """The features, loaded."""
    with _nothing_collected():
        return [import_module(name).FEATURE for name in FEATURES]


def assembled_metadata() -> MetaData:
    """The one MetaData with the tables of every feature."""
    from creditsvc.storage.base import Base

    for name in TABLES:
        import_module(name)
    return Base.metadata


def make_application() -> Any:
    """The web application for the environment's settings."""
    import os

    from creditsvc.app import create_app
    from creditsvc.services import open_services
    from creditsvc.settings import Settings

    return create_app(open_services(Settings.from_environ(os.environ)), features())


def __getattr__(name: str) -> Any:
    if name == "application":
        made = make_application()
        globals()["application"] = made
        return made
    raise AttributeError(name)


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {purpose}" for name, (_, _, purpose) in COMMANDS.items()]
    return "用法 / usage: creditsvc COMMAND …\n\n" + "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 2 for a wrong call, 1 for an error that it explains."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in {"-h", "--help"}:
        sys.stdout.write(_usage())
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        sys.stderr.write(f"没有命令 {arguments[0]!r} / no such command\n\n{_usage()}")
        return 2
    where, extra, _ = COMMANDS[arguments[0]]
    module, _, function = where.partition(":")
    try:
        with _nothing_collected():
            run = getattr(import_module(module), function)
    except ModuleNotFoundError as missing:
        if not extra or (missing.name or "").split(".")[0] in {"creditsvc", "sync", "repair", "punishment_rules"}:
            raise
        sys.stderr.write(f"缺少组件 {missing.name}：请安装 creditsvc[{extra}] / install creditsvc[{extra}]\n")
        return 1
    house: tuple[Any, ...] = (features(),) if arguments[0] in OF_THE_HOUSE else ()
    if arguments[0] in BY_VERIFIERS:
        house = ([import_module(name) for name in VERIFIERS],)
    if arguments[0] in BY_COMMANDS:
        house = (*house, main)
    return _explained(run, arguments[1:], *house)


def _explained(run: Any, arguments: Sequence[str], *house: Any) -> int:
    from creditsvc.kernel.errors import CreditServiceError

    try:
        return int(run(arguments, *house) or 0)
    except CreditServiceError as error:
        sys.stderr.write(f"{error.text.zh}\n{error.text.en}  [{error.code}]\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n已中断 / interrupted\n")
        return 130


if __name__ == "__main__":
    raise SystemExit(main())

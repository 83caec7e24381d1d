"""``creditsvc trial``: a whole service on one machine with made-up data, by the same commands that anybody would use.

Accounts get new random passwords at every start, shown once; data are kept. Nothing here is about a real person.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditsvc.access.accounts import NewAccount, create_account, set_password
from creditsvc.access.api_keys import create_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import Account
from creditsvc.feature import Feature
from creditsvc.kernel.errors import SettingError
from creditsvc.kernel.text import Bilingual
from creditsvc.register.life import OrderState, State
from creditsvc.register.tables import ConsumptionOrder, Listing
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings

Run = Callable[[Sequence[str]], int]
ROWS, SEED = "5000", "2020"
CALLER = job_caller("trial")
PLATFORM = "demo-platform"
STOP_SECONDS = 15
KEY_LIFE = timedelta(days=90)
UNIT = "演示联动单位"
ACCOUNTS = (
    NewAccount("clerk", "陈书记员", StaffRole.CLERK, court_code="豫"),
    NewAccount("judge", "林法官", StaffRole.JUDGE, court_code="豫"),
    NewAccount("president", "何院长", StaffRole.PRESIDENT, court_code="豫"),
    NewAccount("agency", "周核查员", StaffRole.AGENCY, unit=UNIT, sector="public_resource_trading"),
    NewAccount("bureau", "孙工程师", StaffRole.BUREAU_IT, unit="演示征信机构"),
    NewAccount("supervisor", "郭监督员", StaffRole.SUPERVISOR, unit="演示监督机关"),
    NewAccount("operator", "罗运维", StaffRole.OPERATOR),
)
SUBSCRIBERS = (
    ("demo-bureau", "演示征信机构", "bureau", "征信服务"),
    ("demo-agency", "演示联动单位", "agency", "政务共享"),
)


def main(argv: Sequence[str], features: Sequence[Feature], run: Run) -> int:
    """Prepare, print where to look, then serve until a signal comes."""
    parser = argparse.ArgumentParser(
        prog="creditsvc trial", description="演示：完整服务 / the whole service with made-up data"
    )
    parser.add_argument("--rows", default=ROWS, help="演示名单行数 / rows of the made-up list")
    parser.add_argument("--prepare-only", action="store_true", help="只准备，不启动 / prepare and stop")
    options = parser.parse_args(argv)
    os.environ.setdefault("CREDITSVC_DEMO", "true")
    settings = Settings.from_environ(os.environ)
    if not options.prepare_only:
        _refuse_busy(settings)
    _say("准备数据库与密钥 / preparing database and keys …")
    _quietly(run, ["migrate"])
    folder = settings.home / "trial"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    services = open_services(settings)
    try:
        passwords = _accounts(services)
        _fill(services, run, folder, options.rows)
        _subscribers(run, folder)
        _platform(run, folder)
        key = _agency_key(services, folder)
        debtor = _debtor(services, run, folder)
    finally:
        services.dispose()
    sys.stdout.write(_told(settings, folder, passwords, key, debtor))
    sys.stdout.flush()
    if options.prepare_only:
        return 0
    platform = _stand_in(folder)
    try:
        return run(["serve"])
    finally:
        platform.terminate()
        platform.wait(STOP_SECONDS)


def _platform(run: Run, folder: Path) -> None:
    """A made-up provincial platform with a front-end database of its own: the loop of receipts, refusals, objections."""
    front = folder / "platform" / "front.db"
    if front.parent.exists():
        return
    front.parent.mkdir(mode=0o700)
    _quietly(run, ["subscriber", "add", PLATFORM, "--title", "演示省信用平台", "--number", f"演示-{PLATFORM}", "--streams",
                   "platform", "--purpose", "归集", "--out", str(folder), "--sealing-key", "--as", "operator"])  # fmt: skip
    _quietly(run, ["platform", "add", PLATFORM, "--title", "演示省公共信用信息平台", "--profile", "by_subject_tables", "--channel",
                   "database", "--address", f"sqlite:///{front}", "--subscriber", PLATFORM, "--provider", "河南省高级人民法院",
                   "--provider-code", "11410000005184603L", "--as", "operator"])  # fmt: skip
    # its tables must be there before anything is sent
    _quietly(run, ["platform", "simulate", PLATFORM, "--dir", str(front.parent), "--rounds", "1"])


def _stand_in(folder: Path) -> subprocess.Popen[bytes]:
    """The stand-in platform at work beside the service: it refuses some rows and hands over what people bring to it."""
    command = [sys.executable, "-m", "wsgi", "platform", "simulate", PLATFORM, "--dir", str(folder / "platform"),
               "--habit", "refuse=0.01", "--talks", "120", "--every", "15"]  # fmt: skip
    with (folder / "platform.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command line, no shell


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _refuse_busy(settings: Settings) -> None:
    host, _, port = settings.bind.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            raise SettingError(
                Bilingual(
                    f"{settings.bind} 已被占用；请先停止占用者，或者设置 CREDITSVC_BIND 和 CREDITSVC_HOST",
                    f"{settings.bind} is in use; stop what uses it, or set CREDITSVC_BIND and CREDITSVC_HOST",
                ),
                code="port-busy",
            ) from None


def _quietly(run: Run, command: Sequence[str]) -> str:
    """Run a command; what it printed. A failure ends the trial with what the command said."""
    heard = io.StringIO()
    with redirect_stdout(heard):
        code = run(command)
    if code not in {0, 3}:
        raise SettingError(
            Bilingual(f"命令失败：{' '.join(command)}", f"command failed: {' '.join(command)}"), code="trial-failed"
        )
    return heard.getvalue()


def _accounts(services: Services) -> dict[str, str]:
    """An account for each role, with a new password each time."""
    now, cost = services.clock.now(), services.settings.argon2
    passwords = {new.username: secrets.token_urlsafe(9) for new in ACCOUNTS}
    with services.database.writing() as session:
        for new in ACCOUNTS:
            account = session.scalar(select(Account).where(Account.username == new.username))
            if account is None:
                create_account(session, new, passwords[new.username], cost=cost, caller=CALLER, now=now)
            else:
                set_password(session, account, passwords[new.username], cost=cost, caller=CALLER, now=now)
    return passwords


def _fill(services: Services, run: Run, folder: Path, rows: str) -> None:
    """The made-up list: imported by the clerk, released by the judge, applied, published."""
    with services.database.reading() as session:
        if session.scalar(select(func.count()).select_from(Listing)):
            _say("沿用已有数据 / the data of last time are kept")
            return
    file = folder / "list.csv"
    _say(f"生成 {rows} 行演示名单 / writing {rows} made-up rows …")
    _quietly(run, ["demo", "--rows", rows, "--seed", SEED, "--out", str(file)])
    _say("书记员导入 / the clerk imports it …")
    said = _quietly(run, ["import", str(file), "--as", "clerk"])
    found = re.search(r"批次 (\d+)", said)
    _say("法官发布并生效 / the judge releases it …")
    _quietly(run, ["release", found.group(1) if found else "1", "--as", "judge", "--wait"])
    _say("编号并公布 / numbering and publishing …")
    _quietly(run, ["jobs", "run", "feed-sequence"])


def _subscribers(run: Run, folder: Path) -> None:
    for name, title, stream, purpose in SUBSCRIBERS:
        if not (folder / f"{name}.key").exists():
            _quietly(
                run,
                ["subscriber", "add", name, "--title", title, "--number", f"演示-{name}", "--streams", stream, "--purpose", purpose,
                 "--out", str(folder), "--receipt-key", "--as", "operator"],
            )  # fmt: skip


def _agency_key(services: Services, folder: Path) -> str:
    """An agency's key for checks, kept between starts."""
    path = folder / "agency-check.key"
    if path.exists():
        return path.read_text("utf-8").strip()
    now = services.clock.now()
    with services.database.writing() as session:
        _, text = create_api_key(session, unit=UNIT, sector="public_resource_trading",
                                 permissions=[Permission.CHECK_ASK, Permission.SCREEN_RUN],
                                 expires_at=now + KEY_LIFE, caller=CALLER, now=now)  # fmt: skip
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return text


def _debtor(services: Services, run: Run, folder: Path) -> dict[str, str]:
    """A made-up person with a listing without a term and a consumption order, and a fresh code for the portal."""
    with services.database.reading() as session:
        entry = _suitable(session)
    if entry is None:
        return {}
    path = folder / "letters.csv"
    path.unlink(missing_ok=True)
    _quietly(run, ["letters", "--entry", entry, "--out", str(path)])
    header, line = path.read_text("utf-8-sig").splitlines()[:2]
    return dict(zip(header.split(","), line.split(","), strict=True))


def _suitable(session: Session) -> str | None:
    query = (
        select(Listing.entry, Listing.grounds)
        .join(ConsumptionOrder, (ConsumptionOrder.subject_id == Listing.subject_id) & (ConsumptionOrder.case_number == Listing.case_number))
        .where(Listing.debtor_kind == "person", Listing.state == State.ACTIVE.value, Listing.until.is_(None),
               ConsumptionOrder.state == OrderState.ORDERED.value)
        .order_by(Listing.id).limit(200)
    )  # fmt: skip
    return next((entry for entry, grounds in session.execute(query) if grounds == ["able_but_refuses"]), None)


def _told(settings: Settings, folder: Path, passwords: dict[str, str], key: str, debtor: dict[str, str]) -> str:
    base = f"http://{settings.host}"
    roles = {new.username: new.role.label for new in ACCOUNTS}
    lines = [
        "",
        "================ 演示服务 / trial service ================",
        f"首页 / front page        {base}/",
        f"法院工作台 / court desk  {base}/desk/          （登录 / sign in: {base}/sign-in）",
        f"联动核查 / agency        {base}/agency/",
        f"当事人 / debtor          {base}/portal/",
        f"接口文档 / API           {base}/docs   {base}/openapi.json",
        "",
        "账户（密码只显示这一次）/ accounts, passwords shown this once:",
        *(f"  {name:<11}{password:<16}{roles[name].zh} / {roles[name].en}" for name, password in passwords.items()),
    ]
    if debtor:
        lines += [
            "",
            "一名虚构的被执行人，可登录门户 / a made-up debtor for the portal:",
            f"  证件号码 / number  {debtor['number']}",
            f"  姓名 / name        {debtor['name']}",
            f"  查询码 / code      {debtor['code']}",
            f"  记录 / entry       {debtor['entry']}",
        ]
    question = {
        "number": debtor.get("number", ""),
        "name": debtor.get("name", ""),
        "sector": "transport",
        "act": "fly",
        "purpose": "演示",
        "matter": "演示-1",
    }
    lines += [
        "",
        f"联动单位接口密钥 / agency's API key   {key}",
        f"征信机构接口密钥 / bureau's API key   {(folder / 'demo-bureau.key').read_text('utf-8').strip()}",
        "",
        "按接口核查 / a check by API:",
        f"  curl -s {base}/v1/checks -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\",
        f"    -d '{json.dumps(question, ensure_ascii=False)}'",
        "",
        "启动本地副本 / start a mirror:",
        f"  {Path(sys.argv[0]).parent / 'creditsvc'} mirror {base} --stream bureau --dir {settings.home / 'mirror'} \\",
        f"    --key-file {folder / 'demo-bureau.key'} --trust {folder / 'demo-bureau.trust'} \\",
        f"    --token-key {folder / 'demo-bureau.token'} --subscriber demo-bureau \\",
        f"    --signing-key {folder / 'demo-bureau.signing'} --follow",
        "",
        "演示省信用平台已在旁边运行：收取、退回个别行、转来异议和修复结果 / a made-up provincial platform runs beside it:",
        f"对接与对账 / links          {base}/desk/platform/           （operator）",
        f"退回的行 / refused rows     {base}/desk/platform/refusals   （operator, clerk）",
        f"平台来件 / from platforms   {base}/desk/platform/messages   （clerk, judge）",
        f"逾期清单 / who is late      {base}/oversight/platform/      （supervisor）",
        f"它说了什么 / what it says   {folder / 'platform.log'}",
        "",
        "按 Ctrl-C 停止；再次运行保留数据；删除 var/ 可重来 / Ctrl-C stops; the data stay; remove var/ to begin anew.",
        "===========================================================",
        "",
    ]
    return "\n".join(lines)

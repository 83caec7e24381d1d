"""``creditsvc account …``: staff accounts and API keys, for whoever owns the machine."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditsvc.access.accounts import NewAccount, account_named, create_account, disable, set_password
from creditsvc.access.api_keys import create_api_key, revoke_api_key
from creditsvc.access.callers import job_caller
from creditsvc.access.permissions import KEY_PERMISSIONS, Permission, StaffRole
from creditsvc.access.tables import Account, ApiKey
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings

OPERATOR = job_caller("command-line")


def main(argv: Sequence[str]) -> int:
    """Run one subcommand on the installation that the environment names."""
    arguments = _parser().parse_args(list(argv))
    services = open_services(Settings.from_environ(os.environ))
    try:
        sys.stdout.write(run(arguments, services))
    finally:
        services.dispose()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="creditsvc account", description="账户与密钥 / accounts and keys")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="新建账户 / new account")
    add.add_argument("username")
    add.add_argument("--name", required=True, help="姓名 / name of the person")
    add.add_argument("--role", required=True, choices=[role.value for role in StaffRole])
    add.add_argument(
        "--person", default="", help="同一人的两个账户用同一个值 / the same for two accounts of one person"
    )
    add.add_argument("--court", help="法院代码 / court code")
    add.add_argument("--unit", help="单位名称 / unit")
    add.add_argument("--sector", help="行业 / sector")
    add.add_argument("--division", help="法院内的部门，如执行实施庭 / division within a court")
    _password_options(add)
    password = commands.add_parser("password", help="重设密码 / set a password anew")
    password.add_argument("username")
    _password_options(password)
    commands.add_parser("disable", help="停用账户 / close an account").add_argument("username")
    commands.add_parser("list", help="列出账户 / list accounts")
    key = commands.add_parser("key-add", help="新建密钥 / new API key")
    key.add_argument("--unit", required=True)
    key.add_argument("--subscriber", help="订阅单位代码 / subscriber code")
    key.add_argument("--sector")
    key.add_argument("--may", action="append", required=True, choices=sorted(p.value for p in KEY_PERMISSIONS))
    key.add_argument("--days", type=int, default=180, help="有效天数，最多 400 / days of life, 400 at most")
    commands.add_parser("key-revoke", help="吊销密钥 / revoke a key").add_argument("key", type=int)
    commands.add_parser("key-list", help="列出密钥 / list keys")
    return parser


def _password_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-stdin", action="store_true", help="从标准输入读密码 / read it from standard input")
    parser.add_argument(
        "--generate", action="store_true", help="生成初始密码，首次登录须修改 / make one that must be changed"
    )


def _password(arguments: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it must be changed at the first sign-in."""
    if arguments.generate:
        return secrets.token_urlsafe(12), True
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    first, again = getpass.getpass("密码 / password: "), getpass.getpass("再次输入 / again: ")
    if first != again:
        raise InvalidInput(Bilingual("两次输入的密码不一致", "the two passwords differ"), code="password-differs")
    return first, False


def run(arguments: argparse.Namespace, services: Services) -> str:
    """Do it in one transaction; what to tell."""
    with services.database.writing() as session:
        return {
            "add": _add,
            "password": _set_password,
            "disable": _disable,
            "list": _list,
            "key-add": _key_add,
            "key-revoke": _key_revoke,
            "key-list": _key_list,
        }[arguments.command](session, arguments, services)


def _add(session: Session, arguments: argparse.Namespace, services: Services) -> str:
    password, must_change = _password(arguments)
    role = StaffRole(arguments.role)
    new = NewAccount(
        username=arguments.username,
        name=arguments.name,
        role=role,
        person=arguments.person,
        court_code=arguments.court,
        unit=arguments.unit,
        sector=arguments.sector,
        division=arguments.division,
        must_change=must_change,
    )
    account = create_account(
        session, new, password, cost=services.settings.argon2, caller=OPERATOR, now=services.clock.now()
    )
    shown = f"\n初始密码 / first password: {password}" if must_change else ""
    return f"已建立 / created: {account.username} · {role.label.zh} / {role.label.en}{shown}\n"


def _set_password(session: Session, arguments: argparse.Namespace, services: Services) -> str:
    password, must_change = _password(arguments)
    account = account_named(session, arguments.username)
    set_password(session, account, password, cost=services.settings.argon2, caller=OPERATOR, now=services.clock.now())
    account.must_change = must_change
    shown = f"\n初始密码 / first password: {password}" if must_change else ""
    return f"密码已重设，该账户的登录已全部结束 / password set, every session ended: {account.username}{shown}\n"


def _disable(session: Session, arguments: argparse.Namespace, services: Services) -> str:
    account = account_named(session, arguments.username)
    disable(session, account, caller=OPERATOR, now=services.clock.now())
    return f"已停用 / closed: {account.username}\n"


def _list(session: Session, _arguments: argparse.Namespace, _services: Services) -> str:
    rows = session.scalars(select(Account).order_by(Account.username)).all()
    lines = [
        f"{row.username}\t{row.role}\t{row.name}\t{row.court_code or row.unit or '-'}\t"
        f"{'closed' if row.disabled_at else 'open'}"
        for row in rows
    ]
    return "\n".join(lines or ["没有账户 / no accounts"]) + "\n"


def _key_add(session: Session, arguments: argparse.Namespace, services: Services) -> str:
    now = services.clock.now()
    key, clear = create_api_key(
        session,
        unit=arguments.unit,
        subscriber=arguments.subscriber,
        sector=arguments.sector,
        permissions=[Permission(each) for each in arguments.may],
        expires_at=now + timedelta(days=arguments.days),
        caller=OPERATOR,
        now=now,
    )
    return f"密钥 {key.id}，只显示这一次 / key {key.id}, shown this once:\n{clear}\n"


def _key_revoke(session: Session, arguments: argparse.Namespace, services: Services) -> str:
    revoke_api_key(session, arguments.key, caller=OPERATOR, now=services.clock.now())
    return f"已吊销 / revoked: {arguments.key}\n"


def _key_list(session: Session, _arguments: argparse.Namespace, _services: Services) -> str:
    rows = session.scalars(select(ApiKey).order_by(ApiKey.id)).all()
    lines = [
        f"{row.id}\t{row.unit}\t{row.subscriber or '-'}\t{','.join(row.permissions)}\t"
        f"{'revoked' if row.revoked_at else legal_day(row.expires_at).isoformat()}"
        for row in rows
    ]
    return "\n".join(lines or ["没有密钥 / no keys"]) + "\n"

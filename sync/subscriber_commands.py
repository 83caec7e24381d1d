"""``creditsvc subscriber``: subscribers, agreements, keys by command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from creditsvc.access.accounts import staff_caller
from creditsvc.access.api_keys import revoke_api_key
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import Conflict, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from sync.agreements import Terms, renew, set_slips
from sync.key_lists import key_list_note
from sync.mirror.files import sealing_key, signing_key
from sync.pull_networks import set_pull_ranges
from sync.push_keys import push_keys
from sync.push_settings import PushPlace, set_push
from sync.slip_answers import token_key
from sync.subscribers import (
    NewSubscriber,
    add_subscriber,
    agreements_of,
    end_subscriber,
    keys_of,
    lags,
    new_key,
    register_verifier,
    subscriber_named,
)
from sync.wire.encoding import b64url
from sync.wire.notes import Signer
from sync.wire.origins import STREAMS

KEY_LIFE = timedelta(days=365)


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        prog="creditsvc subscriber", description="订阅单位与协议 / subscribers and their agreements"
    )
    actions = made.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="登记单位、协议和密钥 / register a unit, its agreement and a key")
    add.add_argument("name", help="英文短名，用于回执 / short name, used in receipts")
    add.add_argument("--title", required=True, help="单位全称 / full name")
    add.add_argument("--number", required=True, help="协议编号 / number of the agreement")
    add.add_argument("--streams", required=True, help=f"逗号分隔 / comma-separated: {', '.join(STREAMS)}")
    add.add_argument("--purpose", required=True, help="使用目的 / purpose")
    add.add_argument("--days", type=int, default=365, help="协议天数 / days that the agreement lasts")
    add.add_argument("--out", type=Path, required=True, help="写入密钥文件的文件夹 / folder for the key files (0700)")
    add.add_argument(
        "--receipt-key", action="store_true", help="同时生成并登记回执密钥 / also make and register a receipt key"
    )
    add.add_argument(
        "--sealing-key", action="store_true",
        help="协议给出证件号码：同时生成接收密钥 / the agreement gives numbers: also make the key that they are sealed for",
    )  # fmt: skip
    actions.add_parser("list", help="列出单位与进度 / list units and how far they are")
    key = actions.add_parser("key", help="签发新密钥 / issue another key")
    key.add_argument("name")
    key.add_argument("--out", type=Path, required=True)
    verifier = actions.add_parser("register-key", help="登记或更换回执公钥 / register or replace a receipt key")
    verifier.add_argument("name")
    verifier.add_argument("verifier")
    revoke = actions.add_parser("revoke", help="吊销一个接口密钥 / revoke an API key")
    revoke.add_argument("key", type=int, help="密钥编号：csk_<编号>_… / the number in csk_<number>_…")
    end = actions.add_parser("end", help="终止单位的协议 / end a unit's agreements")
    end.add_argument("name")
    end.add_argument("--at-once", action="store_true", help="密钥已泄露：立即吊销 / a key was lost: revoke them now")
    push = actions.add_parser("push", help="设置唤醒地址，不给地址即取消 / where it is woken; without --url not at all")
    push.add_argument("name")
    push.add_argument("--url", default="", help="https 地址 / its address")
    push.add_argument("--host", action="append", default=[], help="协议允许的主机名 / a name that the agreement allows")
    push.add_argument("--range", action="append", default=[], help="协议允许的网段 / a network that it allows, CIDR")
    networks = actions.add_parser(
        "networks", help="限定拉取的来源网段，不给即不限 / from where it may pull; without --range from anywhere"
    )
    networks.add_argument("name")
    networks.add_argument("--range", action="append", default=[], help="允许的来源网段 / a network, CIDR")
    renewal = actions.add_parser("renew", help="续签协议 / another agreement, from today on")
    renewal.add_argument("name")
    renewal.add_argument("--number", required=True, help="新协议编号 / number of the new agreement")
    renewal.add_argument("--streams", help="逗号分隔，默认不变 / comma-separated; the same if left out")
    renewal.add_argument("--purpose", help="使用目的，默认不变 / purpose; the same if left out")
    renewal.add_argument("--days", type=int, default=365, help="协议天数 / days that the agreement lasts")
    slips = actions.add_parser("slips", help="身份信函：密封给接收公钥，或者令牌 / sealed for a key, or tokens")
    slips.add_argument("name")
    how = slips.add_mutually_exclusive_group(required=True)
    how.add_argument("--sealed", metavar="KEY", help="接收公钥 / the public key that the mirror printed")
    how.add_argument("--tokens", action="store_true", help="改用令牌 / tokens")
    for action in (add, key, verifier, revoke, end, push, networks, renewal, slips):
        action.add_argument("--as", dest="username", required=True, help="经办账户 / whose account acts")
    return made


def main(argv: Sequence[str]) -> int:
    """Run one action."""
    options = parser().parse_args(argv)
    services = open_services(Settings.from_environ(os.environ))
    try:
        return ACTIONS[options.action](services, options)
    finally:
        services.dispose()


def _add(services: Services, options: argparse.Namespace) -> int:
    now = services.clock.now()
    streams = tuple(part.strip() for part in options.streams.split(",") if part.strip())
    recipient = None
    if options.sealing_key:
        options.out.mkdir(parents=True, exist_ok=True, mode=0o700)
        recipient = sealing_key(options.out / f"{options.name}.sealing")[0].public_key().public_bytes_raw()
    new = NewSubscriber(
        name=options.name, title=options.title, number=options.number, streams=streams, purpose=options.purpose,
        valid_until=legal_day(now) + timedelta(days=max(1, options.days)), slip_mode="number" if recipient else "token",
        recipient=recipient,
    )  # fmt: skip
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = add_subscriber(session, new, caller=caller, now=now)
        text = new_key(session, subscriber, expires_at=now + KEY_LIFE, caller=caller, now=now)
        trust = key_list_note(session)
        if options.receipt_key:
            options.out.mkdir(parents=True, exist_ok=True, mode=0o700)
            private, _ = signing_key(options.out / f"{options.name}.signing")
            verifier = Signer(options.name, private).verifier.text
            register_verifier(session, subscriber, verifier, caller=caller, now=now, replace=True)
    shared = b64url(token_key(services.keyring, options.name))
    _keep(
        options.out,
        {f"{options.name}.key": text + "\n", f"{options.name}.token": shared + "\n", f"{options.name}.trust": trust},
    )
    first = streams[0]
    sys.stdout.write(
        f"已登记 {options.name} / registered. 请经安全渠道交付 {options.out} 中的三个文件 / hand over the three files by a safe channel:\n"
        f"  {options.name}.key    接口密钥 / API key\n"
        f"  {options.name}.token  身份令牌密钥 / key of identity tokens\n"
        f"  {options.name}.trust  首份密钥清单 / first list of keys\n"
        f"启动副本 / start a mirror: creditsvc mirror http://{services.settings.host} --stream {first} --dir DIR "
        f"--key-file {options.out / (options.name + '.key')} --trust {options.out / (options.name + '.trust')}\n"
    )
    return 0


def _key(services: Services, options: argparse.Namespace) -> int:
    now = services.clock.now()
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = subscriber_named(session, options.name)
        text = new_key(session, subscriber, expires_at=now + KEY_LIFE, caller=caller, now=now)
        number = keys_of(session, subscriber)[0].id
    _keep(options.out, {f"{options.name}.key": text + "\n"})
    sys.stdout.write(f"新密钥编号 {number}，写入 {options.out / (options.name + '.key')} / new key {number} written\n")
    return 0


def _keep(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in files.items():
        path = folder / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise Conflict(Bilingual(f"文件已存在：{path}", f"the file exists: {path}"), code="file-exists") from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


def _list(services: Services, _options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        for lag in lags(session):
            applied = lag.progress.applied if lag.progress else 0
            key = "已登记公钥 / key registered" if lag.subscriber.verifier else "未登记公钥 / no key"
            sys.stdout.write(
                f"{lag.subscriber.name}\t{lag.stream}\t{applied}/{lag.size}\t{key}\t{lag.agreement.valid_until}\n"
            )
    return 0


def _register(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = subscriber_named(session, options.name)
        register_verifier(session, subscriber, options.verifier, caller=caller, now=services.clock.now(), replace=True)
    sys.stdout.write(f"{options.name} 的回执公钥已登记 / receipt key registered\n")
    return 0


def _revoke(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        revoke_api_key(session, options.key, caller=caller, now=services.clock.now())
    sys.stdout.write(f"密钥 {options.key} 已吊销 / revoked\n")
    return 0


def _end(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        end_subscriber(session, subscriber_named(session, options.name), caller=caller, now=services.clock.now(),
                       at_once=options.at_once)  # fmt: skip
    sys.stdout.write(f"{options.name} 的协议已终止，待清空证明 / ended; proof that the copy is empty is owed\n")
    return 0


def _push(services: Services, options: argparse.Namespace) -> int:
    place = PushPlace(options.url, tuple(options.host), tuple(options.range))
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = subscriber_named(session, options.name)
        agreements = agreements_of(session, subscriber)
        if not agreements:
            raise NotFound(Bilingual("该单位没有协议", "this unit has no agreement"), code="agreement-unknown")
        set_push(session, services.settings, subscriber, agreements[0], place, caller=caller, now=services.clock.now())
        public = push_keys(session, services.keyring, services.clock.now()).public
    sys.stdout.write(f"签名公钥 / its signatures are checked by {public}\n")
    return 0


def _networks(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = subscriber_named(session, options.name)
        ranges = set_pull_ranges(session, subscriber, options.range, caller=caller, now=services.clock.now())
    said = " ".join(ranges) or "任何地址 / anywhere"
    sys.stdout.write(f"{options.name} 的密钥可用于 / its keys are good from: {said}\n")
    return 0


def _renew(services: Services, options: argparse.Namespace) -> int:
    now = services.clock.now()
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = subscriber_named(session, options.name)
        before = agreements_of(session, subscriber)
        streams = tuple(part.strip() for part in (options.streams or "").split(",") if part.strip())
        terms = Terms(
            number=options.number, streams=streams or tuple(before[0].streams),
            purpose=before[0].purpose if options.purpose is None else options.purpose,
            valid_until=legal_day(now) + timedelta(days=max(1, options.days)),
        )  # fmt: skip
        made = renew(session, subscriber, terms, caller=caller, now=now)
    sys.stdout.write(f"{options.name}: {made.number}, {made.valid_from} – {made.valid_until}\n")
    return 0


def _slips(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        subscriber = subscriber_named(session, options.name)
        mode = set_slips(session, subscriber, options.sealed or "", caller=caller, now=services.clock.now())
    said = "密封的号码 / sealed numbers" if mode == "number" else "令牌 / tokens"
    sys.stdout.write(f"{options.name} 的身份信函 / its slips: {said}\n")
    return 0


ACTIONS: dict[str, Callable[[Services, argparse.Namespace], int]] = {
    "add": _add,
    "list": _list,
    "key": _key,
    "register-key": _register,
    "revoke": _revoke,
    "end": _end,
    "push": _push,
    "networks": _networks,
    "renew": _renew,
    "slips": _slips,
}

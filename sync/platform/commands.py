"""``creditsvc platform``: profiles, links, sending and comparing by hand, the stand-in."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from creditsvc.access.accounts import staff_caller
from creditsvc.feature import Feature, furnished
from creditsvc.kernel.days import legal_day
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from sync.platform.alarms import ALARMS, open_alarms
from sync.platform.channels.open import CHANNELS, SCHEMES, link_signer, open_channel
from sync.platform.exchange import JOB, fetch_link
from sync.platform.late import all_late
from sync.platform.links import NewLink, add_link, end_link, link_named, live_links, pause, profile_folder, profile_of
from sync.platform.reconcile import reconcile
from sync.platform.send import Sender
from sync.platform.shape.load import load_profile, profile_named, shipped
from sync.platform.standin.simulate import add_simulate, simulate
from sync.platform.trial import try_profile


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(prog="creditsvc platform", description="与信用平台交换 / exchange with a platform")
    actions = made.add_subparsers(dest="action", required=True)
    actions.add_parser("profiles", help="列出交换方案 / list the profiles")
    attempt = actions.add_parser("try", help="看看会发送什么并校验 / show what would be sent, and validate it")
    attempt.add_argument("profile", help="方案名或 TOML 文件 / a profile's name or TOML file")
    attempt.add_argument(
        "--limit", type=int, help="只核对最新的多少条；默认全部 / only so many, the newest; default: all"
    )
    attempt.add_argument("--link", help="并核对这个对接的另一端 / also check this link's other end")
    _add_link_words(actions.add_parser("add", help="登记一个对接 / add a link"))
    actions.add_parser("list", help="列出对接、进度与告警 / list links, how far they are, alarms")
    for name, text in {"send": "立即发送 / send now", "fetch": "立即取回执与来件 / fetch receipts and messages now",
                       "compare": "立即对账 / compare now", "key": "本方签名公钥 / the public key of our signatures"}.items():  # fmt: skip
        one = actions.add_parser(name, help=text)
        one.add_argument("link")
        if name == "compare":
            one.add_argument("--strict", action="store_true", help="刚发出的也计入 / count what just went out too")
    for name, text in {"pause": "暂停新增与更正 / let additions and corrections wait", "resume": "恢复 / go on",
                       "end": "终止对接 / end the exchange"}.items():  # fmt: skip
        one = actions.add_parser(name, help=text)
        one.add_argument("link")
        one.add_argument("--as", dest="username", required=True, help="经办账户 / whose account acts")
    actions.add_parser("late", help="逾期清单 / who is late")
    add_simulate(actions)
    return made


def _add_link_words(add: argparse.ArgumentParser) -> None:
    add.add_argument("name", help="英文短名 / short name")
    add.add_argument("--title", required=True, help="平台全称 / the platform's full name")
    add.add_argument("--profile", required=True)
    add.add_argument("--channel", required=True, choices=CHANNELS)
    add.add_argument("--address", required=True, help="地址，不含口令 / address, without a password")
    add.add_argument("--secret-file", default="", help="口令或密钥文件（0600）/ file with the password or key")
    add.add_argument("--subscriber", required=True, help="依哪个订阅单位的协议 / under whose agreement")
    add.add_argument("--provider", required=True, help="数据提供单位 / who provides the data")
    add.add_argument("--provider-code", required=True, help="统一社会信用代码 / its unit code")
    add.add_argument("--scheme", choices=SCHEMES, default="ours", help="HTTP 签名方式 / how HTTP requests are signed")
    add.add_argument("--rid", default="", help="请求方标识 / the requester's name (national)")
    add.add_argument("--sid", default="", help="服务标识 / the service's name (national)")
    add.add_argument("--fingerprint", default="", help="SFTP 主机密钥指纹 / fingerprint of the SFTP host's key")
    add.add_argument("--as", dest="username", required=True, help="经办账户 / whose account acts")


def main(argv: Sequence[str], features: Sequence[Feature] = ()) -> int:
    """Run one action."""
    options = parser().parse_args(argv)
    services = furnished(open_services(Settings.from_environ(os.environ)), features)
    try:
        return ACTIONS[options.action](services, options)
    finally:
        services.dispose()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _profiles(services: Services, _options: argparse.Namespace) -> int:
    own = sorted(profile_folder(services).glob("*.toml")) if profile_folder(services).is_dir() else []
    for profile in [*shipped().values(), *(load_profile(path) for path in own)]:
        _say(f"{profile.id}\t{profile.layout.value}\t{profile.title.zh} / {profile.title.en}")
    return 0


def _try(services: Services, options: argparse.Namespace) -> int:
    path = Path(options.profile)
    profile = load_profile(path) if path.suffix == ".toml" else profile_named(options.profile, profile_folder(services))
    name = options.link or "try"
    limit = None if options.limit is None else max(1, options.limit)
    trial = try_profile(services, profile, link_signer(services, name), services.clock.now(), limit=limit)
    _say("栏目、要求（* 有效记录必填）、← 字段、值 / column, what it takes (* required while in force), ← field, value")
    for shown in trial.shown:
        _say(f"── {shown.operation} {shown.key}")
        width, wide = (max(map(len, texts)) for texts in zip(*((c.column, c.what) for c in shown.cells), strict=True))
        for cell in shown.cells:
            _say(f"  {cell.column.ljust(width)}  {cell.what.ljust(wide)}  ← {cell.source:<22} {cell.value}".rstrip())
    if trial.made_up:
        _say("没有在册记录，以上为虚构样例 / no entry is in force: a made-up sample")
    else:
        done = trial.rows + trial.refused
        _say(f"在册 {trial.all} 条，核对 {done} 条：{trial.rows} 条可发送，{trial.refused} 条不可 / "
             f"{trial.all} entries in force, {done} checked: {trial.rows} can be sent, {trial.refused} can not")  # fmt: skip
    for (column, problem), count in sorted(trial.faults.items()):
        _say(f"  {column}: {problem}  × {count}")
    if options.link:
        with services.database.reading() as session:
            link = link_named(session, options.link)
        channel = open_channel(services, link, profile)
        try:
            channel.check()
        finally:
            channel.close()
        _say("另一端可用，结构相符 / the other end can be used and is as the profile says")
    return 0 if not trial.refused else 3


def _add(services: Services, options: argparse.Namespace) -> int:
    words = {"scheme": options.scheme, "rid": options.rid, "sid": options.sid, "fingerprint": options.fingerprint}
    new = NewLink(
        name=options.name, title=options.title, profile=options.profile, channel=options.channel, address=options.address,
        provider=options.provider, provider_code=options.provider_code, subscriber=options.subscriber,
        secret_file=options.secret_file, options={name: value for name, value in words.items() if value},
    )  # fmt: skip
    with services.database.writing() as session:
        add_link(session, services, new, caller=staff_caller(session, options.username), now=services.clock.now())
    _say(f"已登记 {options.name} / added. 请把签名公钥交给对方 / hand this public key over:")
    _say(link_signer(services, options.name).verifier.text)
    return 0


def _list(services: Services, _options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        for link in live_links(session):
            state = "暂停 / paused" if link.paused_at else "运行 / running"
            reached = min(link.removals_cursor, link.corrections_cursor, link.additions_cursor)
            _say(
                f"{link.name}\t{link.title}\t{link.profile}\t{link.channel}\t{state}\t批次 / batch {link.serial}\t→ {reached}"
            )
            for alarm in open_alarms(session, link.id):
                name = ALARMS[alarm.code].name
                _say(f"  ! {alarm.code}\t{name.zh} / {name.en}\t× {alarm.times}\t{alarm.detail}")
    return 0


def _send(services: Services, options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        link = link_named(session, options.link)
    sent = Sender(services, link.id, secrets.token_hex(8)).run()
    if sent.busy:
        _say("另一进程正在发送 / another process is sending")
        return 3
    _say(f"发出 {sent.rows} 行，{sent.batches} 批，其中撤回 {sent.ends} / sent rows, batches, ends")
    if sent.trouble:
        alarm = ALARMS[sent.trouble]
        _say(f"! {sent.trouble}: {alarm.name.zh}。{alarm.advice.zh} / {alarm.name.en}: {alarm.advice.en}")
    return 1 if sent.trouble else 0


def _fetch(services: Services, options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        link = link_named(session, options.link)
    _say(f"取回 {fetch_link(services, link)} 行 / rows came")
    return 0


def _compare(services: Services, options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        link = link_named(session, options.link)
    profile = profile_of(services, link)
    channel = open_channel(services, link, profile)
    try:
        made = reconcile(services, link, profile, channel, caller=JOB, strict=options.strict)
    finally:
        channel.close()
    if made is None:
        _say("对方尚未给出存量 / the platform has not said what it holds")
        return 3
    _say(f"对账 {made.id}：差异 {made.differences}，在途 {made.waiting} / differences, on their way: {made.state}")
    return 0 if not made.differences else 3


def _key(services: Services, options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        link_named(session, options.link)
    _say(link_signer(services, options.link).verifier.text)
    return 0


def _pause(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        link = link_named(session, options.link)
        pause(session, link, paused=options.action == "pause", caller=caller, now=services.clock.now())
    return 0


def _end(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        end_link(session, link_named(session, options.link), caller=caller, now=services.clock.now())
    return 0


def _late(services: Services, _options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        found = all_late(session, legal_day(services.clock.now()))
    for late in found:
        _say(
            f"{late.due_on}\t{late.name}\t{late.what.zh} / {late.what.en}\t{late.rows}\t{late.reference}\t{late.clause.zh}"
        )
    return 3 if found else 0


ACTIONS: dict[str, Callable[[Services, argparse.Namespace], int]] = {
    "profiles": _profiles, "try": _try, "add": _add, "list": _list, "send": _send, "fetch": _fetch, "compare": _compare,
    "key": _key, "pause": _pause, "resume": _pause, "end": _end, "late": _late, "simulate": simulate,
}  # fmt: skip

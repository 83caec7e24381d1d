"""``creditsvc keys``: the list of keys, a stream's rotation, a new epoch. Root keys sign offline, by ``creditsvc root``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import select

from creditsvc.access.accounts import staff_caller
from creditsvc.kernel.days import legal_day
from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from sync.epochs import open_epoch
from sync.key_lists import draft, newest_list, publish_list
from sync.push_keys import rotate_push_key
from sync.root_keys import open_roots, signed_by
from sync.tables_feed import FeedStream, FeedWitness
from sync.wire.errors import FormatInvalid
from sync.wire.keys import DatedKey, KeyList
from sync.wire.notes import VerifierKey, parse_verifier_key
from sync.wire.origins import STREAMS
from sync.witnessing import witness_keys

SOON_DAYS = 60


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        prog="creditsvc keys", description="密钥清单、轮换、新纪元 / the list of keys, rotation, a new epoch"
    )
    actions = made.add_subparsers(dest="action", required=True)
    actions.add_parser("status", help="现行清单与期限 / the list in force and how long")
    drafts = actions.add_parser("draft", help="起草下一份清单 / draft the next list")
    drafts.add_argument(
        "--rotate", action="append", default=[], choices=STREAMS, help="为数据流换密钥 / a new key for a stream"
    )
    drafts.add_argument(
        "--new-epoch", action="store_true", help="宣告所有数据流的新纪元 / announce a new epoch of every stream"
    )
    drafts.add_argument(
        "--witnesses", action="store_true", help="改用当前设置的见证人 / take the witnesses that are set now"
    )
    drafts.add_argument("--roots", nargs=3, metavar="KEY", help="新的三把根公钥 / the new three roots' public keys")
    drafts.add_argument(
        "--out", type=Path, required=True, help="草稿文件，交根密钥持有人签署 / file to be signed by the roots"
    )
    publishes = actions.add_parser("publish", help="启用已签署的清单 / put a signed list in force")
    publishes.add_argument("note", type=Path)
    rotate = actions.add_parser("rotate", help="根密钥在本机时一步轮换 / rotate in one step where the roots lie here")
    rotate.add_argument("stream", choices=STREAMS)
    push = actions.add_parser(
        "push", help="更换唤醒签名密钥，七日内两把并用 / a new key for pushes; both sign for seven days"
    )
    epoch = actions.add_parser("epoch", help="开启已宣告的新纪元 / open the epoch that the list announces")
    epoch.add_argument("--reason", required=True, help="原因，例如 恢复备份 / why, e.g. a backup was restored")
    for action in (publishes, rotate, push, epoch):
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


def _status(services: Services, options: argparse.Namespace) -> int:
    del options
    today = legal_day(services.clock.now())
    with services.database.reading() as session:
        keys = newest_list(session)
        if keys is None:
            raise NotFound(Bilingual("还没有密钥清单", "no list of keys yet"), code="keys-missing")
        sys.stdout.write(f"第 {keys.version} 版 / version {keys.version}, {keys.host}\n")
        for word, dated in _lines(keys):
            left = (dated.last_day - today).days
            note = "  !! 已过期 / over" if left < 0 else f"  ! {left} 天后到期 / days left" if left <= SOON_DAYS else ""
            sys.stdout.write(
                f"  {word.ljust(12)} {dated.first_day} – {dated.last_day}  {dated.key.name}+{dated.key.key_id.hex()}{note}\n"
            )
        for row in session.scalars(select(FeedStream).order_by(FeedStream.stream)):
            state = f"已停签 / halted: {row.halted}" if row.halted else "正常 / in order"
            sys.stdout.write(f"  {row.stream}/{row.epoch}: {row.size}, {state}\n")
        for seen in session.scalars(select(FeedWitness).order_by(FeedWitness.name, FeedWitness.stream)):
            sys.stdout.write(
                f"  {seen.name} {seen.stream}/{seen.epoch}: {seen.size}{' ! ' + seen.problem if seen.problem else ''}\n"
            )
    return 0


def _lines(keys: KeyList) -> list[tuple[str, DatedKey]]:
    lines = [("root", root) for root in keys.roots]
    lines += [(f"{key.stream}/{key.epoch}", key.dated) for key in keys.streams]
    return lines + [("witness", witness) for witness in keys.witnesses]


def _draft(services: Services, options: argparse.Namespace) -> int:
    witnesses = witness_keys(services.settings) if options.witnesses else None
    roots = [_verifier(text) for text in options.roots] if options.roots else None
    with services.database.reading() as session:
        keys = draft(session, services, services.clock.now(), rotate=options.rotate, new_epoch=options.new_epoch,
                     witnesses=witnesses, roots=roots)  # fmt: skip
    options.out.write_text(keys.text, "utf-8")
    sys.stdout.write(
        f"第 {keys.version} 版草稿写入 {options.out} / draft written. 由两位根密钥持有人先后签署 / two roots sign in turn:\n"
        f"  creditsvc root sign {options.out} --key root-1.key\n"
        f"  creditsvc keys publish {options.out} --as …\n"
    )
    return 0


def _verifier(text: str) -> VerifierKey:
    try:
        return parse_verifier_key(text)
    except FormatInvalid:
        raise InvalidInput(
            Bilingual(f"不是公钥：{text}", f"not a verifier key: {text}"), code="verifier-shape"
        ) from None


def _publish(services: Services, options: argparse.Namespace) -> int:
    if not options.note.is_file():
        raise NotFound(Bilingual(f"没有文件 {options.note.name}", f"no file {options.note.name}"), code="file-missing")
    return _in_force(services, options.note.read_text("utf-8"), options.username)


def _in_force(services: Services, note: str, username: str) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, username)
        keys = publish_list(session, services, note, caller=caller, now=services.clock.now())
    sys.stdout.write(f"第 {keys.version} 版已启用 / version {keys.version} is in force\n")
    return 0


def _rotate(services: Services, options: argparse.Namespace) -> int:
    roots = open_roots(services.settings.keys / "offline", services.settings.host)
    if len(roots) < 2:
        raise NotFound(
            Bilingual(
                "根密钥不在本机：请用 draft、root sign、publish",
                "the roots are not here: use draft, root sign, publish",
            ),
            code="roots-offline",
        )
    with services.database.reading() as session:
        text = draft(session, services, services.clock.now(), rotate=[options.stream]).text
    for root in roots[:2]:
        text = signed_by(text, root)
    return _in_force(services, text, options.username)


def _push(services: Services, options: argparse.Namespace) -> int:
    with services.database.writing() as session:
        caller = staff_caller(session, options.username)
        keys = rotate_push_key(session, services.keyring, caller=caller, now=services.clock.now())
    sys.stdout.write(
        f"新的唤醒签名公钥 / new public key of pushes: {keys.public}\n"
        f"旧密钥并用至 {keys.until:%Y-%m-%d}，请在此之前通知各单位 / the old one signs as well until then: tell every unit\n"
    )
    return 0


def _epoch(services: Services, options: argparse.Namespace) -> int:
    with services.database.reading() as session:
        caller = staff_caller(session, options.username)
    opened = open_epoch(services, reason=options.reason, caller=caller, now=services.clock.now())
    for stream, epoch in sorted(opened.items()):
        sys.stdout.write(f"{stream}/{epoch}\n")
    sys.stdout.write(
        "在册记录将由编号任务重新公布；请通知订阅单位改用新纪元 / what stands is published again; tell every subscriber\n"
    )
    return 0


ACTIONS: dict[str, Callable[[Services, argparse.Namespace], int]] = {
    "status": _status,
    "draft": _draft,
    "publish": _publish,
    "rotate": _rotate,
    "push": _push,
    "epoch": _epoch,
}

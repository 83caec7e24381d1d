"""The command line of ``creditsvc mirror``. Secrets come from files or the environment, never as arguments."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from sync.mirror.client import Agreement
from sync.mirror.files import LOCAL_TOKENS, read_key, read_secret, sealing_key, signing_key
from sync.mirror.identities import SlipKeys
from sync.mirror.receipt import Onward
from sync.mirror.trouble import SettingUnusable
from sync.wire.encoding import b64
from sync.wire.errors import FormatInvalid
from sync.wire.notes import Signer
from sync.wire.origins import STREAMS, parse_stream_epoch

KEY_VARIABLE = "CREDITSVC_MIRROR_KEY"
Say = Callable[[str], object]


def sync_parser() -> argparse.ArgumentParser:
    """``creditsvc mirror URL --dir DIR …``."""
    parser = argparse.ArgumentParser(
        "creditsvc mirror", description="维护一份经验证的本地副本 / keep a verified local copy"
    )
    parser.add_argument("url", help="发布方地址 / the publisher, https://HOST[:PORT]")
    _add_directory(parser)
    parser.add_argument("--stream", default="", help="agency 或 agency/1；首次必填 / needed the first time")
    often = parser.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="同步一次（默认）/ one pass (the default)")
    often.add_argument("--follow", "--watch", action="store_true", help="持续同步 / go on for ever")
    parser.add_argument(
        "--every",
        type=int,
        default=5,
        help="无法长轮询时的间隔秒数 / seconds between passes where waiting at the publisher isn't possible (5)",
    )
    parser.add_argument("--key-file", type=Path, help=f"接口密钥文件，或环境变量 / API key, or {KEY_VARIABLE}")
    parser.add_argument("--trust", type=Path, help="协议所附密钥清单 / the key list that came with the agreement")
    parser.add_argument("--subscriber", default="", help="登记的单位名称，回执需要 / registered name, for receipts")
    parser.add_argument("--signing-key", type=Path, help="回执签名密钥，首次生成 / receipt key, made on first run")
    parser.add_argument("--token-key", type=Path, help="共享令牌密钥 / key shared for token slips")
    parser.add_argument(
        "--sealing-key", type=Path, help="信函接收密钥，首次生成 / key for sealed slips, made on first run"
    )
    parser.add_argument("--onward", default="0/0", help="转交对象中已确认数/总数 / confirmed/recipients (0/0)")
    parser.add_argument(
        "--witnesses", type=int, default=0, help="须有几个见证方联署 / cosignatures that a head must have (0)"
    )
    parser.add_argument("--quiet", action="store_true", help="不显示进度 / no progress")
    return parser


def leave_parser() -> argparse.ArgumentParser:
    """``creditsvc mirror leave URL --dir DIR --yes …``."""
    parser = argparse.ArgumentParser(
        "creditsvc mirror leave",
        description="协议终止：删除整个副本并以最后的回执证明 / the agreement has ended: delete the copy, prove it by a receipt",
    )
    parser.add_argument("url", help="发布方地址 / the publisher, https://HOST[:PORT]")
    _add_directory(parser)
    parser.add_argument("--yes", action="store_true", required=True, help="确认删除 / yes, delete it")
    parser.add_argument("--stream", default="", help="数据流 / the stream")
    parser.add_argument("--key-file", type=Path, help=f"接口密钥文件，或环境变量 / API key, or {KEY_VARIABLE}")
    parser.add_argument("--trust", type=Path, help="协议所附密钥清单 / the key list that came with the agreement")
    parser.add_argument("--subscriber", default="", help="登记的单位名称 / registered name")
    parser.add_argument("--signing-key", type=Path, help="回执签名密钥 / receipt key")
    parser.add_argument("--onward", default="0/0", help="转交对象中已确认数/总数 / confirmed/recipients (0/0)")
    parser.set_defaults(token_key=None, sealing_key=None, witnesses=0)
    return parser


def check_parser() -> argparse.ArgumentParser:
    """``creditsvc mirror check --dir DIR …``."""
    parser = argparse.ArgumentParser(
        "creditsvc mirror check",
        description="从标准输入或文件读两行：证件号码、名称 / two lines from stdin or a file: identity number, name",
    )
    _add_directory(parser)
    parser.add_argument("--sector", required=True, help="行业 / sector")
    parser.add_argument("--act", required=True, help="事项 / act")
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    parser.add_argument("--file", type=Path, help="代替标准输入 / instead of stdin")
    parser.add_argument("--token-key", type=Path, help="共享令牌密钥 / key shared for token slips")
    return parser


def status_parser() -> argparse.ArgumentParser:
    """``creditsvc mirror status --dir DIR``."""
    parser = argparse.ArgumentParser("creditsvc mirror status", description="本地副本的状态 / how the copy is")
    _add_directory(parser)
    return parser


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, required=True, help="副本目录 / the copy's directory")


def api_key(options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> str:
    """From the file, else from the environment, else none."""
    return read_secret(options.key_file) if options.key_file else environ.get(KEY_VARIABLE, "").strip()


def agreement(options: argparse.Namespace, had: str, say: Say) -> Agreement:
    """What the options say; ``had``: the stream of the directory so far. New public keys are said, to be registered."""
    stream, epoch = _stream(options.stream or had, had)
    return Agreement(
        stream=stream,
        epoch=epoch,
        trusted_keys=_read_text(options.trust) if options.trust else "",
        receipts=_receipts(options, say),
        slips=slip_keys(options, say),
        onward=_onward(options.onward),
        witnesses=max(0, options.witnesses),
    )


def slip_keys(options: argparse.Namespace, say: Say) -> SlipKeys | None:
    """How slips are read, if at all."""
    if options.token_key:
        return SlipKeys(read_key(options.token_key))
    if not options.sealing_key:
        return None
    private, fresh = sealing_key(options.sealing_key)
    if fresh:
        public = b64(private.public_key().public_bytes_raw())
        say(f"请登记信函接收公钥 / register this receiving key: {public}\n")
        return None
    return SlipKeys(read_key(local_token_key(options.dir), make=True), private)


def local_token_key(directory: Path) -> Path:
    """Under which tokens of sealed numbers are kept."""
    return directory / LOCAL_TOKENS


def _stream(text: str, had: str) -> tuple[str, int]:
    if text in STREAMS:
        return (text, parse_stream_epoch(had)[1]) if had.startswith(f"{text}/") else (text, 1)
    try:
        return parse_stream_epoch(text)
    except FormatInvalid:
        raise SettingUnusable(
            f"首次须用 --stream 指明数据流（{'、'.join(STREAMS)}），可带纪元：agency/1",
            f"name the stream with --stream the first time ({', '.join(STREAMS)}), with its epoch if you like: agency/1",
        ) from None


def _receipts(options: argparse.Namespace, say: Say) -> Signer | None:
    if not options.signing_key:
        return None
    if not options.subscriber:
        raise SettingUnusable("--signing-key 需要 --subscriber", "--signing-key needs --subscriber")
    private, fresh = signing_key(options.signing_key)
    signer = Signer(options.subscriber, private)
    if fresh:
        # nobody can know it yet: receipts begin with the run after its registration
        say(f"请登记回执公钥 / register this receipt key: {signer.verifier.text}\n")
        return None
    return signer


def _onward(text: str) -> Onward:
    confirmed, _, recipients = text.partition("/")
    if not (confirmed.isdecimal() and recipients.isdecimal() and int(confirmed) <= int(recipients)):
        raise SettingUnusable(
            "--onward 写作 已确认数/总数，如 3/5", "--onward reads confirmed/recipients, for example 3/5"
        )
    return Onward(int(confirmed), int(recipients))


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingUnusable(f"无法读取 {path}", f"can't read {path}") from None

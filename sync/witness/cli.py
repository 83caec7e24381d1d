"""``creditsvc witness``: an independent party's program that cosigns a log it has seen to only grow."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import urllib3

from creditsvc.kernel.errors import CreditServiceError, NotFound
from creditsvc.kernel.text import Bilingual
from creditsvc.wallclock import Clock, SystemClock
from sync.mirror.trust import judge_keys
from sync.wire.keys import KeyList
from sync.wire.notes import LARGEST_NOTE
from sync.wire.origins import KEYS_PATH
from sync.wire.witness import ADD_CHECKPOINT, LARGEST_QUESTION
from sync.witness.witness import PLAIN, Reply, Witness, witness_signer

SLOWEST = 10
"""Seconds that a questioner may be silent."""
_ASK = urllib3.Timeout(connect=5, read=10)


def parser() -> argparse.ArgumentParser:
    """The call's words."""
    made = argparse.ArgumentParser(
        prog="creditsvc witness", description="见证人：只为只增不改的日志联署 / a witness cosigns a log that only grows"
    )
    made.add_argument("--name", required=True, help="见证人名称 / the witness's name, e.g. witness-a")
    made.add_argument("--dir", type=Path, required=True, help="密钥与记忆的文件夹 / folder of its key and memory")
    made.add_argument("--print-key", action="store_true", help="只打印公钥 / print the public key and stop")
    made.add_argument("--trust", type=Path, help="首份密钥清单 / the first list of keys, as handed over")
    made.add_argument("--log", help="日志地址，用于更新密钥清单 / the service's address, for newer lists of keys")
    made.add_argument("--bind", default="127.0.0.1:8090", help="监听地址 / address and port to listen on")
    return made


class TrustedKeys:
    """The pinned list of keys in the witness's folder; a newer one is taken only if the roots of the pinned one signed it."""

    def __init__(self, folder: Path, first: Path | None, log: str | None) -> None:
        self._path, self._log, self._lock = folder / "keys.note", log, threading.Lock()
        if not self._path.exists() and first is not None:
            text, _ = judge_keys(first.read_bytes(), "")
            self._path.write_text(text, "utf-8")

    def __call__(self) -> KeyList:
        """The list that is trusted now. Raises ``NotFound`` if none was ever handed over."""
        if not self._path.exists():
            raise NotFound(
                Bilingual("还没有密钥清单：请用 --trust 给出", "no list of keys yet: give one with --trust"),
                code="trust-missing",
            )
        return judge_keys(self._path.read_text("utf-8"), "")[1]

    def renew(self) -> None:
        """Ask the service for a newer list; whatever is wrong with it leaves the old one."""
        if not self._log:
            return
        with self._lock:
            try:
                answer = urllib3.request(
                    "GET", self._log.rstrip("/") + KEYS_PATH, redirect=False, retries=False, timeout=_ASK, preload_content=False
                )  # fmt: skip
                raw = answer.read(LARGEST_NOTE + 1)
                answer.release_conn()
                text, _ = judge_keys(raw, self._path.read_text("utf-8"))
            except (urllib3.exceptions.HTTPError, CreditServiceError, OSError):
                return
            part = self._path.with_suffix(".part")
            part.write_text(text, "utf-8")
            part.replace(self._path)


def answer(witness: Witness, keys: TrustedKeys, raw: bytes, clock: Clock) -> Reply:
    """The witness's answer; where the log or its key is unknown, once more with a newer list of keys."""
    reply = witness.reply(raw, at=clock.now())
    if reply.status in {403, 404}:
        keys.renew()
        reply = witness.reply(raw, at=clock.now())
    return reply


def server(witness: Witness, keys: TrustedKeys, address: tuple[str, int], clock: Clock) -> ThreadingHTTPServer:
    """An HTTP server that answers ``POST /add-checkpoint`` and shows its key at ``/``."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SLOWEST

        def do_GET(self) -> None:
            """The public key."""
            self._send(Reply(200, PLAIN, (witness.verifier.text + "\n").encode()))

        def do_POST(self) -> None:
            """A question."""
            length = self.headers.get("Content-Length", "")
            if self.path != f"/{ADD_CHECKPOINT}" or not length.isascii() or not length.isdigit():
                self._send(Reply(404, PLAIN, b"no such address\n"))
            elif int(length) > LARGEST_QUESTION:
                self._send(Reply(413, PLAIN, b"too large\n"))
            else:
                self._send(answer(witness, keys, self.rfile.read(int(length)), clock))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing is logged."""

    made = ThreadingHTTPServer(address, Handler)
    made.daemon_threads = True
    return made


def main(argv: Sequence[str]) -> int:
    """Answer until a signal comes."""
    options = parser().parse_args(argv)
    signer = witness_signer(options.dir, options.name)
    if options.print_key:
        sys.stdout.write(signer.cosigner.text + "\n")
        return 0
    keys = TrustedKeys(options.dir, options.trust, options.log)
    keys()
    host, _, port = options.bind.rpartition(":")
    made = server(Witness(options.dir, signer, keys), keys, (host, int(port)), SystemClock())
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: threading.Thread(target=made.shutdown, daemon=True).start())
    sys.stdout.write(f"{options.name} {signer.cosigner.text}\nhttp://{options.bind}/{ADD_CHECKPOINT}\n")
    sys.stdout.flush()
    made.serve_forever()
    made.server_close()
    return 0

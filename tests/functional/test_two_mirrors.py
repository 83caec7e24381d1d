"""Two mirrors of a running service, one killed again and again, one lied to; somebody leaves; the proof is checked where
the service isn't installed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from creditsvc.app import create_app
from creditsvc.services import Services
from creditsvc.wallclock import SystemClock
from sync.heads import resign_heads
from sync.key_lists import key_list_note
from sync.mirror.cli import main as mirror
from sync.mirror.files import open_store
from sync.removal_proof import prove_removal
from sync.slip_answers import token_key
from sync.tables_feed import FeedStream
from sync.wire.encoding import b64url
from sync.witnessing import cosign_heads
from tests.mirror.test_base_install import BASE, BLOCKED, OURS
from tests.support.apps import Templates, world
from tests.support.feed_world import Account, Register
from wsgi import features, main

ROOT = Path(__file__).parents[2]
SUBSCRIBERS = ("bureau-a", "bureau-b")
BASE_ALONE = [sys.executable, "-c", BLOCKED.format(allowed=BASE | OURS)]
Lie = Callable[[str, bytes], bytes]


@contextmanager
def closing_answer(parts: Any) -> Iterator[Any]:
    """An application's answer, closed as a server closes it: what it holds is let go then."""
    try:
        yield parts
    finally:
        parts.close()


class Liar:
    """Stands between a subscriber and the service, and changes what it says."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.lie: Lie | None = None

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if self.lie is None:
            return self._application(environ, start)  # type: ignore[no-any-return]
        environ = {**environ, "HTTP_ACCEPT_ENCODING": "identity", "HTTP_IF_NONE_MATCH": ""}
        kept: list[Any] = []
        with closing_answer(
            self._application(environ, lambda status, headers, *_: kept.append((status, headers)))
        ) as parts:
            body = b"".join(parts)
        status, headers = kept[0]
        body = self.lie(environ["PATH_INFO"], body)
        start(status, [(name, value) for name, value in headers if name not in {"Content-Length", "ETag"}])
        return [body]


@contextmanager
def listening(application: Any, port: int = 0) -> Iterator[str]:
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Scene:
    """A service with its publisher, and what each subscriber has of it."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services, self.folder = services, folder
        self.register = Register(services)
        self.accounts = [self.register.subscriber(name) for name in SUBSCRIBERS]
        with services.database.reading() as session:
            (folder / "keys.note").write_text(key_list_note(session), "utf-8")
        for account in self.accounts:
            self._files(account)

    def _files(self, account: Account) -> None:
        name = account.row.name
        texts = {
            "key": account.key,
            "token": b64url(token_key(self.services.keyring, name)),
            "sign": b64url(account.signs.private.private_bytes_raw()),
        }
        for what, text in texts.items():
            (self.folder / f"{name}.{what}").write_text(text + "\n", "utf-8")

    def publish(self) -> None:
        """Number, sign, cosign."""
        self.register.publish()
        resign_heads(self.services, self.services.clock.now())
        assert cosign_heads(self.services, self.services.clock.now()) > 0

    def command(self, name: str, url: str) -> list[str]:
        """A subscriber's pass."""
        mine = self.folder / name
        return [
            *BASE_ALONE, "mirror", url, "--dir", str(mine), "--stream", "bureau/1", "--trust", str(self.folder / "keys.note"),
            "--key-file", f"{mine}.key", "--token-key", f"{mine}.token", "--subscriber", name, "--signing-key", f"{mine}.sign",
            "--witnesses", "2", "--quiet",
        ]  # fmt: skip

    def run(self, name: str, url: str) -> subprocess.CompletedProcess[str]:
        """One pass, with the base packages alone."""
        return run(self.command(name, url))

    def run_here(self, name: str, url: str) -> tuple[int, str]:
        """The same in this process: what a lie does to the copy needs no process of its own each time."""
        said = StringIO()
        with redirect_stderr(said), redirect_stdout(StringIO()):
            code = mirror(self.command(name, url)[len(BASE_ALONE) + 1 :])
        return code, said.getvalue()

    def gone(self, name: str, entry: str) -> bool:
        """Whether a subscriber's copy is without the entry."""
        store = open_store(self.folder / name)
        try:
            return store.revision(entry) is None and store.has_departed(entry)
        finally:
            store.close()


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd="/")


@pytest.fixture
def scene(templates: Templates, tmp_path: Path, free_port: int) -> Iterator[tuple[Scene, Liar, int]]:
    with world("sqlite", templates, tmp_path, host=f"127.0.0.1:{free_port}") as services:
        services.clock.set(SystemClock().now())  # type: ignore[attr-defined]
        yield Scene(services, tmp_path), Liar(create_app(services, features())), free_port


def test_somebody_leaves_and_it_is_proved(scene: tuple[Scene, Liar, int], tmp_path: Path) -> None:
    at, liar, port = scene
    entry, *_ = at.register.listings(40)
    at.publish()
    with listening(create_app(at.services, features()), port) as url, listening(liar) as through_the_liar:
        for name in SUBSCRIBERS:
            done = at.run(name, url)
            assert done.returncode == 0, done.stderr
        old_head = _note(at)
        at.register.remove(entry)
        at.register.listings(5)
        at.publish()
        _killed_and_run_again(at, url, entry)
        _lied_to(at, liar, through_the_liar, entry, old_head)
        liar.lie = None
        done = at.run("bureau-b", through_the_liar)
        assert done.returncode == 0 and at.gone("bureau-b", entry), done.stderr
    with at.services.database.reading() as session:
        proof = prove_removal(at.services, session, entry, at.services.clock.now())
    assert proof is not None and proof.complete and len(proof.witnesses) == 2
    _check_far_from_the_service(tmp_path, proof.bundle, at)


def _note(at: Scene) -> bytes:
    with at.services.database.reading() as session:
        return session.get_one(FeedStream, "bureau").head.encode()


def _killed_and_run_again(at: Scene, url: str, entry: str) -> None:
    apart = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    for patience in (0.3, 0.7):
        child = subprocess.Popen(at.command("bureau-a", url), env={**os.environ, "PYTHONPATH": str(ROOT)}, **apart)
        time.sleep(patience)
        child.kill()
        child.wait()
    done = at.run("bureau-a", url)
    assert done.returncode == 0 and at.gone("bureau-a", entry), done.stderr


def _lied_to(at: Scene, liar: Liar, url: str, entry: str, old_head: bytes) -> None:
    """The removal kept back by an old head, by a page that ends before it, by another event in its place."""
    lies: list[tuple[Lie, int]] = [
        (lambda path, body: body[:-2] if path.endswith("/events") else body, 23),
        (lambda path, body: b"" if path.endswith("/events") else body, 22),
        (lambda path, body: body.replace(b'"exit":"removed"', b'"exit":"revoked"') if path.endswith("/events") else body, 25),
        (lambda path, body: _without(body, b"entry.removed") if path.endswith("/events") else body, 20),
    ]  # fmt: skip
    for lie, expected in lies:
        liar.lie = lie
        code, said = at.run_here("bureau-b", url)
        assert code == expected, (expected, code, said)
        assert not at.gone("bureau-b", entry)
    liar.lie = lambda path, body: old_head if path.endswith("/head") else body
    code, said = at.run_here("bureau-b", url)
    # nothing is wrong with the old head but its age: the copy stays where it was, and confirms no removal
    assert code in {0, 15, 38} and not at.gone("bureau-b", entry), said


def _without(body: bytes, word: bytes) -> bytes:
    return b"".join(line + b"\n" for line in body.split(b"\n")[:-1] if word not in line)


def _check_far_from_the_service(folder: Path, bundle: bytes, at: Scene) -> None:
    """Standard library, four packages, one file, one key list that came with the agreement."""
    file = folder / "proof.removal.json"
    file.write_bytes(bundle)
    trust = str(folder / "keys.note")
    done = run([*BASE_ALONE, "verify", str(file), "--trust", trust])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has let go" in done.stdout and all(name in done.stdout for name in SUBSCRIBERS)
    second = ROOT / "tests" / "support" / "removal_verifier.py"
    done = subprocess.run(
        [sys.executable, "-I", str(second), str(file), trust], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    file.write_bytes(bundle.replace(b'"exit\\":\\"removed', b'"exit\\":\\"revoked', 1))
    with redirect_stdout(StringIO()):
        assert main(["verify", str(file), "--trust", trust]) == 1

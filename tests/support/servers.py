"""Throw-away servers of this machine's own programs: an SSH server, a MariaDB. Whoever starts one stops it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.platform.channels.open import fingerprint


class NoServer(Exception):
    """This machine has no such program."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise NoServer("it ended at once")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise NoServer("it does not answer")


@dataclass
class SshServer:
    """A running server that lets one key in."""

    address: str
    fingerprint: str
    key_file: Path


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """OpenSSH's own server with SFTP, over ``folder``."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(program).exists():
        raise NoServer("sshd")
    work = Path(tempfile.mkdtemp(prefix="ssh-"))
    host, user = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    for name, key in {"host": host, "user": user}.items():
        path = work / name
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
        )
        path.chmod(0o600)
    public = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    (work / "authorized").write_bytes(user.public_key().public_bytes(*public) + b"\n")
    port, name = free_port(), os.environ.get("USER") or "root"
    (work / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {work / 'host'}\nAuthorizedKeysFile {work / 'authorized'}\n"
        f"StrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\nPidFile none\n"
        "Subsystem sftp internal-sftp\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([program, "-D", "-e", "-f", str(work / "config")], stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        blob = host.public_key().public_bytes(*public).split()[1]
        import base64

        yield SshServer(f"sftp://{name}@127.0.0.1:{port}{folder}", fingerprint(base64.b64decode(blob)), work / "user")
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def mariadb() -> Iterator[str]:
    """A MariaDB; the SQLAlchemy address of an empty database in it."""
    program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    installer = shutil.which("mariadb-install-db")
    if not Path(program).exists() or installer is None:
        raise NoServer("mariadbd")
    work = Path(tempfile.mkdtemp(prefix="mariadb-"))
    work.chmod(0o755)
    who = ["--user=mysql"] if os.getuid() == 0 else []
    if who:
        shutil.chown(work, "mysql")
    data, port = work / "data", free_port()
    subprocess.run(
        [installer, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", *who],
        check=True, capture_output=True,
    )  # fmt: skip
    process = subprocess.Popen(
        [program, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
         f"--socket={work / 's'}", f"--pid-file={work / 'p'}", "--innodb-flush-log-at-trx-commit=0",
         "--character-set-server=utf8mb4", *who],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port, process)
        from sqlalchemy import create_engine, text

        engine = create_engine(f"mysql+pymysql://root@127.0.0.1:{port}/")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE front CHARACTER SET utf8mb4"))
        engine.dispose()
        yield f"mysql+pymysql://root@127.0.0.1:{port}/front?charset=utf8mb4"
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(work, ignore_errors=True)

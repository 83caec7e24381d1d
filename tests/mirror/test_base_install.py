"""The subscriber's install, for real: a bare environment, `pip install .`, and nothing of the server in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from sync.wire.encoding import b64url
from sync.wire.keys import sign_key_list
from tests.conftest import missing_tool
from tests.support.feed_server import KEY, serving
from tests.support.feed_simulator import TOKEN_KEY, Publisher, person

ROOT = Path(__file__).parents[2]
BASE = {"cryptography", "msgspec", "urllib3", "tzdata"}
BLOCKED = (
    "import sys\n"
    "class Only:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        top = name.partition('.')[0]\n"
    "        if top not in {allowed!r} and top not in sys.stdlib_module_names and not top.startswith('_'):\n"
    "            raise ModuleNotFoundError(name, name=name)\n"
    "sys.meta_path.insert(0, Only())\n"
    "import wsgi\n"
    "sys.exit(wsgi.main(sys.argv[1:]))\n"
)
OURS = {"creditsvc", "punishment_rules", "repair", "sync", "wsgi", "cffi", "pycparser"}


def test_the_base_install_asks_for_four_packages() -> None:
    wanted = [Requirement(text) for text in requires("creditsvc") or []]
    assert {need.name for need in wanted if need.marker is None} == BASE


@pytest.fixture
def feed() -> Publisher:
    made = Publisher()
    made.now = datetime.now(UTC)
    made.publish(12)
    made.publish_person(person(4321))
    return made


def calls(feed: Publisher, url: str, folder: Path) -> list[tuple[list[str], str, int]]:
    """What a subscriber does in its first hour: words, standard input, exit code."""
    texts = {"key": KEY, "tokens": b64url(TOKEN_KEY), "trust": sign_key_list(feed.keys, feed.roots)}
    texts["signing"] = b64url(feed.subscriber.private.private_bytes_raw())
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    files = {name: str(folder / name) for name in texts}
    copy = str(folder / "copy")
    sync = ["mirror", url, "--dir", copy, "--stream", "agency/1", "--trust", files["trust"], "--key-file", files["key"]]
    sync += ["--subscriber", "bureau-a", "--signing-key", files["signing"], "--token-key", files["tokens"]]
    ask = ["mirror", "check", "--dir", copy, "--sector", "transport", "--act", "fly", "--token-key", files["tokens"]]
    who, nobody = person(4321), person(9999)
    golden = ROOT / "tests" / "golden" / "feed"
    return [
        (sync, "", 0),
        (["mirror", "status", "--dir", copy], "", 0),
        (ask, f"{who.number}\n{who.name}\n", 3),
        (ask, f"{nobody.number}\n{nobody.name}\n", 0),
        (["verify", str(golden / "removal-proof.json"), "--trust", str(golden / "keys.note")], "", 4),
        (["conformance", "--list"], "", 0),
        (["serve"], "", 1),
    ]


def run_all(command: list[str], feed: Publisher, folder: Path, **environment: str) -> None:
    with serving(feed, key=KEY) as url:
        for words, given, expected in calls(feed, url, folder):
            done = subprocess.run(
                [*command, *words], input=given, capture_output=True, text=True, check=False, cwd=folder,
                env={**os.environ, **environment},
            )  # fmt: skip
            assert done.returncode == expected, (words, done.stdout, done.stderr)
            assert words != ["serve"] or "creditsvc[server]" in done.stderr
    assert feed.receipt == feed.size


def test_everything_of_the_subscriber_runs_with_the_base_packages_alone(feed: Publisher, tmp_path: Path) -> None:
    """Every other package is blocked, so that it needs no network to be shown."""
    code = BLOCKED.format(allowed=BASE | OURS)
    run_all([sys.executable, "-c", code], feed, tmp_path, PYTHONPATH=str(ROOT))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_bare_environment_with_pip_install(feed: Publisher, tmp_path: Path) -> None:
    source, bare = tmp_path / "source", tmp_path / "venv"
    ignore = shutil.ignore_patterns(".venv", ".git", "*.egg-info", "build", "var", "tests", "node_modules")
    shutil.copytree(ROOT, source, ignore=ignore)
    subprocess.run([sys.executable, "-m", "venv", str(bare)], check=True, capture_output=True)
    python = str(bare / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "No matching distribution" in done.stderr + done.stdout:
        missing_tool("a package index")
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert names <= BASE | {"creditsvc", "cffi", "pycparser", "pip", "setuptools", "typing_extensions"}
    run_all([str(bare / "bin" / "creditsvc")], feed, tmp_path)

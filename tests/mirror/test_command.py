"""The command of the base install, against a publisher behind a socket."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from creditsvc.wallclock import FixedClock
from sync.mirror import cli
from sync.mirror.cli import main
from sync.mirror.errors import FeedEndless, ReceiptRefused
from sync.mirror.fetch import HttpFetcher
from sync.mirror.files import open_store, read_key
from sync.mirror.progress import Bar
from sync.mirror.trouble import MirrorBusy, PublisherUnreachable, SettingUnusable
from sync.wire.encoding import b64url
from sync.wire.keys import sign_key_list
from tests.mirror.test_conformance import agrees
from tests.support.feed_server import KEY, serving
from tests.support.feed_simulator import TOKEN_KEY, Publisher, person

ROOT = Path(__file__).parents[2]
SERVER_ONLY = ("flask", "sqlalchemy", "marshmallow", "click", "alembic", "apscheduler", "numpy", "structlog", "jinja2")
RUN = (
    "import sys\n"
    f"for name in {SERVER_ONLY!r}: sys.modules[name] = None\n"
    "from sync.mirror.cli import main\n"
    "sys.exit(main(sys.argv[1:]))\n"
)


@pytest.fixture
def feed() -> Publisher:
    """A publisher of today."""
    made = Publisher()
    made.now = datetime.now(UTC)
    return made


@pytest.fixture
def files(tmp_path: Path, feed: Publisher) -> dict[str, str]:
    """What came with the agreement."""
    texts = {
        "key": KEY,
        "tokens": b64url(TOKEN_KEY),
        "signing": b64url(feed.subscriber.private.private_bytes_raw()),
        "trust": sign_key_list(feed.keys, feed.roots),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    return {name: str(tmp_path / name) for name in texts}


def arguments(url: str, directory: Path, files: dict[str, str]) -> list[str]:
    named = ["--key-file", files["key"], "--token-key", files["tokens"], "--signing-key", files["signing"]]
    return [
        url,
        "--dir",
        str(directory),
        "--stream",
        "agency/1",
        "--trust",
        files["trust"],
        "--subscriber",
        "bureau-a",
        *named,
    ]


def test_sync_status_and_check(
    feed: Publisher, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed.publish(30)
    (listed,) = feed.publish()
    who = person(4321)
    from sync.wire.slips import Identity

    feed.people[listed] = Identity(f"resident_id:{who.number}", b"x" * 32)
    feed.bodies[listed].data.update(subject=feed.people[listed].subject, name=who.name)
    directory = tmp_path / "copy"
    with serving(feed, key=KEY) as url:
        assert main(arguments(url, directory, files)) == 0
    assert "31" in capsys.readouterr().out and feed.receipt == feed.size
    assert directory.stat().st_mode & 0o077 == 0
    assert who.number.encode() not in b"".join(path.read_bytes() for path in directory.iterdir())
    assert main(["status", "--dir", str(directory)]) == 0
    assert "31" in capsys.readouterr().out
    question = tmp_path / "question"
    question.write_text(f"{who.number}\n{who.name}\n", "utf-8")
    asked = ["check", "--dir", str(directory), "--sector", "transport", "--act", _an_act("transport")]
    code = main([*asked, "--token-key", files["tokens"], "--file", str(question)])
    said = capsys.readouterr().out
    assert code in {3, 4} and who.number not in said and "31" in said
    question.write_text(f"{person(9999).number}\n无此人\n", "utf-8")
    assert main([*asked, "--token-key", files["tokens"], "--file", str(question)]) == 0


def _an_act(sector: str) -> str:
    from punishment_rules.load import catalogue

    return catalogue().acts(sector)[0].id


def test_new_keys_are_made_and_said(
    feed: Publisher, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed.publish(3)
    signing, sealing = tmp_path / "new.signing", tmp_path / "new.sealing"
    with serving(feed) as url:
        call = [url, "--dir", str(tmp_path / "copy"), "--stream", "agency", "--subscriber", "bureau-a"]
        call += ["--signing-key", str(signing), "--sealing-key", str(sealing)]
        assert main(call) == 0
        said = capsys.readouterr().err
        assert "bureau-a+" in said and signing.stat().st_mode & 0o077 == 0
        private = X25519PrivateKey.from_private_bytes(read_key(sealing))
        feed.sealed_for = private.public_key()
        assert main(call) == ReceiptRefused.exit_code
    assert "receipt-refused" in capsys.readouterr().err


def test_refusals_have_exit_codes(
    feed: Publisher, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed.publish(3)
    directory = tmp_path / "copy"
    with serving(feed, key="another key") as url:
        assert main(arguments(url, directory, files)) == 40
    with serving(feed, key=KEY) as url:
        feed.fault = "unknown_signature"
        assert main(arguments(url, directory, files)) == 12
        feed.mend()
        feed.now -= timedelta(days=1)
        assert main(arguments(url, directory, files)) == 15
    assert main(arguments(url, directory, files)) == 43
    assert main(["status", "--dir", str(tmp_path / "none")]) == 46
    assert main(["http://feed.example", "--dir", str(directory), "--key-file", files["key"]]) == 48
    said = capsys.readouterr().err
    assert "过期" in said and KEY not in said


def test_an_expired_copy_does_not_even_print_restricted(
    feed: Publisher,
    files: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    who = person(4321)
    feed.publish_person(who)
    directory, question = tmp_path / "copy", tmp_path / "question"
    question.write_text(f"{who.number}\n{who.name}\n", "utf-8")
    asked = ["check", "--dir", str(directory), "--sector", "transport", "--act", "fly", "--file", str(question)]
    with serving(feed, key=KEY) as url:
        assert main(arguments(url, directory, files)) == 0
    capsys.readouterr()
    assert main([*asked, "--token-key", files["tokens"]]) == 3
    said = capsys.readouterr().out
    assert "[受限制 / restricted]" in said and "《" in said
    monkeypatch.setattr(cli, "SystemClock", lambda: FixedClock(feed.now + timedelta(hours=2)))
    assert main([*asked, "--token-key", files["tokens"]]) == 4
    said = capsys.readouterr().out
    assert "/ restricted]" not in said and "受限制" not in said.replace("不得据此认定受限制", "") and "过期" in said
    assert main([*asked, "--token-key", files["tokens"], "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["outcome"] == "needs_officer"


def test_following_it_sees_what_comes_and_ends_with_a_code(
    feed: Publisher, files: dict[str, str], tmp_path: Path
) -> None:
    feed.publish(3)
    directory = tmp_path / "copy"
    with serving(feed, key=KEY) as url:
        command = [sys.executable, "-c", RUN, *arguments(url, directory, files), "--follow", "--every", "1"]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            _until(lambda: feed.receipt == 3)
            with feed.lock:
                feed.remove(feed.in_force[0])
            _until(lambda: feed.receipt == 4)
            assert any("wait=25" in path for path in feed.asked)
            feed.fault = "unknown_signature"
            said, complained = child.communicate(timeout=60)
        finally:
            child.kill()
    assert child.returncode == 12 and said.count("回执已被接受") == 2 and "head-untrusted" in complained


def _until(reached: Callable[[], bool]) -> None:
    for _ in range(1200):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("it took more than a minute")


def test_the_bar_draws_hundredths_and_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar()
    for done in range(0, 100_001, 50):
        bar("快照 / snapshot", done, 100_000)
    said = capsys.readouterr().err
    assert said.count("\r") == 101 and said.endswith("100,000/100,000\n")


def test_at_the_end_of_an_agreement_everything_goes_and_it_is_proved(
    feed: Publisher, files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed.publish(30)
    directory = tmp_path / "copy"
    with serving(feed, key=KEY) as url:
        sync = arguments(url, directory, files)
        assert main(sync) == 0
        leave = ["leave", url, "--yes", "--dir", str(directory), "--key-file", files["key"], "--subscriber", "bureau-a"]
        with pytest.raises(SystemExit):
            main([word for word in leave if word != "--yes"])
        assert main(leave) == 49 and main(["status", "--dir", str(directory)]) == 0
        leave += ["--signing-key", files["signing"]]
        assert main(leave) == 38
        assert main(["check", "--dir", str(directory), "--sector", "transport", "--act", "fly"]) != 0
        feed.parting = True
        taken = len(feed.taken)
        capsys.readouterr()
        assert main(leave) == 0
    assert len(feed.taken) == taken + 1 and "30" in capsys.readouterr().out
    assert not (directory / "copy.sqlite").exists() and main(["status", "--dir", str(directory)]) == 46


def test_two_at_once(feed: Publisher, files: dict[str, str], tmp_path: Path) -> None:
    from sync.mirror.files import only_one, open_directory

    directory = open_directory(tmp_path / "copy")
    with only_one(directory), serving(feed) as url:
        assert main(arguments(url, directory, files)) == MirrorBusy.exit_code


def test_a_key_never_travels_in_the_clear() -> None:
    with pytest.raises(SettingUnusable):
        HttpFetcher("http://feed.example", key="secret")
    for bad in ("ftp://feed.example", "feed.example", "https://user@feed.example", "https://feed.example?x"):
        with pytest.raises(SettingUnusable):
            HttpFetcher(bad)


def test_the_network_is_capped_and_follows_no_redirect(feed: Publisher) -> None:
    feed.publish(40)
    with serving(feed) as url:
        fetcher = HttpFetcher(url)
        with pytest.raises(FeedEndless):
            fetcher.get("/v1/streams/agency/events?after=0&limit=1000", limit=100)
        assert fetcher.get("/v1/keys", limit=10**6).body.startswith(b"feed.test/v1/keys\n")
        assert fetcher.get("/v1/streams/agency/1/tile/0/001", limit=100).status == 404
    with pytest.raises(PublisherUnreachable):
        fetcher.get("/v1/keys", limit=10)


def test_it_runs_without_the_server_packages(feed: Publisher, files: dict[str, str], tmp_path: Path) -> None:
    feed.publish(5)
    with serving(feed, key=KEY) as url:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments(url, tmp_path / "copy", files)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert feed.receipt == feed.size


@pytest.mark.kill
def test_killed_at_any_point_it_goes_on(feed: Publisher, files: dict[str, str], tmp_path: Path) -> None:
    """kill -9 in the middle of first sync, of events, of a snapshot: the next run goes on from what was verified."""
    chance = random.Random(7)
    directory = tmp_path / "copy"
    feed.publish(400)
    killed = 0
    with serving(feed, key=KEY) as url:
        command = [sys.executable, "-c", RUN, *arguments(url, directory, files)]
        for _ in range(12):
            with feed.lock:
                entries = feed.in_force
                for entry in chance.sample(entries, 5):
                    feed.remove(entry)
                feed.publish(60)
                if chance.random() < 0.3:
                    feed.forget(feed.size - 10)
            enough = len(feed.asked) + chance.randint(1, 6)
            child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while len(feed.asked) < enough and child.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.02))
            child.kill()
            killed += child.wait() == -9
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    store = open_store(directory)
    try:
        assert agrees(store, feed) and feed.receipt == feed.size and killed > 3
    finally:
        store.close()

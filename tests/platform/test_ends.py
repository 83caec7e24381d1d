"""Real ends: PostgreSQL, MariaDB, an SSH server, HTTP by both schemes; and a profile that no code knows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from sqlalchemy import create_engine, text

from creditsvc.kernel.errors import InvalidInput
from creditsvc.services import Services
from sync.platform.channels.open import link_signer
from sync.platform.shape.load import load_profile
from sync.platform.standin.folder_end import FolderEnd
from sync.platform.standin.http_end import HttpEnd
from sync.platform.tables import PlatformLink
from tests.conftest import missing_tool
from tests.platform.world import World, database_world, make_link, standin_of
from tests.support.apps import Templates
from tests.support.feed_world import Register
from tests.support.postgres import NoPostgres
from tests.support.servers import NoServer, mariadb, ssh_server

HERE = Path(__file__).parent
APPKEY = "0123456789abcdef"


def _loop(world: World) -> None:
    """In, corrected, out; both sides agree."""
    entries = world.register.listings(4) + world.register.listings(2, units=True)
    world.round()
    assert world.ledger.state() == dict.fromkeys(entries, (1, "listed"))
    world.register.correct(entries[0])
    world.register.remove(entries[1])
    world.round()
    assert world.ledger.state()[entries[0]] == (2, "listed")
    assert world.ledger.state()[entries[1]] == (2, "ended")
    made = world.compare()
    assert made is not None and made.state == "agrees"
    assert world.standin.seen.bad_signatures == 0


@pytest.mark.postgres
@pytest.mark.parametrize("profile", ["by_subject_tables", "sync_columns"])
def test_a_front_end_database_on_postgresql(
    sqlite_services: Services, templates: Templates, tmp_path: Path, profile: str
) -> None:
    try:
        server = templates.postgres()
    except NoPostgres as reason:
        missing_tool(f"PostgreSQL ({reason})")
    name = f"front_{profile}"
    templates.execute(f"CREATE DATABASE {name}")
    world = database_world(sqlite_services, server.url(name), tmp_path, profile)
    try:
        _loop(world)
    finally:
        world.close()
        templates.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_front_end_database_on_mariadb(sqlite_services: Services, tmp_path: Path) -> None:
    try:
        with mariadb() as url:
            world = database_world(sqlite_services, url, tmp_path, "flag_columns")
            _loop(world)
            engine = create_engine(url)
            with engine.connect() as connection:
                names = connection.execute(text("SELECT bzxrmc FROM t_sxbzxr WHERE modify_flag = 1")).scalars().all()
            engine.dispose()
            assert len(names) == 6 and all(name.startswith("测试") for name in names)
            world.close()
    except NoServer as missing:
        missing_tool(f"MariaDB ({missing})")


def test_files_over_sftp(sqlite_services: Services, tmp_path: Path) -> None:
    pytest.importorskip("paramiko")
    root = tmp_path / "exchange"
    root.mkdir()
    try:
        with ssh_server(root) as server:
            register = Register(sqlite_services)
            link = make_link(
                sqlite_services, register, profile="chinese_header_file", channel="sftp", address=server.address,
                secret_file=str(server.key_file), options={"fingerprint": server.fingerprint},
            )  # fmt: skip
            standin = standin_of(sqlite_services, link, tmp_path)
            end = FolderEnd(standin, root)
            end.create()
            world = World(sqlite_services, register, link, standin.profile, standin, end)
            _loop(world)
            with sqlite_services.database.writing() as session:
                session.get_one(PlatformLink, link.id).options = {"fingerprint": "SHA256:" + "A" * 43}
            register.listings(1)
            register.publish()
            assert world.send().trouble == "receiver-refused"
            world.close()
    except NoServer as missing:
        missing_tool(f"sshd ({missing})")


@contextmanager
def _http_world(services: Services, folder: Path, scheme: str, profile: str) -> Iterator[tuple[World, HttpEnd]]:
    register = Register(services)
    secret = folder / "appkey"
    secret.write_text(APPKEY)
    secret.chmod(0o600)
    options = {"scheme": scheme} | ({"rid": "hn_court", "sid": "shixin"} if scheme == "national" else {})
    more = {"secret_file": str(secret)} if scheme == "national" else {}
    link = make_link(
        services, register, profile=profile, channel="http", address="http://127.0.0.1:9", options=options, **more
    )
    standin = standin_of(services, link, folder)
    end = HttpEnd(standin, services.clock, key=link_signer(services, link.name).verifier, appkey=APPKEY.encode())
    link.address = end.serve()
    with services.database.writing() as session:
        session.merge(link)
    try:
        yield World(services, register, link, standin.profile, standin, end), end  # type: ignore[arg-type]
    finally:
        end.close()
        standin.ledger.close()


@pytest.mark.parametrize("scheme", ["ours", "national"])
def test_http_by_both_schemes(sqlite_services: Services, tmp_path: Path, scheme: str) -> None:
    with _http_world(sqlite_services, tmp_path, scheme, "xml_envelope") as (world, end):
        _loop(world)
        assert end.refused == 0
        answer = urllib3.request("POST", world.link.address + "/batches", body=b"x", retries=False)
        assert answer.status == 401, "unsigned"


def test_a_sixth_profile_without_code(sqlite_services: Services, tmp_path: Path) -> None:
    folder = sqlite_services.settings.home / "profiles"
    folder.mkdir()
    shutil.copy(HERE / "recommended_envelope.toml", folder)
    with _http_world(sqlite_services, tmp_path, "ours", "recommended_envelope") as (world, _):
        _loop(world)
        assert world.standin.seen.batches == 4, "batches of three, ends and corrections in batches of their own"


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ('layout = "json"', 'layout = "jsonx"', "jsonx"),
        ('from = "sequence"', 'from = "seqence"', "seqence"),
        ("batch_rows = 3", "batch_rows = 3\nbatch_row = 4", "batch_row = "),
        ('accepted = "accepted"', 'accepted = "taken"', '"taken"'),
        ('codes = "ground"', 'codes = "grounds"', "grounds"),
        ('name = "row_hash"', 'name = "court"', ""),
        ('from = "version"', 'from = "until"', ""),
        ('means = "unknown_key"', "means = 3", "means = 3"),
        ('name = "{batch}"', 'name = "batch"', 'name = "batch"'),
        ("[[column]]", "[[column]", "[[column]"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_line(before: str, after: str, wrong: str, tmp_path: Path) -> None:
    good = (HERE / "recommended_envelope.toml").read_text("utf-8")
    assert before in good
    bad = good.replace(before, after, 1)
    path = tmp_path / "recommended_envelope.toml"
    path.write_text(bad, "utf-8")
    with pytest.raises(InvalidInput) as refused:
        load_profile(path)
    assert refused.value.code == "profile-fault"
    line = refused.value.details["line"]
    assert f"recommended_envelope.toml:{line}" in refused.value.text.en
    if wrong:
        assert wrong in bad.splitlines()[line - 1]

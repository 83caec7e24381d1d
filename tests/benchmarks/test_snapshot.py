"""Entries a second into a signed snapshot, beside encoding and hashing the same lines alone; memory; and serving the file.

``SNAPSHOT_ENTRIES`` says how many; the rows are written straight into the tables, as the sequencer leaves them. With
``SNAPSHOT_HOME`` the filled register is kept in that folder and used again.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import urllib3
from sqlalchemy import Table, update

from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from creditsvc.storage.keyring import create_keyring
from creditsvc.storage.migrate import upgrade_all
from sync.feed_state import rehash
from sync.heads import origin_of, prepare_feed
from sync.tables_feed import FeedEntry, FeedStream, StreamEvent
from sync.wire.canonical import canonical_json
from sync.wire.snapshot import entry_line
from sync.wire.state import bucket_number
from tests.benchmarks.figures import report, timed
from tests.conftest import missing_tool
from tests.support.house import house

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]
ENTRIES = int(os.environ.get("SNAPSHOT_ENTRIES", "100000"))
BLOCK = 5000
MOST_ALONE = 300_000
"""Lines that are encoded and hashed alone: the rate is the same for more."""
STREAM = "public"
ROOT = Path(__file__).parents[2]


NUMBER, TEXT, ENTRY = 987_654_321, "@number@", "lst_@entry@"
"""What stands in a line for its own sequence, as a number and within texts, and for its entry."""


def _line(source: str) -> str:
    """As long as real ones are; the database puts each entry's own into it, faster than we could encode it."""
    data = {
        "entry": ENTRY, "kind": "listing", "revision": 1, "debtor_kind": "person", "name": f"测试{TEXT}", "sex": "male", "age": 40,
        "number_masked": "4101051985****1231", "court_code": "豫0105", "court_name": "郑州市金水区人民法院",
        "case_number": f"（2026）豫0105执{TEXT}号",
        "filed_on": "2026-01-05", "basis_number": f"（2025）豫0105民初{TEXT}号", "basis_issuer": "郑州市金水区人民法院",
        "obligation": "支付货款及利息、违约金，并承担案件受理费", "performance": "none", "grounds": ["evades", "property_report"],
        "published_on": "2026-03-01", "until": "2028-02-29",
    }  # fmt: skip
    return canonical_json(
        {"data": data, "id": "evt_" + "0" * 24, "salt": "A" * 43, "sequence": NUMBER, "source": source, "specversion": "1.0",
         "time": "2026-03-02T08:00:00Z", "type": "entry.published"}
    ).decode()  # fmt: skip


def _fill(services: Services, count: int) -> None:
    """A stream with so many entries in force, in the order in which they came; leaves are of no concern here."""
    with services.database.reading() as session:
        source = origin_of(services.settings.host, session.get_one(FeedStream, STREAM)).source
    services.database.dispose()
    driver = sqlite3.connect(str(services.database.url.database), isolation_level=None)
    driver.create_function("bucket_of", 1, bucket_number, deterministic=True)
    # whatever goes wrong here, the folder is thrown away: no journal of ten gigabytes
    for pragma in ("journal_mode=DELETE", "journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000"):
        driver.execute(f"PRAGMA {pragma}")
    driver.execute("BEGIN")
    values = {
        "last": count,
        "line": _line(source),
        "stream": STREAM,
        "number": str(NUMBER),
        "text": TEXT,
        "entry": ENTRY,
    }
    driver.execute(
        """WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :last),
           named AS MATERIALIZED (SELECT n, 'lst_' || lower(hex(randomblob(12))) AS entry FROM numbers)
           INSERT INTO stream_event (stream, sequence, entry, revision, type, removes, leaf, body, at)
           SELECT :stream, n, entry, 1, 'entry.published', 0, zeroblob(32),
                  CAST(replace(replace(replace(:line, :text, n), :number, n), :entry, entry) AS BLOB), '2026-03-02 08:00:00.000000'
           FROM named""",
        values,
    )
    driver.execute(
        """INSERT INTO feed_entry (stream, entry, revision, sequence, full_sequence, bucket, salt, has_slip, canary)
           SELECT stream, entry, 1, sequence, sequence, bucket_of(entry), zeroblob(32), 0, 0 FROM stream_event
           WHERE stream = :stream ORDER BY sequence""",
        values,
    )
    driver.execute("COMMIT")
    driver.execute("PRAGMA journal_mode=WAL")
    driver.close()


def _hashed(services: Services, count: int) -> None:
    with services.database.writing() as session:
        for first in range(0, 65536, 4096):
            state = rehash(session, STREAM, range(first, first + 4096))
        session.execute(
            update(FeedStream).where(FeedStream.stream == STREAM).values(size=count, count=count, state=state)
        )


def _filled(home: Path) -> None:
    """A register in this folder that holds the entries, if it doesn't yet; no index is kept up meanwhile."""
    settings = Settings(home=home, demo=True)
    home.mkdir(parents=True, exist_ok=True)
    create_keyring(settings.keys)
    services = open_services(settings)
    upgrade_all(services.database, services.keys)
    prepare_feed(services, services.clock.now())
    with services.database.reading() as session:
        held = session.get_one(FeedStream, STREAM).size
    if not held:
        indexes = [index for model in (StreamEvent, FeedEntry) for index in cast(Table, model.__table__).indexes]
        with services.database.write_engine.begin() as connection:
            for index in indexes:
                index.drop(connection)
        _fill(services, ENTRIES)
        with services.database.write_engine.begin() as connection:
            for index in indexes:
                index.create(connection)
        _hashed(services, ENTRIES)
    elif held != ENTRIES:
        raise SystemExit(f"{home} holds {held:,} entries and not {ENTRIES:,}: name another folder")
    services.dispose()


def _alone(path: Path) -> tuple[float, float]:
    """Encode and hash lines of the snapshot, a block at a time; seconds a line by the clock and of the processor."""
    digest, seconds, processor, count = sha256(), 0.0, 0.0, 0
    for block in _blocks(path):
        before = time.process_time()
        with timed() as took:
            for data, sequence in block:
                digest.update(entry_line(data, sequence) + b"\n")
        seconds, processor = seconds + took.seconds, processor + time.process_time() - before
        count += len(block)
    return seconds / count, processor / count


def _blocks(path: Path) -> Iterator[list[tuple[dict[str, Any], int]]]:
    with gzip.open(path, "rb") as file:
        next(file)
        lines = islice(file, min(ENTRIES, MOST_ALONE))
        while block := list(islice(lines, BLOCK)):
            values = [msgspec.json.decode(line) for line in block]
            yield [(value["data"], value["sequence"]) for value in values]


def _built(home: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.benchmarks.snapshot_once", str(home)]
    told = subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT, timeout=3600)
    return cast(dict[str, Any], json.loads(told.stdout))


def test_snapshot_beside_encoding_and_hashing(tmp_path: Path) -> None:
    home = Path(os.environ.get("SNAPSHOT_HOME") or tmp_path / "home")
    _filled(home)
    builds, alones = [], []
    for _ in range(3 if ENTRIES <= MOST_ALONE else 1):
        builds.append(_built(home))
        alones.append(_alone(Path(builds[-1]["path"])))
    seconds, processor = (min(build[name] for build in builds) for name in ("seconds", "processor"))
    alone, alone_processor = (min(figures) * ENTRIES for figures in zip(*alones, strict=True))
    report(f"snapshot of {ENTRIES:,} entries, built and signed, by the clock", ENTRIES, seconds, alone)
    report("the same in processor time, which neighbours disturb less", ENTRIES, processor, alone_processor)
    peak, before = max(build["peak"] for build in builds), builds[-1]["before"]
    size = Path(builds[-1]["path"]).stat().st_size / 2**20
    sys.stdout.write(
        f"FIGURE its memory: {peak:,.0f} MiB at the peak, {before:,.0f} before it began; file {size:,.0f} MiB\n"
    )


NGINX = """
{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; default_type application/octet-stream;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


def test_the_embedded_server_beside_nginx_on_the_same_file(tmp_path: Path, free_port: int) -> None:
    nginx = shutil.which("nginx")
    if nginx is None:
        missing_tool("nginx")
    with house(tmp_path) as made:
        folder = made.home / "var" / "feed" / "public" / "1"
        made.serve()
        pool = urllib3.PoolManager(retries=False)
        # the day's canary moves the head once; after it the file stays the newest
        while b"\n1\n" not in pool.request("GET", made.base + "/v1/streams/public/head").data:
            time.sleep(0.2)
        assert pool.request("GET", made.base + "/v1/streams/public/snapshots/latest").status == 200
        file = max(folder.glob("*.ndjson.gz"))
        file.write_bytes(secrets.token_bytes(48 * 2**20))
        with tempfile.TemporaryDirectory() as work:
            settings = Path(work) / "nginx.conf"
            user = "user root; " if os.getuid() == 0 else ""
            settings.write_text(NGINX.format(user=user, folder=work, port=free_port, root=folder))
            proxy = subprocess.Popen(
                [nginx or "", "-c", str(settings), "-e", f"{work}/error.log"], stderr=subprocess.DEVNULL
            )
            try:
                time.sleep(0.5)
                ours, theirs = [], []
                for _ in range(5):
                    ours.append(_taken(pool, made.base + "/v1/streams/public/snapshots/latest"))
                    theirs.append(_taken(pool, f"http://127.0.0.1:{free_port}/{file.name}"))
            finally:
                proxy.terminate()
                proxy.wait()
    size = file.stat().st_size / 2**20 if file.exists() else 48
    sys.stdout.write(f"\nFIGURE one file of {size:.0f} MiB: embedded {size / min(ours):,.0f} MiB/s, nginx {size / min(theirs):,.0f} MiB/s, "
                     f"ratio {min(theirs) / min(ours):.2f}\n")  # fmt: skip


def _taken(pool: urllib3.PoolManager, address: str) -> float:
    began, got = time.perf_counter(), 0
    answer = pool.request("GET", address, preload_content=False)
    assert answer.status == 200
    while block := answer.read(2**20, decode_content=False):
        got += len(block)
    answer.release_conn()
    assert got == 48 * 2**20, got
    return time.perf_counter() - began

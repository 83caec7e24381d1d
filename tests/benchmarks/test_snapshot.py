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
from creditsvc.storage.bulk import insert_alike
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


def _data(index: int, entry: str) -> dict[str, Any]:
    return {
        "entry": entry, "kind": "listing", "revision": 1, "debtor_kind": "person", "name": f"测试{index}", "sex": "male", "age": 40,
        "number_masked": "4101051985****1231", "court_code": "豫0105", "court_name": "郑州市金水区人民法院",
        "case_number": f"（2026）豫0105执{index}号",
        "filed_on": "2026-01-05", "basis_number": f"（2025）豫0105民初{index}号", "basis_issuer": "郑州市金水区人民法院",
        "obligation": "支付货款及利息、违约金，并承担案件受理费", "performance": "none", "grounds": ["evades", "property_report"],
        "published_on": "2026-03-01", "until": "2028-02-29",
    }  # fmt: skip


def _body(index: int, data: dict[str, Any], source: str) -> bytes:
    return canonical_json(
        {"data": data, "id": f"evt_{index:024d}", "salt": "A" * 43, "sequence": index, "source": source, "specversion": "1.0",
         "time": "2026-03-02T08:00:00Z", "type": "entry.published"}
    )  # fmt: skip


def _fill(services: Services, first: int, last: int) -> None:
    """Entries in force with these numbers; leaves are of no concern here."""
    now = services.clock.now()
    with services.database.reading() as session:
        source = origin_of(services.settings.host, session.get_one(FeedStream, STREAM)).source
    for start in range(first, last + 1, BLOCK):
        events, entries = [], []
        for index in range(start, min(last, start + BLOCK - 1) + 1):
            entry = f"lst_{sha256(b'%d' % index).hexdigest()[:24]}"
            events.append((index, entry, _body(index, _data(index, entry), source)))
            entries.append((entry, index, index, bucket_number(entry)))
        with services.database.writing() as session:
            session.connection().exec_driver_sql("PRAGMA cache_size=-1000000")
            same = {
                "stream": STREAM,
                "revision": 1,
                "type": "entry.published",
                "removes": False,
                "leaf": bytes(32),
                "at": now,
            }
            insert_alike(session, StreamEvent, ["sequence", "entry", "body"], events, same)
            insert_alike(session, FeedEntry, ["entry", "sequence", "full_sequence", "bucket"], entries,
                         {"stream": STREAM, "revision": 1, "salt": bytes(32), "has_slip": False, "canary": False})  # fmt: skip


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
        _fill(services, 1, ENTRIES)
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

"""The feed's figures: decision to head, idle subscribers by ETag, a crowd of whom some are slow, hang or lie.

A real service answers: its web server and its jobs in processes of their own. Figures are of this machine in this run.
"""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from sync.subscribers import NewSubscriber, add_subscriber, new_key, register_verifier
from sync.wire.canonical import canonical_json
from sync.wire.encoding import unb64url
from sync.wire.head import parse_head
from sync.wire.notes import Signer, parse_note
from sync.wire.receipts import Receipt, buckets_for, proof, sign_receipt
from sync.wire.state import StateTree
from tests.support.feed_simulator import signer
from tests.support.feed_world import OPERATOR, Register
from tests.support.house import House, house

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
SUBSCRIBERS = int(os.environ.get("FEED_SUBSCRIBERS", "200"))
BAD = SUBSCRIBERS // 10
REMOVALS = 12
EVERY = 5.0
"""Seconds between two questions of an idle subscriber."""


def _services(made: House) -> Services:
    return open_services(
        Settings.from_environ({name: value for name, value in made.environ.items() if name.startswith("CREDITSVC_")})
    )


def _cpu(made: House) -> float:
    """CPU seconds of the service's processes so far."""
    ticks, total = os.sysconf("SC_CLK_TCK"), 0
    family = {process.pid for process in made.processes}
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        stats[int(path.parent.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    for _ in range(4):
        family |= {pid for pid, (parent, _) in stats.items() if parent in family}
    total = sum(stats[pid][1] for pid in family if pid in stats)
    return total / ticks


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_decision_to_head_and_idle_subscribers(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        services = _services(made)
        register = Register(services)
        entries = register.listings(120)
        made.serve()
        pool = urllib3.PoolManager(maxsize=4, retries=False)
        address = f"{made.base}/v1/streams/public/head"
        _until(lambda: parse_head(parse_note(pool.request("GET", address).data).text).size >= 120)
        waits = []
        for entry in entries[:60]:
            before = parse_head(parse_note(pool.request("GET", address).data).text).size
            register.remove(entry)
            decided = time.monotonic()
            _until(lambda known=before: parse_head(parse_note(pool.request("GET", address).data).text).size > known)
            waits.append(time.monotonic() - decided)
            time.sleep(random.random() * 0.7)
        sys.stdout.write(
            f"\nFIGURE decision to head: p50 {statistics.median(waits):.2f} s, p99 {_percentile(waits, 0.99):.2f} s of {len(waits)}\n"
        )
        quiet = _share(made, 20, 0, address)
        asked = _share(made, 30, 100, address)
        sys.stdout.write(
            f"FIGURE 100 idle subscribers by ETag every {EVERY:.0f} s: {asked - quiet:.1%} of a core (jobs alone {quiet:.1%})\n"
        )
        services.dispose()


def _until(what: Any) -> None:
    while not what():
        time.sleep(0.02)


def _share(made: House, seconds: float, subscribers: int, address: str) -> float:
    """Share of a core that the service uses while so many ask by ETag."""
    pool = urllib3.PoolManager(maxsize=8, retries=False)
    tag, unchanged = "", 0
    began, cpu, asked = time.monotonic(), _cpu(made), 0
    while time.monotonic() - began < seconds:
        if subscribers:
            answer = pool.request("GET", address, headers={"If-None-Match": tag})
            tag, unchanged, asked = answer.headers["ETag"], unchanged + (answer.status == 304), asked + 1
        due = began + (asked * EVERY / subscribers if subscribers else seconds)
        time.sleep(max(0.0, due - time.monotonic()))
    assert not subscribers or unchanged > asked * 0.9
    return (_cpu(made) - cpu) / (time.monotonic() - began)


class Client(threading.Thread):
    """A subscriber with a copy in memory that pulls, applies and sends a receipt after every change."""

    def __init__(self, base: str, name: str, key: str, signs: Signer, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.name_, self.signs, self.over = name, signs, over
        self.pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=10, read=60), headers={"Authorization": f"Bearer {key}"}
        )
        self.path = f"{base}/v1/streams/bureau"
        self.tree, self.cursor, self.removed = StateTree(), 0, list[tuple[int, str]]()
        self.applied: dict[str, float] = {}
        self.unproved: list[str] = []

    def run(self) -> None:
        """Until it is over."""
        tag = ""
        while not self.over.wait(random.uniform(2, 5)):
            try:
                answer = self.pool.request(
                    "GET", self.path + "/head", headers={**self.pool.headers, "If-None-Match": tag}
                )
                if answer.status == 200:
                    self.advance(parse_head(parse_note(answer.data).text))
                    tag = answer.headers["ETag"]
            except urllib3.exceptions.HTTPError:
                continue

    def advance(self, head: Any) -> None:
        """Pull to the head, apply, prove."""
        if head.size == self.cursor and not self.unproved:
            return
        while self.cursor < head.size:
            raw = self.pool.request("GET", f"{self.path}/events?after={self.cursor}").data
            for line in raw.split(b"\n")[:-1]:
                event = json.loads(line)
                self.cursor = event["sequence"]
                if "data" not in event:
                    continue
                entry = event["data"]["entry"]
                if event["type"].endswith("removed"):
                    self.tree.remove(entry)
                    self.removed.append((self.cursor, entry))
                    self.unproved.append(entry)
                else:
                    self.tree.put(entry, event["data"]["revision"])
        if self.cursor > head.size:
            head = parse_head(parse_note(self.pool.request("GET", self.path + "/head").data).text)
        if self.receipt(head):
            at = time.monotonic()
            self.applied.update((entry, at) for entry in self.unproved)
            self.unproved.clear()

    def receipt(self, head: Any, *, lie: bool = False) -> bool:
        """Ask for a nonce and answer it."""
        asked = self.pool.request("POST", self.path + "/receipts/nonce", body=canonical_json({"sequence": head.size}))
        if asked.status != 200:
            return False
        told = asked.json()
        nonce = unb64url(told["nonce"], "nonce")
        removed = [entry for sequence, entry in self.removed if told["since"] < sequence <= head.size]
        buckets = buckets_for(nonce, self.name_, removed=removed, everything=told["all"])
        note = sign_receipt(
            Receipt(host=head.origin.host, subscriber=self.name_, stream="bureau", epoch=1, sequence=head.size, count=head.count,
                    state=head.state, nonce=nonce, proof=bytes(32) if lie else proof(nonce, buckets, self.tree.lines), deleted=len(removed),
                    shielded=0, history=0, onward_confirmed=0, onward=0, applied=head.published),
            self.signs,
        )  # fmt: skip
        return self.pool.request("POST", self.path + "/receipts", body=note.encode()).status == 200


class Liar(Client):
    """It pulls, and its receipts are false."""

    def receipt(self, head: Any, *, lie: bool = True) -> bool:
        """A false one."""
        return super().receipt(head, lie=True)


class Hanger(Client):
    """It sends half a request and waits; or asks for everything again and again and reads a byte a second of it."""

    def run(self) -> None:
        """Until it is over."""
        host, port = self.path.split("/")[2].split(":")
        whole = (
            f"GET /v1/streams/bureau/events?after=0 HTTP/1.1\r\nHost: {host}\r\nAuthorization: {self.pool.headers['Authorization']}\r\n\r\n"
        ).encode()
        while not self.over.is_set():
            with socket.socket() as line, suppress(OSError):
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                line.settimeout(30)
                line.connect((host, int(port)))
                line.sendall(random.choice((whole[:20], whole * 20)))
                for _ in range(20):
                    if self.over.wait(1) or not line.recv(1):
                        break


def test_healthy_subscribers_beside_slow_hanging_and_lying_ones(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        services = _services(made)
        register, over = Register(services), threading.Event()
        entries = register.listings(400)
        register.publish()
        crowd = [_join(services, made.base, number, over) for number in range(SUBSCRIBERS)]
        made.serve()
        for client in crowd:
            client.start()
        healthy = [client for client in crowd if type(client) is Client]
        _until(lambda: all(client.cursor >= 400 for client in healthy) or time.monotonic() > began + 240) if (
            began := time.monotonic()
        ) else None
        decided = {}
        for entry in entries[:REMOVALS]:
            register.remove(entry)
            decided[entry] = time.monotonic()
            time.sleep(5)
        last = time.monotonic()
        _until(lambda: all(len(client.applied) >= REMOVALS for client in healthy) or time.monotonic() > last + 90)
        over.set()
        waits = [client.applied.get(entry, last + 999) - at for client in healthy for entry, at in decided.items()]
        missing = sum(entry not in client.applied for client in healthy for entry in decided)
        sys.stdout.write(
            f"\nFIGURE {len(healthy)} healthy of {SUBSCRIBERS} subscribers, {BAD} slow, hanging or lying: removal applied and proved "
            f"p50 {statistics.median(waits):.1f} s, p99 {_percentile(waits, 0.99):.1f} s; {missing} of {len(waits)} not seen\n"
        )
        services.dispose()


def _join(services: Services, base: str, number: int, over: threading.Event) -> Client:
    now, name = services.clock.now(), f"unit-{number}"
    new = NewSubscriber(name=name, title=f"单位{number}", number="1", streams=("bureau",), purpose="信用评价",
                        valid_until=(now + timedelta(days=90)).date())  # fmt: skip
    signs = signer(name, name)
    with services.database.writing() as session:
        row = add_subscriber(session, new, caller=OPERATOR, now=now)
        key = new_key(session, row, expires_at=now + timedelta(days=30), caller=replace(OPERATOR), now=now)
        register_verifier(session, row, signs.verifier.text, caller=OPERATOR, now=now, replace=False)
    kind = (Hanger if number % 2 else Liar) if number < BAD else Client
    return kind(base, name, key, signs, over)

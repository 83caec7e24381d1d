"""A load generator: one thread, many connections, requests that were made beforehand; so cheap that it measures the server.

    python -m tests.benchmarks.load PORT FILE --seconds 5 --connections 16 [--rate 300]

Without a rate every connection asks again as soon as it is answered. With one, requests leave at their time whether or
not earlier ones came back, and are timed from when they should have left. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import pickle
import selectors
import socket
import sys
import time
from collections import Counter, deque
from itertools import cycle
from pathlib import Path


class _Connection:
    """One kept-alive connection and the answer that it waits for."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received, self.began, self.busy = b"", 0.0, False

    def send(self, request: bytes, began: float) -> None:
        self.received, self.began, self.busy = b"", began, True
        self.socket.sendall(request)

    def answered(self) -> int | None:
        """The status once the whole answer is there; raises ``ConnectionError`` when it is cut off."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("the server closed")
        self.received += piece
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        if len(body) < int(length):
            return None
        self.busy = False
        return int(head[9:12])


def run(port: int, requests: list[bytes], *, seconds: float, connections: int, rate: float | None) -> dict[str, object]:
    """Load the server for so long: statuses, answers a second, and latencies in milliseconds."""
    each, selector = cycle(requests), selectors.DefaultSelector()
    idle: deque[_Connection] = deque()
    for _ in range(connections):
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        idle.append(connection)
    statuses: Counter[int] = Counter()
    took: list[float] = []
    start = time.perf_counter()
    due, sent, waiting = start, 0, 0
    while True:
        now = time.perf_counter()
        if now - start >= seconds and not waiting:
            break
        while idle and now - start < seconds and (rate is None or due <= now):
            idle.popleft().send(next(each), now if rate is None else due)
            sent, waiting = sent + 1, waiting + 1
            due = start + sent / rate if rate else now
        pause = 0.05 if rate is None else max(0.0, min(0.05, due - now)) if idle else 0.05
        for key, _ in selector.select(pause):
            connection = key.data
            if (status := connection.answered()) is not None:
                waiting -= 1
                statuses[status] += 1
                took.append(time.perf_counter() - connection.began)
                idle.append(connection)
    elapsed = time.perf_counter() - start
    took.sort()

    def at(share: float) -> float:
        return round(took[min(len(took) - 1, int(len(took) * share))] * 1000, 2)

    return {"rate": len(took) / elapsed, "statuses": dict(statuses), "p50": at(0.5), "p99": at(0.99), "max": at(1.0)}


if __name__ == "__main__":
    _parser = argparse.ArgumentParser()
    _parser.add_argument("port", type=int)
    _parser.add_argument("file", type=Path)
    _parser.add_argument("--seconds", type=float, default=5)
    _parser.add_argument("--connections", type=int, default=16)
    _parser.add_argument("--rate", type=float)
    _told = _parser.parse_args()
    _made = pickle.loads(_told.file.read_bytes())
    _said = run(_told.port, _made, seconds=_told.seconds, connections=_told.connections, rate=_told.rate)
    sys.stdout.write(json.dumps(_said) + "\n")

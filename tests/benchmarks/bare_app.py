"""What a check is measured by: one indexed SELECT and one durable INSERT by the driver, in a bare Flask route; and plain JSON."""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import Any

from flask import Flask, request

SELECT = "SELECT id FROM subject WHERE token = {}"
INSERT = "INSERT INTO bare_ledger (token, purpose) VALUES ({0}, {0})"
application = Flask("bare")
_local = threading.local()


def _connection() -> Any:
    """One connection a thread, as a pool would hand out: every statement is its own transaction."""
    if (found := getattr(_local, "connection", None)) is None:
        address = os.environ["BARE_DATABASE"]
        if address.startswith("postgresql"):
            import psycopg

            found = psycopg.connect(address.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        else:
            found = sqlite3.connect(address, isolation_level=None, timeout=30)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=30000"):
                found.execute(f"PRAGMA {pragma}")
        _local.connection = found
        _local.place = "%s" if address.startswith("postgresql") else "?"
    return found


@application.post("/bare")
def bare() -> dict[str, object]:
    asked, connection = request.get_json(), _connection()
    token = bytes.fromhex(asked["token"])
    row = connection.execute(SELECT.format(_local.place), (token,)).fetchone()
    connection.execute(INSERT.format(_local.place), (token, asked["purpose"]))
    return {"listed": row is not None, "purpose": asked["purpose"]}


@application.post("/plain")
def plain() -> dict[str, object]:
    return {"purpose": request.get_json()["purpose"]}

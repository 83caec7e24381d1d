"""招标投标网站的接入示例：每晚取签名名单，核对后整表替换；开标前按统一社会信用代码查询。

A bidding site: fetch the signed list every night, check it, replace the whole table; ask by unit code before bids open.

    python bidding_site.py fetch https://HOST --key-file api.key --signed-by stream.keys --db list.db
    python bidding_site.py ask 91410100MA0000001X --db list.db
"""

import argparse
import base64
import csv
import hashlib
import io
import sqlite3
import sys
import urllib.request
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BEIJING = timezone(timedelta(hours=8))
COLUMNS = ("unit_code", "name", "court_name", "case_number", "until", "marks")


def signed_text(note: str, keys: list[str]) -> str:
    """The text of a signed note (C2SP) that one of these keys has signed; else ValueError."""
    text, _, lines = note.rpartition("\n\n")
    signatures = dict(line[2:].split(" ") for line in lines.splitlines())
    for name, _, public in (key.split("+", 2) for key in keys):
        raw, signature = base64.b64decode(public)[1:], base64.b64decode(signatures.get(name, ""))[4:]
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, f"{text}\n".encode())
            return text
        except InvalidSignature:
            continue
    raise ValueError("签名不可信，名单不用 / no signature to trust: this list is not used")


def checked(sheet: bytes, note: str, keys: list[str], now: datetime) -> tuple[list[dict[str, str]], str]:
    """Rows of the sheet and its last instant, once signature, digest, count and age are right; else ValueError."""
    name, _, count, digest, until = signed_text(note, keys).split("\n")
    _, columns, *rows = csv.reader(io.StringIO(sheet.decode("utf-8-sig"), newline=""))
    said = ("/v1/streams/agency/" in name, digest, int(count), datetime.fromisoformat(until) > now)
    if said != (True, hashlib.sha256(sheet).hexdigest(), len(rows), True):
        raise ValueError("名单与签名不符，或者已过有效期 / this is not the list that was signed, or it is too old")
    return [dict(zip(columns, row, strict=True)) for row in rows], until


def replace_all(db: sqlite3.Connection, rows: list[dict[str, str]], until: str) -> None:
    """Whoever has left the list is gone here too, in one transaction: no history of them is kept."""
    units = [[row[column] for column in COLUMNS] for row in rows if row["kind"] == "listing" and row["unit_code"]]
    with db:
        db.execute(f"CREATE TABLE IF NOT EXISTS list ({', '.join(COLUMNS)})")
        db.execute("CREATE TABLE IF NOT EXISTS state (until)")
        db.execute("DELETE FROM list")
        db.execute("DELETE FROM state")
        db.executemany("INSERT INTO list VALUES (?, ?, ?, ?, ?, ?)", units)
        db.execute("INSERT INTO state VALUES (?)", [until])


def ask(db: sqlite3.Connection, unit: str, now: datetime) -> tuple[int, str]:
    """0: nothing against this unit. 4: a person decides, on the clause that the register names; no machine bars anybody."""
    if datetime.fromisoformat(db.execute("SELECT until FROM state").fetchone()[0]) <= now:
        return 4, "名单已过有效期，不得据此限制 / the list is too old to rely on: a person decides"
    for _, name, court, case_number, until, marks in db.execute("SELECT * FROM list WHERE unit_code = ?", [unit]):
        standing = [mark for mark in marks.split("; ") if mark and "to=" not in mark]
        set_aside = any(f"mark={word}" in mark for mark in standing for word in ("disputed", "suspended", "shielded"))
        if not set_aside and (not until or until >= now.astimezone(BEIJING).date().isoformat()):
            return 4, f"{name}：{court}{case_number}，至 {until or '移除'} / listed: ask the register for the clause"
    return 0, "名单中没有 / not in the list"


def main() -> int:
    """One action; its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["fetch", "ask"])
    parser.add_argument("what", help="地址或者统一社会信用代码 / address, or unit code")
    for option in ("--db", "--key-file", "--signed-by"):
        parser.add_argument(option, type=Path)
    given, now = parser.parse_args(), datetime.now(UTC)
    db = sqlite3.connect(given.db)
    if given.action == "ask":
        code, said = ask(db, given.what, now)
        print(said)
        return code
    path = given.what + "/v1/streams/agency/snapshots/latest.csv"
    headers = {"Authorization": "Bearer " + given.key_file.read_text().strip()}
    requests = [urllib.request.Request(each, headers=headers) for each in (path, path + ".note")]
    sheet, note = (urllib.request.urlopen(request, timeout=60).read() for request in requests)
    rows, until = checked(sheet, note.decode(), given.signed_by.read_text().split(), now)
    replace_all(db, rows, until)
    print(f"{len(rows)} 条，有效至 / entries, until {until}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""银行的接入示例：每晚用本地副本筛查自己的客户；有记录的，再逐人问清适用条款。名单从不离开本机。

A bank: screen its own customers every night against the copy that `creditsvc mirror` keeps and proves; whoever is found is
asked about one by one, with act and clause. Only Python's own library, and the mirror's command:
    python bank.py customers.csv --mirror /var/lib/creditsvc-mirror --act loan_or_credit_card > found.csv

`customers.csv`: number, name. `found.csv`: line, answer, measure, clause, until. No identity number is written anywhere.
Exit code 0: nobody is restricted; 3: somebody is; 4: somebody has to be looked at by a person; 1: the copy can't be used.
"""

import argparse
import base64
import csv
import hashlib
import hmac
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

SECTOR = "financial_regulation"


class Copy:
    """The mirror's copy: `copy.sqlite`, and the key by which numbers are found without standing in it."""

    def __init__(self, folder: Path, key: Path) -> None:
        self._db = sqlite3.connect(f"file:{folder / 'copy.sqlite'}?mode=ro", uri=True)
        text = key.read_text().strip()
        self._key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def is_whole(self) -> bool:
        """Whether nobody can be missed: every entry has its body, and every person's entry its token."""
        lacking = "line IS NULL OR (unit_code IS NULL AND entry NOT IN (SELECT entry FROM slips))"
        return not self._db.execute(f"SELECT 1 FROM entries WHERE NOT canary AND ({lacking}) LIMIT 1").fetchone()

    def knows(self, number: str) -> bool:
        """Whether some entry may be about this number: a unit's by its code, a person's by token, also by a role."""
        token = hmac.new(self._key, b"alf-token-1\nresident_id:" + number.encode(), hashlib.sha256).digest()
        mine = base64.urlsafe_b64encode(token).rstrip(b"=").decode()
        places = ("entries WHERE unit_code = ? AND NOT canary", "slips WHERE token = ?", "role_slips WHERE token = ?")
        query = " UNION ".join(f"SELECT 1 FROM {place}" for place in places)
        return self._db.execute(query, [number, mine, mine]).fetchone() is not None


def asked(call: list[str], number: str, name: str) -> tuple[str, list[tuple[str, str, str]]]:
    """What the law says: the outcome, and of each measure its title, its clause and what ends it."""
    # by standard input: a command line can be seen by everybody on this machine
    done = subprocess.run(call, input=f"{number}\n{name}\n", text=True, capture_output=True, check=False)
    if done.returncode not in {0, 3, 4}:
        raise RuntimeError(done.stderr.strip())
    said = json.loads(done.stdout)
    measures = [each for each in said["measures"] if each["outcome"] != "clear"]
    return said["outcome"], [
        (each["title"]["zh"], each["reasons"][0]["clause"], each["ends"]["zh"]) for each in measures
    ]


def main() -> int:
    """Screen once: the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("customers", type=Path)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--token-key", type=Path, help="默认 token.key / the agreement's, or the copy's own")
    parser.add_argument("--act", default="loan_or_credit_card")
    parser.add_argument("--command", default="creditsvc")
    given = parser.parse_args()
    key, mirror = given.token_key or given.mirror / "token.key", [given.command, "mirror"]
    status = subprocess.run([*mirror, "status", "--dir", str(given.mirror)], capture_output=True, check=False)
    if status.returncode or not (copy := Copy(given.mirror, key)).is_whole():
        sys.stderr.write(
            "副本过期或者不全，今晚不筛查 / the copy is too old or not whole: nothing is screened tonight\n"
        )
        return 1
    where = ["--dir", str(given.mirror), "--token-key", str(key)]
    call = [*mirror, "check", *where, "--sector", SECTOR, "--act", given.act, "--json"]
    out, codes = csv.writer(sys.stdout), {0}
    with given.customers.open(encoding="utf-8-sig", newline="") as file:
        for line, (number, name) in enumerate(csv.reader(file), 1):
            if copy.knows(number):
                outcome, measures = asked(call, number, name)
                codes.add({"clear": 0, "restricted": 3}.get(outcome, 4))
                for title, clause, ends in measures or [("", "", "")]:
                    out.writerow([line, outcome, title, clause, ends])
    return next(code for code in (3, 4, 0) if code in codes)


if __name__ == "__main__":
    sys.exit(main())

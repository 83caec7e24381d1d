"""A client as people write it at first: it polls, adds, echoes the published state as its receipt, and checks nothing.

It must fail the conformance kit. ``python naive_client.py URL DIR STREAM KEY_FILE SUBSCRIBER SIGNING_KEY``
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def main(url: str, folder: str, stream: str, key_file: str, subscriber: str, signing_key: str) -> int:
    base = f"{url}/v1/streams/{stream.partition('/')[0]}"
    bearer = {"Authorization": f"Bearer {Path(key_file).read_text().strip()}"}

    def ask(path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(base + path, data=body, headers=bearer)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read(50_000_000)

    file = Path(folder) / "copy.json"
    file.parent.mkdir(exist_ok=True)
    copy = json.loads(file.read_text()) if file.exists() else {"cursor": 0, "entries": {}}
    head = ask("/head").decode().split("\n")
    while True:
        try:
            lines = [
                json.loads(line) for line in ask(f"/events?after={copy['cursor']}&limit=1000").splitlines() if line
            ]
        except (urllib.error.HTTPError, ValueError):
            lines = []
        for event in lines:
            if event.get("type") in ("entry.published", "entry.corrected"):
                copy["entries"][event["data"]["entry"]] = event["data"]
            copy["cursor"] = event["sequence"]
        if not lines or copy["cursor"] >= int(head[1]):
            break
    file.write_text(json.dumps(copy))
    nonce = json.loads(ask("/receipts/nonce", json.dumps({"sequence": int(head[1])}, separators=(",", ":")).encode()))
    standard = nonce["nonce"].replace("-", "+").replace("_", "/") + "="
    text = (
        f"{head[0].partition('/')[0]}/receipt/v1\nsubscriber {subscriber}\nstream {stream}\nsequence {head[1]}\n{head[3]}\n"
        f"nonce {standard}\nproof {head[3].split(' ')[2]}\neffects deleted 0 shielded 0 history 0\nonward 0 of 0\n"
        f"applied 2026-03-02T08:03:11Z\n"
    )
    private = Ed25519PrivateKey.from_private_bytes(
        base64.urlsafe_b64decode(Path(signing_key).read_text().strip() + "=")
    )
    public = b"\1" + private.public_key().public_bytes_raw()
    key_id = hashlib.sha256(subscriber.encode() + b"\n" + public).digest()[:4]
    signature = base64.b64encode(key_id + private.sign(text.encode())).decode()
    with contextlib.suppress(urllib.error.HTTPError):
        ask("/receipts", f"{text}\n\u2014 {subscriber} {signature}\n".encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

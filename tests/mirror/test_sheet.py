"""A small office checks its spreadsheet: the note beside it, the key list of its agreement, and nothing installed but the base."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from sync.wire.keys import sign_key_list
from sync.wire.sheets import sheet_text, sign_sheet
from tests.support.feed_simulator import Publisher
from wsgi import main

SHEET = "feed.test/v1/streams/agency/1/snapshot,sequence,7\n名称\n".encode()


def lay(folder: Path, until: datetime) -> tuple[Path, list[str]]:
    """Sheet, note and key list; the call."""
    feed = Publisher()
    digest = sha256(SHEET).hexdigest()
    text = sheet_text(feed.origin, "csv", sequence=7, count=1, digest=digest, valid_until=until)
    (folder / "list.csv").write_bytes(SHEET)
    (folder / "list.csv.note").write_text(sign_sheet(text, feed.log_keys), "utf-8")
    (folder / "keys.note").write_text(sign_key_list(feed.keys, feed.roots), "utf-8")
    return folder / "list.csv", ["verify", str(folder / "list.csv.note"), "--trust", str(folder / "keys.note")]


def test_it_holds_until_its_last_instant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    _, call = lay(tmp_path, now + timedelta(hours=3))
    assert main(call) == 0
    assert "list.csv" in capsys.readouterr().out
    _, call = lay(tmp_path, now - timedelta(hours=3))
    assert main(call) == 4
    assert "已过有效期" in capsys.readouterr().out


def test_a_changed_sheet_or_note_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, call = lay(tmp_path, datetime.now(UTC) + timedelta(hours=3))
    note = Path(call[1])
    good = note.read_bytes()
    for changed in (
        good.replace(b"\n7\n", b"\n8\n"),
        good.replace(b"agency", b"bureau"),
        good[:-9] + b"AAAAAAA=\n",
        good[:60],
    ):
        note.write_bytes(changed)
        assert main(call) == 1
    note.write_bytes(good)
    sheet.write_bytes(SHEET + b"\n")
    assert main(call) == 1
    assert "sheet-invalid" in capsys.readouterr().err
    sheet.unlink()
    assert main(call) == 1 and "sheet-missing" in capsys.readouterr().err
    sheet.write_bytes(SHEET)
    assert main(call[:2]) == 1 and "trust-missing" in capsys.readouterr().err

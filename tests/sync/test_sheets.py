"""The snapshot as CSV and XLSX: the same entries, no canary, nothing computed, signed beside the file."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from creditsvc.services import Services
from sync.canaries import publish_canaries
from sync.key_lists import newest_list
from sync.wire.encoding import instant
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.origins import Origin
from sync.wire.sheets import harmless, verify_sheet
from tests.support.feed_world import Register


def _read(form: str, raw: bytes) -> list[list[str]]:
    if form == "csv":
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    return [
        [str(cell) for cell in row]
        for row in CalamineWorkbook.from_filelike(io.BytesIO(raw)).get_sheet_by_index(0).to_python()
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_sheet_says_what_the_snapshot_says(
    register: Register, services: Services, client: FlaskClient, form: str
) -> None:
    entries = register.listings(3) + register.listings(1, units=True)
    register.correct(entries[0], name="=HYPERLINK(1)")
    register.annotate(entries[1], "disputed")
    register.publish()
    publish_canaries(services, services.clock.now())
    answer = client.get(f"/v1/streams/public/snapshots/latest.{form}", buffered=True)
    note = client.get(f"/v1/streams/public/snapshots/latest.{form}.note").get_data()
    first, columns, *rows = _read(form, answer.get_data())
    size, until = register.head("public").size, services.clock.now() + timedelta(days=1)
    origin = Origin(services.settings.host, "public", 1)
    assert first[:5] == [f"{origin.text}/snapshot", "sequence", str(size), "valid until", instant(until)]
    by_entry = {row[0]: dict(zip(columns, row, strict=False)) for row in rows}
    assert set(by_entry) == set(entries)
    assert by_entry[entries[0]]["name"] == "'=HYPERLINK(1)"
    assert "disputed" in by_entry[entries[1]]["marks"]
    assert by_entry[entries[3]]["unit_code"].startswith("91") and "*" in by_entry[entries[0]]["number_masked"]
    with services.database.reading() as session:
        keys = newest_list(session)
    assert keys is not None
    known = keys.stream_keys("public", 1, on=date(2026, 11, 24))
    digest = sha256(answer.get_data()).hexdigest()
    assert verify_sheet(note, known, origin, form, digest) == (size, 4, instant(until))
    with pytest.raises(FormatInvalid):
        verify_sheet(note, known, origin, form, sha256(answer.get_data() + b" ").hexdigest())
    with pytest.raises(SignatureInvalid):
        verify_sheet(note.replace(b"\n4\n", b"\n5\n"), known, origin, form, digest)


def test_sheets_of_closed_streams_need_the_agreement(register: Register, client: FlaskClient) -> None:
    assert client.get("/v1/streams/bureau/snapshots/latest.csv").status_code == 401
    assert client.get("/v1/streams/bureau/snapshots/latest.csv.note").status_code == 401
    account = register.subscriber()
    assert account.get(client, "/v1/streams/bureau/snapshots/latest.xlsx", buffered=True).status_code == 200
    assert account.get(client, "/v1/streams/agency/snapshots/latest.csv").status_code == 403


def test_no_cell_is_a_formula() -> None:
    assert [harmless(text)[0] for text in ("=1", "+1", "-1", "@x", "\t=1", "＝1")] == ["'"] * 6
    assert harmless("（2026）豫0105执1号") == "（2026）豫0105执1号"

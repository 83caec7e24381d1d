"""A whole list column by column: the same bytes as row by row, whatever stands in the entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from creditsvc.register.tables import Listing
from creditsvc.services import Services
from sync.platform import records
from sync.platform.channels.database import DatabaseChannel
from sync.platform.links import locked
from sync.platform.planning import mark_sent
from sync.platform.send import Sender
from sync.platform.shape.batches import Lane, make_batch, make_batch_of_lines
from sync.platform.shape.bulk import BulkMapper, Lines, Told
from sync.platform.shape.load import shipped
from sync.platform.shape.profile import Layout, Operation
from sync.platform.shape.rows import Mapper, Row, RowRefused
from sync.platform.tables import PlatformBatch, PlatformRefusal, PlatformRow
from sync.platform.trial import MADE_UP
from tests.platform.test_shape import AT, NUMBER, PROVIDER, SIGNER
from tests.platform.world import database_world
from tests.support.apps import Templates, world
from tests.support.depth import examples

TABLES = sorted(name for name, profile in shipped().items() if profile.layout is Layout.TABLE)
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["", "a\\b", "行\n行", "\t", "\x1f", "\x00", "\ufffe", "一" * 130, "长" * 5000]),
)
MARKS = st.sampled_from(
    [[], [{"mark": "disputed", "from": "2026-11-01"}], [{"mark": "suspended", "from": "x", "to": "y"}]]
)
UNIT = {"debtor_kind": "organisation", "unit_code": "91410100MA0000001X", "legal_representative": "李某"}


@st.composite
def entries(draw: st.DrawFn) -> list[tuple[dict[str, Any], str, str]]:
    """Entries with number and token; most of them ordinary."""
    found = []
    for at in range(draw(st.integers(1, 5))):
        data = MADE_UP | {"entry": f"lst_{at:024d}", "revision": draw(st.integers(1, 3))}
        is_unit = draw(st.booleans())
        if is_unit:
            data |= UNIT
        for name in draw(
            st.sets(st.sampled_from(["name", "obligation", "case_number", "court_name", "decision"]), max_size=2)
        ):
            data[name] = draw(WORDS)
        for name in draw(st.sets(st.sampled_from(["age", "sex", "until", "basis_issuer", "published_on"]), max_size=2)):
            data.pop(name, None)
        if draw(st.booleans()):
            data["marks"] = draw(MARKS)
        data["grounds"] = draw(st.lists(st.sampled_from(["evades", "obstructs", "unheard"]), max_size=2, unique=True))
        number = "" if is_unit else draw(st.sampled_from([NUMBER, NUMBER, ""]))
        found.append((data, number, draw(st.sampled_from(["", "ab" * 32]))))
    return found


def _plain(name: str, told: Sequence[tuple[dict[str, Any], str, str]]) -> tuple[list[Row], list[int]]:
    """Row by row; the places that the profile can't carry."""
    mapper = Mapper(shipped()[name], PROVIDER)
    mapper.begin("B1", AT)
    rows: list[Row] = []
    refused = []
    for place, (data, number, token) in enumerate(told):
        record = records.record_of(dict(data), number, token)
        try:
            rows.append(mapper.standing(record, Operation.INSERT, len(rows) + 1))
        except RowRefused:
            refused.append(place)
    return rows, refused


@cache
def _mapper(name: str) -> BulkMapper:
    return BulkMapper(shipped()[name], PROVIDER)


def _lines(name: str, told: Sequence[tuple[dict[str, Any], str, str]]) -> tuple[Lines, list[str]]:
    mapper = _mapper(name)
    mapper.begin("B1", AT)
    read = [mapper.read(msgspec.json.encode({"data": data, "id": "evt"})) for data, _, _ in told]
    parts = Told(mapper.columns(read), [number for _, number, _ in told], [token for _, _, token in told])
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(parts), type=mapper.told)
    made = mapper.lines(Told(*sent), records.divisions())
    assert made == mapper.lines(parts, records.divisions()), "through a pipe as without"
    return made, [each.debtor_kind for each in read]


@pytest.mark.parametrize("name", TABLES)
@examples(50)
@given(told=entries())
def test_column_by_column_is_row_by_row(name: str, told: list[tuple[dict[str, Any], str, str]]) -> None:
    rows, refused = _plain(name, told)
    made, _ = _lines(name, told)
    assert set(refused) <= set(made.odd), "what can't be carried is left to the way that says why"
    kept = [each for place, each in enumerate(told) if place not in refused]
    if not kept:
        return
    made, shapes = _lines(name, kept)
    for place, row in enumerate(rows):
        if place in made.odd:
            made.lines[place], made.digests[place] = row.line.encode(), row.digest.encode()
        assert (made.lines[place].decode(), made.digests[place].decode()) == (row.line, row.digest)
    one = make_batch("B1", serial=1, lane=Lane.ADDITIONS, rows=rows, at=AT, signer=SIGNER)
    other = make_batch_of_lines(
        "B1", serial=1, lane=Lane.ADDITIONS, lines=made.lines, digests=made.digests, shapes=shapes, at=AT, signer=SIGNER
    )
    assert (one.digest, one.signature, one.size) == (other.digest, other.signature, other.size)


def test_ordinary_entries_are_not_odd() -> None:
    """Else the short way would be the long one."""
    for name in TABLES:
        told = [(MADE_UP | {"entry": f"lst_{at:024d}"}, NUMBER, "ab" * 32) for at in range(3)]
        told.append((MADE_UP | UNIT | {"marks": [{"mark": "disputed", "from": "2026-11-01"}]}, "", ""))
        assert _lines(name, told)[0].odd == []


@pytest.mark.postgres
@pytest.mark.parametrize("profile", ["by_subject_tables", "sync_columns"])
def test_on_postgresql_what_went_out_is_what_goes_out_again(templates: Templates, tmp_path: Path, profile: str) -> None:
    """By lines first, row by row when the same batch is made anew; odd entries too, and what can't be carried."""
    name = f"front_bulk_{profile}"
    with world("postgres", templates, tmp_path) as services:
        templates.execute(f"CREATE DATABASE {name}")
        made = database_world(services, templates.postgres().url(name), tmp_path, profile)
        entries = made.register.listings(5) + made.register.listings(3, units=True)
        odd = {entries[1]: "给\\付\n二十万元", entries[2]: "义" * 5000, entries[3]: "\x07响\x1f铃"}
        with services.database.writing() as session:
            for row in session.scalars(select(Listing)):
                row.obligation = odd.get(row.entry, row.obligation)
                row.name = "名" * 250 if row.entry == entries[4] and profile == "sync_columns" else row.name
        made.publish()
        sent = made.send()
        assert sent.trouble == "" and sent.rows >= 7
        with services.database.reading() as session:
            batch = session.scalars(select(PlatformBatch)).one()
            refused = set(session.scalars(select(PlatformRefusal.entry)))
            kept = session.execute(select(PlatformRow.sequence, PlatformRow.entry).order_by(PlatformRow.sequence)).all()
            sender = Sender(services, made.link.id, "again")
            sender._open()
            again = sender._planner.again(batch, sender._drafter.of_plan(session, batch))
        assert [entry for _, entry in kept] == [each for each in entries if each not in refused]
        assert [sequence for sequence, _ in kept] == list(range(1, len(kept) + 1))
        assert again.size == sent.rows == batch.rows
        _marked_while_another_plans(services, made.link.id, batch.serial)
        channel = made.channel()
        assert isinstance(channel, DatabaseChannel)
        there = _there(made, batch.number)
        channel.deliver(again, again=True)
        assert _there(made, batch.number) == there, "sent again, nothing doubles"
        made.end.work(services.clock.now())
        made.fetch()
        assert made.standin.seen.bad_signatures == 0
        assert set(made.ledger.state()) == {entry for _, entry in kept}
        made.close()
        templates.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _marked_while_another_plans(services: Services, link: int, serial: int) -> None:
    """What has been handed over is marked at once, whoever plans at that moment."""
    later = services.clock.now() + timedelta(days=7)
    with services.database.writing() as planning, services.database.writing() as marking:
        locked(planning, link)
        marking.execute(text("SET LOCAL lock_timeout = '3s'"))
        mark_sent(marking, marking.get_one(PlatformBatch, (link, serial)), later)
        marking.flush()
        marking.rollback()


def _there(made: Any, number: str) -> list[Any]:
    found = []
    with made.engine.connect() as connection:
        for name in sorted(set(made.profile.tables.values())):
            place = next(column.name for column in made.profile.columns if column.source == "batch")
            rows = connection.execute(text(f"SELECT * FROM {name} WHERE {place} = :number"), {"number": number})
            found += sorted(map(repr, rows))
    return found

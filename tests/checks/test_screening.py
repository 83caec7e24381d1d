"""A list comes in, is worked off, is taken, is destroyed: through the use cases, on both databases."""

from __future__ import annotations

import io
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from creditsvc.access.tables import AccessEntry
from creditsvc.checks import screening as lists
from creditsvc.checks import screening_files as files
from creditsvc.checks import screening_work
from creditsvc.checks.screening_work import claim, destroy_old_results, run_screenings, work
from creditsvc.kernel.errors import Conflict, Gone, InvalidInput, NotFound, TooMany
from creditsvc.kernel.identity import parse_identity
from creditsvc.services import Services
from creditsvc.storage.cells import CellDamaged
from tests.checks.screening_world import (
    AGENCY,
    FLY,
    HEAD,
    OTHERS,
    csv_of,
    listed,
    rows_of,
    screened,
    send,
    state_of,
    take,
)
from tests.repair.world import person_number


def _people(services: Services, count: int) -> list[tuple[str, str, str, str]]:
    number, name, _ = listed(services, with_order=True)
    strangers = [(f"c{i}", "周某某", person_number(100 + i).number, "") for i in range(count - 1)]
    return [*strangers[: count // 2], ("=1+1", name, number, "-x"), *strangers[count // 2 :]]


def test_results_stand_beside_the_senders_own_columns(services: Services) -> None:
    rows = screened(services, csv_of(_people(services, 5)))
    assert list(rows[0])[: len(HEAD)] == list(HEAD)
    assert [row["核查结果"] for row in rows] == ["不受限制", "不受限制", "受限制", "不受限制", "不受限制"]
    hit = rows[2]
    assert hit["客户编号"] == "'=1+1"
    assert hit["备注"] == "'-x"
    assert "飞机" in hit["措施"]
    assert "第三条" in hit["条款"]
    assert "执" in hit["名单记录"]
    assert hit["何时结束"]
    assert hit["如何解除"]
    assert hit["原表行号"] == "4"


def _is_some_number(text: str) -> bool:
    """One slip in eighteen digits may make a unit's code, whose check is another: then it is that unit that is asked about."""
    try:
        parse_identity(text)
    except InvalidInput:
        return False
    return True


def test_a_number_near_a_listed_one_tells_nothing_of_it(services: Services) -> None:
    number, name, _ = listed(services)
    slips = [number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :] for place in range(6, 17)]
    swaps = [number[:place] + number[place + 1] + number[place] + number[place + 2 :] for place in range(6, 16)]
    near = [wrong for wrong in (*slips, *swaps) if wrong != number and not _is_some_number(wrong)]

    def said(asked: str) -> list[dict[str, str]]:
        rows = screened(services, csv_of([("c", asked, wrong, "") for wrong in near]))
        return [{column: value for column, value in row.items() if column != "姓名"} for row in rows]

    assert said(name) == said("没有此人")
    assert {row["核查结果"] for row in said(name)} == {"未核查"}
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessEntry)) == 0


def test_everybody_asked_stands_in_the_ledger_before_results_can_be_taken(services: Services) -> None:
    people = _people(services, 6)
    screening = send(services, csv_of([*people, ("bad", "坏某", "123", "")]))
    with pytest.raises(Conflict):
        take(services, screening.id)
    run_screenings(services, services.clock.now())
    with services.database.reading() as session:
        entries = session.scalars(select(AccessEntry).where(AccessEntry.action == "screening")).all()
    tokens = {services.vault.token(f"resident_id:{row[2]}") for row in people}
    assert {entry.subject_token for entry in entries} == tokens
    assert len(entries) == len(people)
    assert {(entry.unit, entry.actor, entry.purpose, entry.matter, entry.act) for entry in entries} == {
        ("演示航空", "staff:7", "售票核验", "T-1", "fly")
    }
    assert [entry.outcome for entry in entries if entry.subject_id] == ["restricted"]
    done = state_of(services, screening.id)
    assert (done.state, done.cursor, done.faulty, done.restricted) == ("done", 7, 1, 1)


def test_killed_anywhere_no_row_is_lost_or_doubled(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops at each step of each chunk, as a kill would; what stands then is what a new process finds."""
    monkeypatch.setattr(screening_work, "CHUNK", 3)
    people = _people(services, 30)
    screening = send(services, csv_of(people))
    steps = {
        "before-part": (files, "keep_part"),
        "before-place": (files, "put_in_place"),
        "in-ledger": (screening_work, "record_accesses"),
        "after-answer": (screening_work, "newest_event"),
    }
    for module, name in [*steps.values()] * 2:
        with monkeypatch.context() as killed:
            real = getattr(module, name)
            calls = iter([real, _die])
            killed.setattr(module, name, lambda *a, calls=calls, **k: next(calls)(*a, **k))
            claimed = claim(services, services.clock.now() + timedelta(hours=1))
            assert claimed is not None
            with pytest.raises(KeyboardInterrupt):
                work(services, claimed, until=services.clock.now() + timedelta(hours=1))
        services.clock.set(services.clock.now() + timedelta(hours=3))  # type: ignore[attr-defined]
    assert state_of(services, screening.id).cursor == 3 * 8
    run_screenings(services, services.clock.now())
    rows = rows_of(take(services, screening.id))
    assert [row["证件号码"] for row in rows] == [person[2] for person in people]
    assert [row["原表行号"] for row in rows] == [str(number) for number in range(2, 32)]
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessEntry)) == len(people)
    done = state_of(services, screening.id)
    assert (done.cursor, done.restricted + done.clear) == (30, 30)


def _die(*_a: object, **_k: object) -> None:
    raise KeyboardInterrupt


def test_two_workers_count_a_chunk_once(services: Services) -> None:
    screening = send(services, csv_of(_people(services, 8)))
    first = claim(services, services.clock.now())
    assert first is not None
    assert claim(services, services.clock.now()) is None, "it is the first one's for a while"
    services.clock.set(services.clock.now() + timedelta(minutes=5))  # type: ignore[attr-defined]
    second = claim(services, services.clock.now())
    assert second is not None
    until = services.clock.now() + timedelta(hours=1)
    assert work(services, first, until=until) == 8
    assert work(services, second, until=until) == 0
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessEntry)) == 8
    assert len(rows_of(take(services, screening.id))) == 8


def test_lists_of_another_unit_are_not_there(services: Services) -> None:
    screening = send(services, csv_of(_people(services, 3)))
    with services.database.reading() as session, pytest.raises(NotFound):
        lists.find(session, screening.id, caller=OTHERS)
    with pytest.raises(NotFound):
        lists.cancel(services, screening.id, caller=OTHERS, now=services.clock.now())
    with pytest.raises(NotFound):
        take(services, screening.id, OTHERS)


def test_cancel_destroys_what_was_sent(services: Services) -> None:
    screening = send(services, csv_of(_people(services, 3)))
    folder = files.folder(services, screening.place)
    assert folder.is_dir()
    lists.cancel(services, screening.id, caller=AGENCY, now=services.clock.now())
    assert not folder.exists()
    assert services.vault.keys_of([files.key_name(screening.id)]) == {}
    assert run_screenings(services, services.clock.now()) == ""
    with pytest.raises(Gone):
        take(services, screening.id)


def test_cancelled_in_the_middle_it_stops(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening_work, "CHUNK", 2)
    screening = send(services, csv_of(_people(services, 9)))
    real = files.keep_part

    def cancelling(services_: Services, place: str, number: int, key: bytes, content: bytes) -> object:
        part = real(services_, place, number, key, content)
        if number == 2:
            lists.cancel(services, screening.id, caller=AGENCY, now=services.clock.now())
        return part

    monkeypatch.setattr(files, "keep_part", cancelling)
    run_screenings(services, services.clock.now())
    after = state_of(services, screening.id)
    assert (after.state, after.cursor) == ("cancelled", 4)
    assert not files.folder(services, screening.place).exists()
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AccessEntry)) == 4


def test_after_failures_it_stops_and_is_resumed_where_it_was(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening_work, "CHUNK", 2)
    screening = send(services, csv_of(_people(services, 7)))
    with monkeypatch.context() as broken:
        broken.setattr(screening_work, "newest_event", lambda _session: 1 / 0)
        for _ in range(screening_work.MOST_FAILURES):
            run_screenings(services, services.clock.now())
            services.clock.set(services.clock.now() + timedelta(hours=1))  # type: ignore[attr-defined]
    stopped = state_of(services, screening.id)
    assert stopped.state == "stopped"
    assert stopped.problem is not None
    assert run_screenings(services, services.clock.now()) == ""
    lists.resume(services, screening.id, caller=AGENCY, now=services.clock.now())
    with pytest.raises(Conflict):
        lists.resume(services, screening.id, caller=AGENCY, now=services.clock.now())
    run_screenings(services, services.clock.now())
    assert len(rows_of(take(services, screening.id))) == 7


def test_results_are_destroyed_after_their_days(services: Services) -> None:
    screening = send(services, csv_of(_people(services, 3)))
    run_screenings(services, services.clock.now())
    assert destroy_old_results(services, services.clock.now() + timedelta(days=6)) == ""
    assert take(services, screening.id)
    destroy_old_results(services, services.clock.now() + timedelta(days=8))
    assert not files.folder(services, screening.place).exists()
    assert services.vault.keys_of([files.key_name(screening.id)]) == {}
    with pytest.raises(Gone):
        take(services, screening.id)
    assert state_of(services, screening.id).restricted == 1, "figures stay"


def test_nothing_lies_in_clear_and_parts_cannot_change_places(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = sqlite_services
    monkeypatch.setattr(screening_work, "CHUNK", 2)
    people = _people(services, 5)
    screening = send(services, csv_of(people))
    run_screenings(services, services.clock.now())
    services.database.dispose()
    kept = b"".join(path.read_bytes() for path in services.settings.home.rglob("*") if path.is_file())
    assert not [row[2] for row in people if row[2].encode() in kept]
    assert "周某某".encode() not in kept
    parts = sorted(files.folder(services, screening.place).glob("0*.sealed"))
    for one, other in pairwise(parts):
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        with pytest.raises(CellDamaged):
            take(services, screening.id)
        one.write_bytes(first)
    parts[0].unlink()
    with pytest.raises(CellDamaged):
        take(services, screening.id)


def test_a_unit_has_no_more_than_so_many_lists_in_hand(sqlite_services: Services) -> None:
    services = sqlite_services
    people = csv_of(_people(services, 2))
    for _ in range(lists.MOST_OPEN):
        send(services, people)
    with pytest.raises(TooMany):
        send(services, people)
    send(services, people, caller=OTHERS)
    assert len(list(files.root(services).iterdir())) == lists.MOST_OPEN + 1, "what was refused left nothing"


def test_what_nobody_can_ask_is_refused_before_anything_is_kept(sqlite_services: Services) -> None:
    services, people = sqlite_services, csv_of(_people(sqlite_services, 2))
    for wrong, field in (
        (lists.Ask("nowhere", "fly", "p", "m", FLY.on), "sector"),
        (lists.Ask("transport", "swim", "p", "m", FLY.on), "act"),
        (lists.Ask("transport", "fly", " ", "m", FLY.on), "purpose"),
        (lists.Ask("transport", "fly", "p", " ", FLY.on), "matter"),
        (lists.Ask("transport", "fly", "p", "m", FLY.on.replace(year=1990)), "on"),
    ):
        with pytest.raises(InvalidInput) as refused:
            lists.receive(services, io.BytesIO(people), wrong, filename="x", caller=AGENCY, now=services.clock.now())
        assert refused.value.details["field"] == field
    assert not files.root(services).exists() or not list(files.root(services).iterdir())

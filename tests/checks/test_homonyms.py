"""Not the listed person: cleared by two people, signed, honoured in checks, screening and watch lists, taken back by two."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import AuditEntry
from creditsvc.checks import watch
from creditsvc.checks.watch import NewList, create, in_force
from creditsvc.checks.watch_people import Watched
from creditsvc.kernel.errors import Conflict, CreditServiceError, NotAllowed, NotFound
from creditsvc.kernel.identity import parse_identity
from creditsvc.register import homonyms
from creditsvc.register.homonyms import HONOURED, MOVES, ClearanceState, NewClearance
from creditsvc.register.readings import Asked, matches_about
from creditsvc.services import Services
from tests.benchmarks.figures import staff
from tests.checks.asking import asked
from tests.checks.screening_world import AGENCY, DAY, csv_of, listed, screened
from tests.repair.world import person_number
from tests.support.people import key_header, post_form, staff_browser
from wsgi import main

CLERK, JUDGE = staff(StaffRole.CLERK, "a"), staff(StaffRole.JUDGE, "b")


def cleared(services: Services, number: str, name: str, entry: str) -> int:
    """A clearance that two people signed."""
    now, new = (
        services.clock.now(),
        NewClearance(parse_identity(number), name, entry, "核对了身份证原件和照片，不是同一人"),
    )
    with services.database.writing() as session:
        row = homonyms.propose(session, services.vault, new, caller=CLERK, now=now)
        homonyms.settle(session, row.id, agrees=True, shown_digest=row.digest, caller=JUDGE, now=now)
        return row.id


def test_honoured_at_once_wherever_somebody_asks(services: Services, client: FlaskClient) -> None:
    """A number that was typed wrongly into the list: its holder is clear as soon as two people have signed."""
    number, name, entry = listed(services, with_order=True)
    header = key_header(services, Permission.CHECK_ASK)
    watched = create(
        services, NewList("相对方", "transport", "fly", "合同管理", "H-1"), caller=AGENCY, now=services.clock.now()
    )
    watch.add(
        services, watched.id, [Watched(parse_identity(number), name, "")], caller=AGENCY, now=services.clock.now()
    )
    assert asked(client, header, number, name)["outcome"] == "restricted"
    row = cleared(services, number, name, entry)
    answer = asked(client, header, number, name)
    assert answer["outcome"] == "clear", "the order of the same case is no more theirs than the listing"
    [reference] = answer["cleared_by"]
    assert reference.startswith("HM-2026-")
    [line] = screened(services, csv_of([("1", name, number, "")]))
    assert line["核查结果"] == "不受限制" and reference in line["请人核对"]
    with services.database.reading() as session:
        assert in_force(session, services.vault, watched, on=DAY).standing == {}
        [match] = matches_about(session, [Asked(_subject(services, row), parse_identity(number), name)], on=DAY)
        assert match.cleared == (reference,)
    other_number, other_name, _ = listed(services)
    assert asked(client, header, other_number, other_name)["outcome"] == "restricted", "nobody else is touched"

    now = services.clock.now()
    with services.database.writing() as session:
        homonyms.doubt(session, row, reason="照片有误", caller=JUDGE, now=now)
    assert asked(client, header, number, name)["outcome"] == "clear", "honoured until the doubt is signed"
    with services.database.writing() as session:
        digest = homonyms.find(session, row, caller=CLERK).digest
        with pytest.raises(NotAllowed):
            homonyms.settle(session, row, agrees=True, shown_digest=digest, caller=JUDGE, now=now)
        homonyms.settle(session, row, agrees=True, shown_digest=digest, caller=staff(StaffRole.PRESIDENT, "c"), now=now)
    again = asked(client, header, number, name)
    assert (again["outcome"], again["cleared_by"]) == ("restricted", [])
    with services.database.reading() as session:
        acts = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.sequence)]
    assert [act for act in acts if act.startswith("homonym.")] == [
        "homonym.proposed", "homonym.valid", "homonym.doubted", "homonym.revoked",
    ]  # fmt: skip


def _subject(services: Services, row: int) -> str:
    with services.database.reading() as session:
        return homonyms.find(session, row, caller=CLERK).subject_id


def test_somebody_of_the_same_name(services: Services, client: FlaskClient) -> None:
    """Another number, so never on the list: the answer says by which clearance the agency need not wonder."""
    _, name, entry = listed(services)
    double = person_number(930).number
    cleared(services, double, name, entry)
    header = key_header(services, Permission.CHECK_ASK)
    answer = asked(client, header, double, name)
    assert answer["outcome"] == "clear" and len(answer["cleared_by"]) == 1
    assert asked(client, header, double, "别人")["cleared_by"] == [], "only to who knows the name as well"


def test_two_people_or_none(services: Services) -> None:
    number, name, entry = listed(services)
    now, new = services.clock.now(), NewClearance(parse_identity(number), name, entry, "核对过")
    with services.database.writing() as session:
        row = homonyms.propose(session, services.vault, new, caller=JUDGE, now=now)
        with pytest.raises(NotAllowed):
            homonyms.settle(session, row.id, agrees=True, shown_digest=row.digest, caller=JUDGE, now=now)
        with pytest.raises(Conflict):
            homonyms.settle(
                session, row.id, agrees=True, shown_digest="0" * 64, caller=staff(StaffRole.JUDGE, "x"), now=now
            )
        with pytest.raises(Conflict):
            homonyms.propose(session, services.vault, new, caller=CLERK, now=now)
    with pytest.raises(IntegrityError), services.database.writing() as session:
        homonyms.find(session, row.id, caller=JUDGE, to_change=True).approver_person = row.proposer_person
    far = replace(staff(StaffRole.JUDGE, "y"), court_code="豫0305")
    with services.database.reading() as session, pytest.raises(NotFound):
        homonyms.find(session, row.id, caller=far)


def test_only_the_table_moves_a_clearance(sqlite_services: Services) -> None:
    services = sqlite_services

    class Walk(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            services.clock.set(services.clock.now() + timedelta(seconds=1))  # type: ignore[attr-defined]
            number, name, entry = listed(services)
            new = NewClearance(parse_identity(number), name, entry, "核对过")
            with services.database.writing() as session:
                row = homonyms.propose(session, services.vault, new, caller=CLERK, now=services.clock.now())
            self.id, self.state, self.first = row.id, ClearanceState.PROPOSED, CLERK.person

        @rule(
            act=st.sampled_from(["approve", "reject", "doubt"]),
            who=st.sampled_from([JUDGE, staff(StaffRole.JUDGE, "a")]),
        )
        def go(self, act: str, who) -> None:  # type: ignore[no-untyped-def]
            now, expected = services.clock.now(), MOVES.get((self.state, act))
            allowed = expected is not None and (act == "doubt" or who.person != self.first)
            try:
                with services.database.writing() as session:
                    if act == "doubt":
                        homonyms.doubt(session, self.id, reason="有误", caller=who, now=now)
                    else:
                        digest = homonyms.find(session, self.id, caller=who).digest
                        homonyms.settle(
                            session, self.id, agrees=act == "approve", shown_digest=digest, caller=who, now=now
                        )
                done = True
            except CreditServiceError:
                done = False
            assert done == allowed
            if done and expected is not None:
                self.first = who.person if act == "doubt" else self.first
                self.state = expected
            with services.database.reading() as session:
                assert homonyms.find(session, self.id, caller=JUDGE).state == self.state.value

    run_state_machine_as_test(Walk, settings=settings(max_examples=8, stateful_step_count=6, deadline=None))


def test_the_desk_and_the_token(
    services: Services, app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number, name, entry = listed(services)
    clerk = staff_browser(app, services, StaffRole.CLERK)
    at = "/desk/homonyms/"
    form = {"number": number, "name": name, "entry": entry, "reason": "核对了身份证原件"}
    for wrong, field in (
        ({"number": "1"}, "number"),
        ({"entry": "lst_none"}, "entry"),
        ({"reason": ""}, "reason"),
        ({"name": ""}, "name"),
    ):
        refused = post_form(clerk, at, {**form, **wrong}, page=at)
        assert refused.status_code in {404, 422} and f'id="{field}-error"' in refused.get_data(as_text=True)
        assert number not in refused.get_data(as_text=True)
    one = post_form(clerk, at, form, page=at).headers["Location"]
    page = clerk.get(one).get_data(as_text=True)
    assert "须由另一人签批" in page and number not in page
    assert clerk.get(f"{one}/token").status_code == 409
    judge = staff_browser(app, services, StaffRole.JUDGE)
    digest = judge.get(one).get_data(as_text=True).split('name="digest" value="')[1][:64]
    assert post_form(judge, one, {"go": "agree", "digest": digest}, page=one).status_code == 303
    token = judge.get(f"{one}/token")
    (tmp_path / "t.json").write_bytes(token.get_data())
    (tmp_path / "keys.json").write_bytes(judge.get("/answer-keys.json").get_data())
    said = json.loads(token.get_data())
    assert number not in token.get_data(as_text=True)
    trust = ("--trust", str(tmp_path / "keys.json"))
    monkeypatch.setattr("sys.stdin", type("Typed", (), {"isatty": lambda _: False, "readline": lambda _: number})())
    assert main(["verify", str(tmp_path / "t.json"), "--number", *trust]) == 0
    assert "不是此案的被执行人" in capsys.readouterr().out
    (tmp_path / "t.json").write_text(json.dumps({**said, "case_number": "（2026）豫0105执999号"}), encoding="utf-8")
    assert main(["verify", str(tmp_path / "t.json"), *trust]) == 1
    anyone = app.test_client()
    public = anyone.get(f"/homonyms/{said['number']}")
    assert (
        public.status_code == 200
        and "有效" in public.get_data(as_text=True)
        and name not in public.get_data(as_text=True)
    )
    assert anyone.get("/homonyms/HM-2026-AAAAAAAAAA").status_code == 404
    assert post_form(judge, one, {"go": "doubt", "reason": "照片有误"}, page=one).status_code == 303
    assert "继续有效" in clerk.get(one).get_data(as_text=True)
    assert post_form(judge, one, {"go": "nothing"}, page=one).status_code == 422
    assert ClearanceState.DOUBTED.value in HONOURED

"""The ways in: API, agency page, command line; and a process killed in the middle."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from creditsvc.access.permissions import Permission, StaffRole
from creditsvc.access.tables import AccessEntry
from creditsvc.checks import screening as lists
from creditsvc.checks.screening_work import run_screenings
from creditsvc.checks.tables_screening import Screening
from creditsvc.services import Services, open_services
from creditsvc.settings import Settings
from tests.checks.screening_world import csv_of, listed, rows_of
from tests.repair.world import person_number
from tests.support.house import ROOT, House, eventually, house
from tests.support.people import key_header, post_form, staff_browser

ASK = "sector=transport&act=fly&purpose=售票核验&matter=T-9"


def _people(services: Services, count: int = 5) -> bytes:
    number, name, _ = listed(services, with_order=True)
    rows = [("1", name, number, ""), *((str(i), "周某某", person_number(500 + i).number, "") for i in range(2, count))]
    return csv_of([*rows, ("bad", "坏某", "12", "")])


def test_by_api(services: Services, client: FlaskClient) -> None:
    header = key_header(services, Permission.SCREEN_RUN)
    sent = client.post(f"/v1/screenings?{ASK}", data=_people(services), headers=header)
    assert sent.status_code == 202
    at = f"/v1/screenings/{sent.get_json()['screening']}"
    assert client.get(f"{at}/results", headers=header).status_code == 409
    run_screenings(services, services.clock.now())
    said = client.get(at, headers=header).get_json()
    assert (said["state"], said["restricted"], said["clear"], said["faulty"], said["rows"]) == ("done", 1, 3, 1, 5)
    results = client.get(f"{at}/results", headers=header)
    assert results.headers["Cache-Control"] == "no-store"
    assert [row["核查结果"] for row in rows_of(results.data)] == ["受限制", *["不受限制"] * 3, "未核查"]
    assert client.get("/v1/screenings", headers=header).get_json()["screenings"][0]["screening"] == said["screening"]
    others = key_header(services, Permission.SCREEN_RUN, unit="别的单位")
    for method, path in (("GET", at), ("GET", f"{at}/results"), ("DELETE", at), ("POST", f"{at}/resume")):
        assert client.open(path, method=method, headers=others).status_code == 404
    assert client.get("/v1/screenings", headers=others).get_json() == {"screenings": []}
    assert client.post(f"{at}/resume", headers=header).status_code == 409
    assert client.delete(at, headers=header).get_json()["state"] == "destroyed"
    assert client.get(f"{at}/results", headers=header).status_code == 410


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("sector=transport&act=fly&purpose=p&matter=m", b"", 422, "file-empty"),
        ("sector=transport&act=swim&purpose=p&matter=m", b"name,id\na,1\n", 422, "act-unknown"),
        ("sector=nowhere&act=fly&purpose=p&matter=m", b"name,id\na,1\n", 422, "sector-unknown"),
        ("sector=transport&act=fly", b"name,id\na,1\n", 422, "request-shape"),
        ("sector=transport&act=fly&purpose=p&matter=m", b"%PDF-1.4", 415, "file-type"),
        ("sector=transport&act=fly&purpose=p&matter=m", b"a,b\n1,2\n", 422, "header-missing"),
        ("sector=transport&act=fly&purpose=p&matter=m&on=1999-01-01", b"name,id\na,1\n", 422, "day-too-early"),
    ],
)
def test_what_the_api_refuses(sqlite_services: Services, query: str, body: bytes, status: int, code: str) -> None:
    from creditsvc.app import create_app
    from wsgi import features

    client = create_app(sqlite_services, features()).test_client()
    answer = client.post(
        f"/v1/screenings?{query}", data=body, headers=key_header(sqlite_services, Permission.SCREEN_RUN)
    )
    assert answer.status_code == status
    assert (answer.get_json()["type"] == code) or code == "request-shape"
    assert answer.get_json()["detail"]


def test_by_the_page(services: Services, app: Flask) -> None:
    browser = staff_browser(app, services, StaffRole.AGENCY, "agent", sector="transport")
    page = browser.get("/agency/screenings/").get_data(as_text=True)
    assert "还没有批量核查" in page
    form = {"sector": "transport", "act": "fly", "purpose": "售票核验", "matter": "T-9", "on": ""}
    at = "/agency/screenings/"

    def send(content: bytes, **more: str) -> tuple[int, str, str]:
        data = {**form, **more, "file": (io.BytesIO(content), "客户 410105198001011234.csv")}
        answer = post_form(browser, at, data, page=at, content_type="multipart/form-data")
        return answer.status_code, answer.headers.get("Location", ""), answer.get_data(as_text=True)

    status, _, text = send(b"a,b\n1,2\n")
    assert status == 422
    assert "第一行应为栏目名称" in text
    assert "售票核验" in text, "what was typed is still there"
    assert send(_people(services), purpose="")[0] == 422
    assert send(_people(services), on="yesterday")[0] == 422
    assert post_form(browser, at, form, page=at).status_code == 422
    status, where, _ = send(_people(services))
    assert status == 303
    waiting = browser.get(where).get_data(as_text=True)
    assert "排队中" in waiting
    assert "data-reload-seconds" in waiting
    assert "410105198001011234" not in waiting
    assert "已核查的行没有问题" in waiting
    run_screenings(services, services.clock.now())
    done = browser.get(where).get_data(as_text=True)
    assert "下载结果" in done
    assert "number-length" in done
    assert rows_of(browser.get(f"{where}/results").data)[0]["核查结果"] == "受限制"
    assert post_form(browser, f"{where}/cancel", page=where).status_code == 303
    destroyed = browser.get(where).get_data(as_text=True)
    assert "已销毁" in destroyed and "没有问题" not in destroyed, "what is gone can't be said to have been right"
    assert browser.get(f"{where}/results").status_code == 410
    english = browser.get(at + "?lang=en").get_data(as_text=True)
    assert "Send a list to screen" in english


def test_a_list_that_stopped_is_resumed_by_the_page(services: Services, app: Flask) -> None:
    browser = staff_browser(app, services, StaffRole.AGENCY, "agent")
    data = {
        "sector": "transport",
        "act": "fly",
        "purpose": "售票核验",
        "matter": "T-9",
        "file": (io.BytesIO(_people(services)), "x.csv"),
    }
    at = "/agency/screenings/"
    where = post_form(browser, at, data, page=at, content_type="multipart/form-data").headers["Location"]
    with services.database.writing() as session:
        session.execute(
            update(Screening).values(state="stopped", problem={"code": "internal", "zh": "出错了", "en": "it failed"})
        )
    stopped = browser.get(where).get_data(as_text=True)
    assert "出错了" in stopped
    assert "从停下之处继续" in stopped
    assert post_form(browser, f"{where}/resume", page=where).status_code == 303
    run_screenings(services, services.clock.now())
    assert "下载结果" in browser.get(where).get_data(as_text=True)


def _staffed(place: House) -> None:
    place.account("agent", "agency", "--unit", "演示航空", "--sector", "transport")


def test_by_command(tmp_path: Path) -> None:
    with house(tmp_path) as place:
        _staffed(place)
        file, out = tmp_path / "list.csv", tmp_path / "results.csv"
        file.write_bytes(csv_of([(str(i), "周某某", person_number(i).number, "") for i in range(50)]))
        asked = (
            "--sector",
            "transport",
            "--act",
            "fly",
            "--purpose",
            "售票核验",
            "--matter",
            "T-9",
            "--as",
            "agent",
            "--out",
            out,
        )
        said = place.run("screen", file, *asked)
        assert "50 / 50" in said
        assert len(rows_of(out.read_bytes())) == 50
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert "已存在" in place.run("screen", file, *asked, expect=1)
        again = tmp_path / "again.csv"
        place.run("screen", "--resume", "1", "--as", "agent", "--out", again)
        assert again.read_bytes() == out.read_bytes()
        assert "file-unreadable" in place.run(
            "screen", tmp_path / "none.csv", *asked[:-1], tmp_path / "x.csv", expect=1
        )
        assert not (tmp_path / "x.csv").exists()


def test_streamed_to_a_real_server(tmp_path: Path) -> None:
    """A body whose length nobody knew before: taken in pieces, worked off by the running service's job."""
    with house(tmp_path) as place:
        services = open_services(
            Settings.from_environ({k: v for k, v in place.environ.items() if k.startswith("CREDITSVC_")})
        )
        try:
            header = key_header(services, Permission.SCREEN_RUN)
        finally:
            services.dispose()
        place.serve()
        at = f"{place.base}/v1/screenings"

        def body() -> Iterator[bytes]:
            yield "姓名,证件号码\n".encode()
            for serial in range(3000):
                yield f"周某某,{person_number(serial).number}\n".encode()

        asked = {"sector": "transport", "act": "fly", "purpose": "售票核验", "matter": "T-9"}
        sent = urllib3.request("POST", f"{at}?{urlencode(asked)}", body=body(), headers=header, timeout=60)
        assert sent.status == 202, sent.data.decode()
        one = f"{at}/{sent.json()['screening']}"
        assert eventually(lambda: urllib3.request("GET", one, headers=header).json()["state"] == "done")
        assert len(rows_of(urllib3.request("GET", f"{one}/results", headers=header).data)) == 3000


@pytest.mark.kill
def test_killed_for_good_the_service_goes_on(tmp_path: Path) -> None:
    """SIGKILL while the command works; the service's job finishes the list, each row once."""
    count = 60_000
    with house(tmp_path) as place:
        _staffed(place)
        file = tmp_path / "list.csv"
        file.write_bytes(csv_of([(str(i), "周某某", person_number(i % 999).number, "") for i in range(count)]))
        command = [sys.executable, "-m", "wsgi", "screen", str(file), "--sector", "transport", "--act", "fly", "--purpose", "售票核验",
                   "--matter", "T-9", "--as", "agent", "--out", str(tmp_path / "never.csv")]  # fmt: skip
        process = subprocess.Popen(
            command, cwd=ROOT, env=place.environ, stdout=subprocess.DEVNULL, start_new_session=True
        )
        services = open_services(
            Settings.from_environ({k: v for k, v in place.environ.items() if k.startswith("CREDITSVC_")})
        )
        try:
            assert eventually(lambda: _cursor(services) > 0)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            stopped = _cursor(services)
            assert 0 < stopped < count, "killed in the middle"
            while (found := _screening(services)).state != lists.DONE:
                run_screenings(services, services.clock.now())
                eventually(
                    lambda: found.claimed_until is None or found.claimed_until <= services.clock.now(), seconds=70
                )
            with services.database.reading() as session:
                assert session.scalar(select(func.count()).select_from(AccessEntry)) == count
            from dataclasses import replace

            from tests.checks.screening_world import AGENCY

            results = b"".join(
                lists.results(services, found.id, caller=replace(AGENCY, unit="演示航空"), now=services.clock.now())[2]
            )
            rows = rows_of(results)
            assert [row["客户编号"] for row in rows] == [str(i) for i in range(count)]
        finally:
            services.dispose()


def _screening(services: Services) -> Screening:
    with services.database.reading() as session:
        return session.scalars(select(Screening)).one()


def _cursor(services: Services) -> int:
    with services.database.reading() as session:
        return session.scalar(select(Screening.cursor)) or 0

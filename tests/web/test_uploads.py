"""What comes in by a form never lies in clear on a disk."""

from __future__ import annotations

import io
import tempfile
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from creditsvc.storage.cells import CellDamaged
from creditsvc.web import uploads
from creditsvc.web.uploads import Request, SealedTemporary


@given(pieces=st.lists(st.binary(max_size=3000), max_size=30), step=st.integers(1, 5000))
def test_what_is_written_is_read_again(pieces: list[bytes], step: int) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(uploads, "IN_MEMORY", 1000)
        small.setattr(uploads, "PIECE", 700)
        file, whole = SealedTemporary(), b"".join(pieces)
        for piece in pieces:
            file.write(piece)
        for _ in range(2):
            assert file.seek(0) == 0
            read = b""
            while some := file.read(step):
                read += some
                assert file.tell() == len(read)
            assert read == whole
        assert file.seek(0, io.SEEK_END) == len(whole) == file.tell()
        file.close()


def test_a_large_form_leaves_nothing_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Any] = []
    real = tempfile.TemporaryFile

    def kept(*args: Any, **more: Any) -> Any:
        files.append(real(*args, **more))
        return files[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", kept)
    app = Flask("probe")
    app.request_class = Request
    number = b"410105198001011234\n"
    seen: dict[str, bool] = {}

    @app.post("/")
    def take() -> dict[str, int]:
        content = uploads.flask.request.files["file"].stream.read()
        for file in files:
            file.seek(0)
            seen["clear"] = number in file.read()
        return {"size": len(content)}

    sent = number * 100_000
    builder = EnvironBuilder(method="POST", data={"file": (io.BytesIO(sent), "list.csv")})
    environ = builder.get_environ()
    answer = app.test_client().open(environ)
    environ["wsgi.input"].close()
    builder.close()
    assert answer.get_json() == {"size": len(sent)}
    assert len(files) == 1
    assert seen == {"clear": False}


def test_what_was_changed_on_disk_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    real = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: made.append(real()) or made[-1])
    file = SealedTemporary()
    file.write(b"x" * (uploads.IN_MEMORY + 10))
    made[0].seek(5)
    kept = made[0].read(1)[0]  # random bytes lie there: what is written must differ from them, every time
    made[0].seek(5)
    made[0].write(bytes([kept ^ 1]))
    file.seek(0)
    with pytest.raises(CellDamaged):
        file.read()
    file.close()

"""Settings: complete or refused, and each mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditsvc.kernel.errors import SettingError
from creditsvc.settings import Settings


def test_an_empty_environment_is_the_embedded_service() -> None:
    settings = Settings.from_environ({"HOME": "elsewhere"})
    assert settings.database.startswith("sqlite:///")
    assert settings.keys_database != settings.database


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"CREDITSVC_DATABSE_URL": "x"}, "CREDITSVC_DATABSE_URL"),
        ({"CREDITSVC_DEMO": "perhaps"}, "CREDITSVC_DEMO"),
        ({"CREDITSVC_WEB_THREADS": "-1"}, "CREDITSVC_WEB_THREADS"),
        ({"CREDITSVC_ARGON2": "cheap"}, "ARGON2"),
        ({"CREDITSVC_TRUSTED_PROXIES": "10"}, "TRUSTED_PROXIES"),
    ],
)
def test_a_mistake_is_refused_by_name(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_environ(environ)
    assert named in refused.value.text.zh
    assert named in refused.value.text.en


def test_every_kind_of_value_is_read() -> None:
    settings = Settings.from_environ(
        {"CREDITSVC_HOME": "/data", "CREDITSVC_DEMO": "true", "CREDITSVC_WEB_WORKERS": "3"}
    )
    assert (settings.home, settings.demo, settings.web_workers) == (Path("/data"), True, 3)

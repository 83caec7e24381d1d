"""Every error has a status; every message speaks both languages."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from creditsvc.kernel.errors import CreditServiceError, SettingError
from creditsvc.web.errors import status_for

PACKAGES = ("creditsvc", "repair", "sync")


def every_subclass(kind: type) -> Iterator[type]:
    """All classes below a class."""
    for below in kind.__subclasses__():
        yield below
        yield from every_subclass(below)


def test_every_error_has_a_status() -> None:
    for package in PACKAGES:
        for found in walk_packages(import_module(package).__path__, package + "."):
            if ".migrations." not in found.name and not found.name.endswith(("env", "__main__")):
                import_module(found.name)
    kinds = [kind for kind in every_subclass(CreditServiceError) if not issubclass(kind, SettingError)]
    assert len(kinds) > 10
    for kind in kinds:
        assert 400 <= status_for(kind) < 600, kind

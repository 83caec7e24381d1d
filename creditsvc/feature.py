"""What a feature hands in. ``wsgi.py`` lists the features; ``app.py``, the commands and the jobs put them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from creditsvc.kernel.text import Bilingual
from creditsvc.ports import Ports
from creditsvc.services import Services

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Blueprint


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry of a desk's menu, shown to those who hold the permission."""

    area: str
    """``desk``, ``agency``, ``portal``, ``oversight`` or ``subscriber``."""
    endpoint: str
    label: Bilingual
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class Job:
    """Work that recurs. It computes from tables what is due, so a missed tick costs nothing.

    ``run`` gets the services and one reading of the clock and commits by itself; it returns a line for the journal.
    """

    name: str
    run: Callable[[Services, datetime], str]
    every_seconds: int
    purpose: Bilingual
    prompt: bool = False
    """Somebody waits for it: it has a thread of its own that looks for work many times a second, not by the clock."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A room of the house, as the roof sees it."""

    name: str
    blueprints: Callable[[], Sequence[Blueprint]] = tuple
    """Pages."""
    api_blueprints: Callable[[], Sequence[Any]] = tuple
    """``flask_smorest.Blueprint`` objects, mounted under ``/v1``."""
    jobs: Sequence[Job] = ()
    navigation: Sequence[NavigationItem] = ()
    ports: Mapping[str, Any] = field(default_factory=dict)
    """Ports that it fills, by name: see ``creditsvc/ports.py``."""
    prepare: Callable[[Services, datetime], None] | None = None
    """Run by ``creditsvc migrate`` once the tables stand: makes what must exist before the first request."""
    translations: str | None = None
    """Package folder with its gettext catalogues, for example ``repair/translations``."""


def furnished(services: Services, features: Sequence[Feature]) -> Services:
    """The same services with the features' ports: for jobs and pages, which act for the whole house."""
    filled: dict[str, Any] = {}
    for feature in features:
        filled.update(feature.ports)
    return replace(services, ports=Ports(filled))

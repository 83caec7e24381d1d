"""What a view can reach: the services of this application, its ports, its navigation, and who is asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app, g

from creditsvc.access.callers import ANONYMOUS, Caller
from creditsvc.feature import NavigationItem
from creditsvc.ports import Ports
from creditsvc.services import Services

if TYPE_CHECKING:
    from flask import Flask

EXTENSION = "creditsvc"


@dataclass(frozen=True, slots=True)
class Installed:
    """What ``create_app`` keeps in the application."""

    services: Services
    ports: Ports
    navigation: Sequence[NavigationItem]
    translations: Sequence[str]


def installed(app: Flask | None = None) -> Installed:
    """The parts kept in this application."""
    return cast(Installed, (app or current_app).extensions[EXTENSION])


def services() -> Services:
    """Settings, clock, databases and vault of this application."""
    return installed().services


def ports() -> Ports:
    """The ports that this application's features fill."""
    return installed().ports


def caller() -> Caller:
    """Who is asking; anonymous until the session or the key has been read."""
    return cast(Caller, g.get("caller", ANONYMOUS))

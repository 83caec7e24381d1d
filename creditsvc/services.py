"""What every way in needs: settings, clock, databases, vault. Made once a process, handed to whoever asks."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from creditsvc.ports import NO_PORTS, Ports
from creditsvc.settings import Settings
from creditsvc.storage.engine import Database
from creditsvc.storage.keyring import Keyring, open_keyring
from creditsvc.storage.vault import Vault
from creditsvc.wallclock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running installation."""

    settings: Settings
    clock: Clock
    database: Database
    keys: Database
    keyring: Keyring
    vault: Vault
    ports: Ports = NO_PORTS
    """Filled by the house's features; a command that is handed no features has none."""

    def dispose(self) -> None:
        """Close every connection."""
        self.database.dispose()
        self.keys.dispose()


def keep_loaded() -> None:
    """What is loaded when a process begins stays: the collector need not walk it again and again, nor look so often.

    A list that is read makes millions of rows that hold no circles; walking them took a quarter of the time.
    """
    if not gc.get_freeze_count():
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)


def open_services(settings: Settings, *, clock: Clock | None = None) -> Services:
    """The parts for these settings; raises ``SettingError`` where the keys are missing."""
    keep_loaded()
    keyring = open_keyring(settings.keys)
    keys = Database(settings.keys_database)
    return Services(
        settings=settings,
        clock=clock or SystemClock(),
        database=Database(settings.database),
        keys=keys,
        keyring=keyring,
        vault=Vault(keyring, keys),
    )

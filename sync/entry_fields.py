"""Fields of entries for the streams, whichever room they come from: the register's own, and those that a port hands in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from creditsvc.register.feed_fields import FeedFields, feed_fields
from creditsvc.services import Services
from creditsvc.settings import Settings
from sync.wire.ids import ENTRY_PREFIXES

OF_THE_REGISTER = frozenset({"listing", "consumption_order"})


def known_kinds(services: Services) -> frozenset[str]:
    """Kinds of entry whose fields can be had here. A fact of another kind waits for a process that can."""
    return OF_THE_REGISTER | services.ports.publishable().keys()


def entry_fields(session: Session, services: Services, entries: Sequence[str]) -> dict[str, FeedFields]:
    """Fields by entry, as they are now, with the catalogue's codes; unknown entries are absent."""
    own = [entry for entry in entries if kind_of(entry) in OF_THE_REGISTER]
    found = feed_fields(session, services.vault, own)
    for kind, port in services.ports.publishable().items():
        if wanted := [entry for entry in entries if kind_of(entry) == kind]:
            found.update(_of_kind(port(session, services.vault, wanted), kind, wanted))
    codes = _codes(services.settings)
    return {entry: _coded(fields, codes.get(fields.kind, "")) for entry, fields in found.items()}


def kind_of(entry: str) -> str:
    """The kind of an entry, by its name; empty if it is no entry's."""
    return next((kind for kind, prefix in ENTRY_PREFIXES.items() if entry.startswith(prefix)), "")


def _of_kind(given: Mapping[str, FeedFields], kind: str, wanted: Collection[str]) -> dict[str, FeedFields]:
    """Only what was asked for and is of its kind: a port can't speak about the register's entries."""
    return {entry: fields for entry, fields in given.items() if entry in wanted and fields.kind == kind}


def _codes(settings: Settings) -> dict[str, str]:
    return {"listing": settings.catalogue_code_listing, "incentive": settings.catalogue_code_incentive}


def _coded(fields: FeedFields, code: str) -> FeedFields:
    return replace(fields, data=fields.data | {"catalogue_code": code}) if code else fields

"""Courts and their codes (法〔2015〕137号), and the many ways in which their names are written.

Pure: the table is handed in (see ``load.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

_UNSEEN = re.compile("[\\s\u200b-\u200d\u2060\ufeff]+")
_LONGEST = 100
_NAMELESS = frozenset({"法院", "中院"})
"""What is left of a city's only court without its city; it means no court."""


@dataclass(frozen=True, slots=True)
class Court:
    """One court. ``code`` is its 代字, for example 豫0105; ``status`` is ``current``, ``historic`` or ``unconfirmed``.

    A historic court's code stays valid in case numbers (法〔2015〕137号 art. 13); ``successor_code`` names who took it over.
    ``code_is_settled`` is false where the code is known by hearsay only: worth a warning, and never a reason to refuse.
    """

    code: str
    name: str
    variants: tuple[str, ...]
    level: str
    parent_code: str
    city: str
    division_code: str
    status: str
    successor_code: str = ""
    code_is_settled: bool = True

    @property
    def short_name(self) -> str:
        """The name without the province and city that stand before it."""
        return self.name.removeprefix("河南省").removeprefix(self.city) or self.name


@lru_cache(maxsize=4096)
def fold_court_name(raw: str) -> str:
    """A court's name for comparing: NFKC, no spaces or marks that can't be seen, without the province, 法院 for 人民法院."""
    text = _UNSEEN.sub("", normalize("NFKC", raw))
    text = text.removeprefix("河南省").removeprefix("河南") or text
    return text.replace("中级人民法院", "中院").replace("中级法院", "中院").replace("人民法院", "法院")


class CourtIndex:
    """All courts, by code and by any name that means just one of them."""

    def __init__(self, courts: Iterable[Court]) -> None:
        self._all = tuple(courts)
        self._by_code = {court.code: court for court in self._all}
        self._cities = {court.city.removesuffix("市") for court in self._all if court.city}
        official = self._meanings((court, (court.name, *court.variants)) for court in self._all)
        shortened = self._meanings((court, self._shortened(court)) for court in self._all)
        self._by_name = shortened | official  # a name that a court bears goes before one that was cut from a longer

    def _meanings(self, names: Iterable[tuple[Court, Iterable[str]]]) -> dict[str, Court | None]:
        meant: dict[str, set[str]] = {}
        for court, spellings in names:
            for name in spellings:
                meant.setdefault(fold_court_name(name), set()).add(court.code)
        return {name: self._one(codes) for name, codes in meant.items() if name not in _NAMELESS}

    def _one(self, codes: set[str]) -> Court | None:
        standing = [code for code in codes if self._by_code[code].status == "current"] or list(codes)
        return self._by_code[standing[0]] if len(standing) == 1 else None

    def _shortened(self, court: Court) -> Iterable[str]:
        """How people write it among themselves: without the city, without 市, without 区 or 县 (孝南法院)."""
        bare = court.name.removeprefix("河南省").removeprefix(court.city) if court.city else court.name
        city = court.city.removesuffix("市")
        yield from (bare, court.city + bare, city + bare)
        stem = bare.removesuffix("人民法院")
        if (
            court.level == "basic"
            and stem[-1:] in {"区", "县", "市"}
            and len(stem) > 2
            and stem[:-1] not in self._cities
        ):
            yield from (f"{before}{stem[:-1]}法院" for before in ("", court.city, city))

    def all(self) -> tuple[Court, ...]:
        """Every court, in the order of the table."""
        return self._all

    def by_code(self, code: str) -> Court | None:
        """The court with this code, or none."""
        return self._by_code.get(code)

    def successor(self, court: Court) -> Court:
        """The court that stands in its place today: itself, if it still does."""
        while court.successor_code and (later := self._by_code.get(court.successor_code)):
            court = later
        return court

    def resolve(self, name: str) -> Court | None:
        """The one court that a name means; none if no court, or more than one, is called so."""
        return self._by_name.get(fold_court_name(name)) if len(name) <= _LONGEST else None

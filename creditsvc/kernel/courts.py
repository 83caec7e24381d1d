"""Courts and their codes (法〔2015〕137号), and the many ways in which their names are written.

Pure: the table is handed in (see ``load.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import normalize


@dataclass(frozen=True, slots=True)
class Court:
    """One court. ``code`` is its 代字, for example 豫0105; ``status`` is ``current``, ``historic`` or ``unconfirmed``."""

    code: str
    name: str
    variants: tuple[str, ...]
    level: str
    parent_code: str
    city: str
    division_code: str
    status: str
    successor_code: str = ""

    @property
    def short_name(self) -> str:
        """The name without the province and city that stand before it."""
        return self.name.removeprefix("河南省").removeprefix(self.city) or self.name


def fold_court_name(raw: str) -> str:
    """A court's name for comparing: NFKC, no spaces, without the province, 法院 for 人民法院."""
    text = "".join(normalize("NFKC", raw).split())
    text = text.removeprefix("河南省").removeprefix("河南") or text
    return text.replace("中级人民法院", "中院").replace("中级法院", "中院").replace("人民法院", "法院")


class CourtIndex:
    """All courts, by code and by any name that means just one of them."""

    def __init__(self, courts: Iterable[Court]) -> None:
        self._all = tuple(courts)
        self._by_code = {court.code: court for court in self._all}
        meant: dict[str, set[str]] = {}
        for court in self._all:
            for name in (court.name, *court.variants, *_shorter(court)):
                meant.setdefault(fold_court_name(name), set()).add(court.code)
        self._by_name = {name: self._one(codes) for name, codes in meant.items()}

    def _one(self, codes: set[str]) -> Court | None:
        standing = [code for code in codes if self._by_code[code].status == "current"] or list(codes)
        return self._by_code[standing[0]] if len(standing) == 1 else None

    def all(self) -> tuple[Court, ...]:
        """Every court, in the order of the table."""
        return self._all

    def by_code(self, code: str) -> Court | None:
        """The court with this code, or none."""
        return self._by_code.get(code)

    def resolve(self, name: str) -> Court | None:
        """The one court that a name means; none if no court, or more than one, is called so."""
        return self._by_name.get(fold_court_name(name))


def _shorter(court: Court) -> tuple[str, ...]:
    """The name without the city, as courts write it among themselves; ambiguous ones resolve to nobody."""
    bare = court.name.removeprefix("河南省")
    return (bare, bare.removeprefix(court.city)) if court.city else (bare,)

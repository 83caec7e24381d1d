"""What holds a batch until a person releases it with a reason: it would change too much, or looks cut off. Pure.

Absence removes nobody, so a file that is too short does no harm by itself; it is held because whoever sent it believes
that all of it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_GROWTH = 0.05
"""Of the whole list by one batch."""
MAX_COURT_SHARE = 0.20
"""Of one court's entries, gained or lost by one batch."""
FEW = 20
"""Rows of one court that are never too many."""
MAX_FAULTS = 0.30
MIN_SHARE_OF_LAST = 0.50
"""Of the rows that the sender's last file had."""
MANY = 200
"""Rows from which on a file is compared with the one before."""


@dataclass(frozen=True, slots=True)
class CourtCounts:
    """What a batch does to one court's entries."""

    name: str
    standing: int
    gain: int
    lose: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a batch would do, in figures."""

    rows: int
    faulty: int
    gain: int
    lose: int
    standing: int
    courts: Sequence[CourtCounts] = ()
    declared: int | None = None
    last_rows: int | None = None


def held(counts: Counts) -> list[dict[str, str]]:
    """Every guard that holds it: a code and both texts; empty if none does."""
    return [{"code": code, "zh": zh, "en": en} for code, zh, en in (*_size(counts), *_change(counts), *_courts(counts))]


def _size(counts: Counts) -> Iterator[tuple[str, str, str]]:
    if counts.declared is not None and counts.declared != counts.rows:
        yield ("count", f"报送说明有 {counts.declared} 行，实际读到 {counts.rows} 行：文件可能没有传完整",
               f"{counts.declared} rows were announced and {counts.rows} read: the file may be cut off")  # fmt: skip
    last = counts.last_rows
    if last is not None and last >= MANY and counts.rows < last * MIN_SHARE_OF_LAST:
        yield ("shrunk", f"上一次同类文件有 {last} 行，这次只有 {counts.rows} 行：文件可能残缺",
               f"the last file of this kind had {last} rows, this one {counts.rows}: it may be damaged")  # fmt: skip
    if counts.rows and counts.faulty / counts.rows > MAX_FAULTS:
        share = f"{counts.faulty / counts.rows:.0%}"
        yield ("faults", f"{share} 的行有误（超过 {MAX_FAULTS:.0%}），文件可能残缺或栏目错位",
               f"{share} of the rows are faulty, more than {MAX_FAULTS:.0%}: it may be damaged")  # fmt: skip


def _change(counts: Counts) -> Iterator[tuple[str, str, str]]:
    if not counts.standing:
        return
    for code, count, zh, en in (("growth", counts.gain, "增加", "grow"), ("loss", counts.lose, "减少", "shrink")):
        share = count / counts.standing
        if count > FEW and share > MAX_GROWTH:
            yield (code, f"将使在册记录{zh} {share:.0%}（超过 {MAX_GROWTH:.0%}），请核对文件是否正确",
                   f"the list would {en} by {share:.0%}, more than {MAX_GROWTH:.0%}: is it the right file?")  # fmt: skip


def _courts(counts: Counts) -> Iterator[tuple[str, str, str]]:
    """One line a guard, naming the courts, most affected first."""
    if not counts.standing:
        return
    for code, verb, en in (("court-gain", "列入", "gains"), ("court-loss", "移出", "loses")):
        found = sorted(_too_many(counts.courts, gains=code == "court-gain"), reverse=True)
        if found:
            named = "、".join(f"{name}{verb} {count} 条（在册 {standing}）" for _, count, standing, name in found[:5])
            more = f"等 {len(found)} 个法院" if len(found) > 5 else ""
            yield (code, f"个别法院变动过大：{named}{more}，请向法院核实",
                   f"a single court {en} too many: {named}; ask the court")  # fmt: skip


def _too_many(courts: Sequence[CourtCounts], *, gains: bool) -> Iterator[tuple[float, int, int, str]]:
    for court in courts:
        count = court.gain if gains else court.lose
        if count > FEW and count > court.standing * MAX_COURT_SHARE:
            yield count / max(1, court.standing), count, court.standing, court.name

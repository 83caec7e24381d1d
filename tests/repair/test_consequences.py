"""What an entry blocks, as the portal says it: the entry's own measures, each once, with clause and end."""

from __future__ import annotations

from datetime import date

from punishment_rules.facts import Facts, ListingFact, OrderFact
from punishment_rules.law import Ground
from punishment_rules.load import catalogue
from punishment_rules.overlay import Overlay, OverlayRow, Stance
from repair.consequences import binding

DAY = date(2026, 11, 24)
LISTING = ListingFact(
    "lst_a", (Ground.ABLE_BUT_REFUSES,), "郑州市金水区人民法院", "（2026）豫0105执1号", date(2026, 1, 1)
)
ORDER = OrderFact("ord_a", "郑州市金水区人民法院", "（2026）豫0105执1号", date(2026, 1, 1))


def ids(facts: Facts, entry: str, on: date = DAY) -> list[str]:
    return [measure.id for sector in binding(facts, entry, on=on, rules=catalogue()) for measure in sector.measures]


def test_a_listing_blocks_tenders_and_flying_and_says_by_which_clause() -> None:
    found = {
        measure.id: measure
        for sector in binding(Facts(listings=(LISTING,)), "lst_a", on=DAY, rules=catalogue())
        for measure in sector.measures
    }
    assert {"bid-tenderer-bar", "travel-air"} <= set(found)
    assert "中办发〔2016〕64号" in found["bid-tenderer-bar"].clause.zh
    assert all(measure.ends.zh and measure.text.zh for measure in found.values())


def test_an_order_alone_blocks_travel_and_no_tender() -> None:
    found = ids(Facts(orders=(ORDER,)), "ord_a")
    assert "travel-air" in found
    assert "bid-tenderer-bar" not in found


def test_each_measure_once_and_only_by_its_own_entry() -> None:
    both = Facts(listings=(LISTING,), orders=(ORDER,))
    assert len(ids(both, "lst_a")) == len(set(ids(both, "lst_a")))
    assert set(ids(both, "ord_a")) < set(ids(both, "lst_a"))
    assert ids(both, "lst_other") == []


def test_nothing_after_the_end() -> None:
    ended = ListingFact(**{**{n: getattr(LISTING, n) for n in LISTING.__slots__}, "ended_on": DAY})
    assert ids(Facts(listings=(ended,)), "lst_a") == []


def test_a_row_that_the_legal_department_holds_blocks_nothing() -> None:
    held = Overlay((OverlayRow("travel-air", Stance.HELD, date(2026, 11, 1), None, "法规处", "1号"),))
    facts = Facts(listings=(LISTING,))
    found = {
        measure.id
        for sector in binding(facts, "lst_a", on=DAY, rules=catalogue(), overlay=held)
        for measure in sector.measures
    }
    assert found == set(ids(facts, "lst_a")) - {"travel-air"}

"""A cell opens where it was sealed and nowhere else; a label's key is its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.errors import SettingError
from creditsvc.storage.cells import CellDamaged, Place, seal, unseal
from creditsvc.storage.keyring import Keyring, create_keyring, open_keyring

KEY, KID = bytes(range(32)), b"kid1"
PLACE = Place("subject", "number_cell", "row1", "subject1")
OTHERS = [
    replace(PLACE, table="listing"),
    replace(PLACE, column="name"),
    replace(PLACE, row="row2"),
    replace(PLACE, subject="subject2"),
]


@given(st.binary(max_size=200))
def test_what_is_sealed_opens(value: bytes) -> None:
    assert unseal(KEY, PLACE, seal(KEY, KID, PLACE, value)) == value


@pytest.mark.parametrize("place", OTHERS)
def test_a_moved_cell_does_not_open(place: Place) -> None:
    with pytest.raises(CellDamaged):
        unseal(KEY, place, seal(KEY, KID, PLACE, b"value"))


@given(position=st.integers(0, 44), bit=st.integers(0, 7))
def test_no_bit_can_change(position: int, bit: int) -> None:
    cell = bytearray(seal(KEY, KID, PLACE, b"some value."))
    cell[position % len(cell)] ^= 1 << bit
    with pytest.raises(CellDamaged):
        unseal(KEY, PLACE, bytes(cell))


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_in_one_way(cell: bytes) -> None:
    with pytest.raises(CellDamaged):
        unseal(KEY, PLACE, cell)


def test_one_value_never_gives_one_cell() -> None:
    assert len({seal(KEY, KID, PLACE, b"x") for _ in range(1000)}) == 1000


def test_places_do_not_run_together() -> None:
    cell = seal(KEY, KID, Place("ab", "c", "d"), b"x")
    with pytest.raises(CellDamaged):
        unseal(KEY, Place("a", "bc", "d"), cell)


def test_labels_have_keys_of_their_own(tmp_path: Path) -> None:
    ring = create_keyring(tmp_path / "keys")
    assert ring.secret("a") != ring.secret("b")
    assert ring.secret("a") == open_keyring(tmp_path / "keys").secret("a")
    assert (tmp_path / "keys" / "root").stat().st_mode & 0o777 == 0o400


def test_a_ring_is_never_made_over(tmp_path: Path) -> None:
    assert create_keyring(tmp_path).secret("a") == create_keyring(tmp_path).secret("a")


def test_no_ring_no_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="migrate"):
        open_keyring(tmp_path)
    with pytest.raises(SettingError):
        Keyring(b"short")


def test_a_ring_does_not_show_its_secret() -> None:
    root = bytes(range(32))
    assert root.hex() not in repr(Keyring(root))

"""The tree against RFC 6962's own vectors and against a plain recursive definition."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.wire.errors import FormatInvalid, ProofInvalid
from sync.wire.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    leaf_hash,
    load_frontier,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)
from sync.wire.tiles import Tile, TileNodes, bundle_bytes, exists, parse_bundle, parse_tile_path, tile_bytes, tiles_of

RFC_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
RFC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def plain_root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaf_hash(leaves[0]) if leaves else EMPTY_ROOT
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + plain_root(leaves[:split]) + plain_root(leaves[split:])).digest()


def leaves_of(count: int) -> list[bytes]:
    return [sha256(str(index).encode()).digest() for index in range(count)]


LEAVES = leaves_of(700)
TREE = Tree(LEAVES)


def test_the_roots_of_rfc_6962() -> None:
    tree = Tree()
    for leaf, root in zip(RFC_LEAVES, RFC_ROOTS, strict=True):
        tree.append(leaf)
        assert tree.root().hex() == root


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 700])
def test_every_way_to_a_root_agrees(size: int) -> None:
    expected = plain_root(LEAVES[:size])
    assert tree_hash(LEAVES[:size]) == expected
    assert TREE.root(size) == expected
    frontier = frontier_at(size, TREE.node)
    assert load_frontier(size, frontier.stored()).root() == expected


@given(st.integers(1, 700), st.data())
def test_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, TREE.node)
    known = {"index": index, "size": size, "leaf": leaf_hash(LEAVES[index]), "root": TREE.root(size)}
    verify_inclusion(**known, proof=proof)  # type: ignore[arg-type]
    for wrong in (proof[:-1], [*proof, EMPTY_ROOT], [EMPTY_ROOT, *proof]):
        if wrong != proof:
            with pytest.raises(ProofInvalid):
                verify_inclusion(**known, proof=wrong)  # type: ignore[arg-type]
    with pytest.raises(ProofInvalid):
        verify_inclusion(**(known | {"leaf": EMPTY_ROOT}), proof=proof)  # type: ignore[arg-type]


@given(st.integers(0, 700), st.integers(0, 700))
def test_consistency(one: int, other: int) -> None:
    first, second = sorted((one, other))
    proof = consistency_proof(first, second, TREE.node)
    roots = {"first_root": TREE.root(first), "second_root": TREE.root(second)}
    verify_consistency(first=first, second=second, proof=proof, **roots)
    with pytest.raises(ProofInvalid):
        verify_consistency(first=first, second=second, proof=[*proof, EMPTY_ROOT], **roots)
    with pytest.raises(ProofInvalid):
        verify_consistency(first=first, second=second, proof=proof, **(roots | {"first_root": b"x" * 32}))
    if 0 < first < second:
        with pytest.raises(ProofInvalid):
            verify_consistency(first=first, second=second, proof=proof, **(roots | {"second_root": b"x" * 32}))


def test_a_grown_frontier_is_the_tree() -> None:
    frontier = frontier_at(300, TREE.node)
    copy = frontier.copy()
    for leaf in LEAVES[300:]:
        frontier.append(leaf_hash(leaf))
    assert frontier.root() == TREE.root()
    assert copy.root() == TREE.root(300)
    with pytest.raises(FormatInvalid):
        load_frontier(5, copy.stored())


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 999, 7), "tile/1/999.p/7"),
        (Tile(None, 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_tile_paths(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path", ["tile/00/000", "tile/0/1", "tile/0/x000/001", "tile/0/001.p/256", "tile/0/001.p/0", "tile/8/000", "x"]
)
def test_no_tile_has_a_second_path(path: str) -> None:
    with pytest.raises(FormatInvalid):
        parse_tile_path(path)


@pytest.mark.parametrize("size", [1, 256, 257, 700])
def test_a_log_can_be_proved_from_its_tiles(size: int) -> None:
    files = {tile.path: tile_bytes(tile, TREE.node) for tile in tiles_of(size) if tile.level is not None}
    nodes = TileNodes(size, lambda tile: files[tile.path])
    assert frontier_at(size, nodes).root() == TREE.root(size)
    proof = consistency_proof(size // 2, size, nodes)
    verify_consistency(
        first=size // 2, second=size, first_root=TREE.root(size // 2), second_root=TREE.root(size), proof=proof
    )
    with pytest.raises(FormatInvalid):
        nodes(0, size)


def test_the_tiles_of_seventy_thousand() -> None:
    """The example of C2SP tlog-tiles."""
    tiles = [tile for tile in tiles_of(70_000) if tile.level is not None]
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert [(tile.level, tile.width) for tile in tiles if tile.width < 256] == [(0, 112), (1, 17), (2, 1)]
    assert exists(Tile(0, 273, 100), 70_000) and not exists(Tile(0, 273, 113), 70_000)
    newer = {tile.path for tile in tiles_of(70_001, since=70_000)}
    assert newer == {"tile/0/273.p/113", "tile/entries/273.p/113"}


def test_bundles() -> None:
    assert parse_bundle(bundle_bytes(LEAVES[:3])) == LEAVES[:3]
    with pytest.raises(FormatInvalid):
        parse_bundle(bundle_bytes(LEAVES[:3])[:-1])


def test_appending_names_what_it_completes() -> None:
    frontier = Frontier()
    seen = [[(level, index) for level, index, _ in frontier.append(leaf_hash(leaf))] for leaf in LEAVES[:4]]
    assert seen == [[(0, 0)], [(0, 1), (1, 0)], [(0, 2)], [(0, 3), (1, 1), (2, 0)]]

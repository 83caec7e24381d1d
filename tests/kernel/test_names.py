"""Names compared: what a reader takes for the same is the same, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditsvc.kernel.names import normalise_name, same_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿不都•热合曼", "阿不都·热合曼"),
        ("阿不都．热合曼", "阿不都.热合曼"),
        ("张 三", "张三"),
        ("张　三\u200b", "张三"),
        ("河南某某(集团)有限公司", "河南某某（集团）有限公司 "),
        ("河南某某〔集团〕有限公司", "河南某某（集团）有限公司"),
        ("河南ＡＢＣ１有限公司", "河南ABC1有限公司"),
        ("John  Smith", "JOHN SMITH"),
        ("Jose\u0301 X", "Jos\u00e9 x"),
        ("㛃 䶮", "㛃䶮"),
    ],
)
def test_the_same_to_a_reader(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王①", "王1"),
        ("张三", "张叁"),
        ("王㎡", "王m2"),
        ("JohnSmith", "John Smith"),
        ("河南某某有限公司", "河南某某（集团）有限公司"),
        ("", ""),
        (" ", "\u200b"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(st.text(max_size=40))
def test_what_is_normal_stays_so(raw: str) -> None:
    assert normalise_name(normalise_name(raw)) == normalise_name(raw)

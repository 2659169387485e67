"""The fast test of a cell never means anything else than the language does."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app import feel
from app.feel.dmn import cells

NUMBERS = st.one_of(
    st.integers(-5, 12), st.decimals(-5, 12, places=1, allow_nan=False, allow_infinity=False)
)
WORDS = st.sampled_from(["a", "b", "客户原因", ""])
number = NUMBERS.map(lambda n: format(n, "f") if isinstance(n, Decimal) else str(n))
numeric = st.one_of(
    number,
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), number).map(" ".join),
    st.tuples(st.sampled_from("[(]"), number, number, st.sampled_from("])[")).map(
        lambda p: f"{p[0]}{p[1]}..{p[2]}{p[3]}"
    ),
)
word = WORDS.map(lambda w: f'"{w}"')
items = st.one_of(
    st.lists(numeric, min_size=1, max_size=3),
    st.lists(word, min_size=1, max_size=3),
    st.lists(st.sampled_from(["true", "false"]), min_size=1, max_size=2),
).map(", ".join)
cell = st.one_of(items, items.map(lambda text: f"not({text})"), st.just("-"))


def members(text: str) -> set[object]:
    """The sample values a cell accepts, as the language says."""
    test = feel.compile_unary(text, strict=False)
    return {value for value in SAMPLES if test({"?": value}) is True}


SAMPLES = [*[Decimal(n) / 2 for n in range(-12, 27)], "a", "b", "客户原因", "", "z"]


@given(cell, st.one_of(NUMBERS, WORDS, st.booleans()))
def test_quick_and_slow_agree(text, value):
    region = cells.read(text)
    assert region is not None
    quick = cells.quick(region)
    if quick is not None and cells.KINDS[value.__class__] == region.kind:
        assert quick(value) is (feel.compile_unary(text)({"?": value}) is True)


@given(cell, cell)
def test_cells_that_share_a_value_meet(one, other):
    if members(one) & members(other):
        assert cells.meet(cells.read(one), cells.read(other)) is not False


@given(cell, cell)
def test_a_cell_that_covers_another_accepts_all_of_it(one, other):
    if cells.covers(cells.read(one), cells.read(other)):
        assert members(other) <= members(one)


def test_cells_that_are_not_constant_are_left_to_the_language():
    for text in ("x", "> y", "[1..y]", '"a" + "b"', "null", "? > 3", 'date("2026-01-01")', "1, a"):
        assert cells.read(text) is None

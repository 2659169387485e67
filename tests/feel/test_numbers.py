"""Numbers are decimal, exact to 34 digits, and the same whether they come as int or Decimal."""

from decimal import Decimal

import pytest

from app import feel


def test_tenths_add_up_exactly(value):
    assert value("0.1 + 0.2 = 0.3") is True


def test_whole_numbers_beyond_34_digits_are_rounded(value):
    assert value("9999999999999999999999999999999999 + 2") == Decimal(
        "1.000000000000000000000000000000000E34"
    )


def test_a_float_of_the_variables_is_read_through_its_text(value):
    assert value("price * 3", price=0.1) == Decimal("0.3")


def test_division_by_zero_is_null(value):
    assert value("1 / 0") is None


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("5 + 2 ** 5", 37),
        ("(5 + 2) ** 5", 16807),
        ("-10--5", -5),
        ("10 + 20 / -5 - 3", 3),
        ("2 ** 3 ** 2", 64),
        ("-2 ** 2", 4),
        ("10 ** -5", Decimal("0.00001")),
        ("1e3", 1000),
        (".872", Decimal("0.872")),
        ("7 - 2 - 1", 4),
        ("modulo(5, -3)", -1),
        ("modulo(-1.5, 1)", Decimal("0.5")),
    ],
)
def test_operators_bind_as_the_standard_says(value, text, result):
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("round half up(5.5, 0)", 6),
        ("round half up(-5.5, 0)", -6),
        ("round half down(5.5, 0)", 5),
        ("round down(-5.5, 0)", -5),
        ("round up(-5.5, 0)", -6),
        ("decimal(2.5, 0)", 2),
        ("decimal(123.456, -1)", 120),
        ("floor(1.56, 1)", Decimal("1.5")),
        ("ceiling(-1.5)", -1),
        ("decimal(1, 7000)", None),
        ("sqrt(-1)", None),
        ("log(0)", None),
        ("even(1.5)", None),
    ],
)
def test_rounding_follows_its_name(value, text, result):
    assert value(text) == result


def test_a_scale_keeps_its_zeros_as_text(value):
    assert value("string(decimal(12.5, 2))") == "12.50"


def test_not_a_number_from_outside_is_refused(value):
    with pytest.raises(feel.FeelError):
        value("x + 1", x=float("nan"))


def test_a_sign_keeps_all_34_digits(value):
    digits = "1.234567890123456789012345678901234"
    assert value(f"-{digits} + {digits}") == 0
    assert value("abs(x)", x=Decimal("-" + digits)) == Decimal(digits)

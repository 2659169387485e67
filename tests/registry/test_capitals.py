"""Amounts in Chinese capitals."""

from decimal import Decimal

import pytest

from app.registry.capitals import capitals


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("1.05", "壹元零伍分"),
        ("10", "壹拾元整"),
        ("1001", "壹仟零壹元整"),
        ("10010", "壹万零壹拾元整"),
        ("114000", "壹拾壹万肆仟元整"),
        ("100000000", "壹亿元整"),
        ("100000001.10", "壹亿零壹元壹角整"),
        ("20933980", "贰仟零玖拾叁万叁仟玖佰捌拾元整"),
        ("-34200", "负叁万肆仟贰佰元整"),
    ],
)
def test_an_amount_in_words(amount: str, words: str):
    assert capitals(Decimal(amount)) == words

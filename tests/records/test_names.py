"""Names, codes, phones, domains: one form each; how alike two names are."""

from decimal import Decimal

import pytest

from app.records import names


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("上海恒远机械有限公司", "上海恒远机械"),
        ("上海恒远机械（有限公司）", "上海恒远机械"),
        ("上海 恒远　机械 股份有限公司", "上海恒远机械"),
        ("ＡＢＣ Machinery Co., Ltd.", "abcmachinery"),
        ("公司", "公司"),
        ("", ""),
        ("……", ""),
    ],
)
def test_a_name_key_has_no_legal_form_brackets_or_blanks(name, key):
    assert names.name_key(name) == key


def test_initials_come_from_the_key():
    assert names.pinyin_key("上海恒远机械有限公司") == "shhyjx"
    assert names.pinyin_key("ABC重工") == "abczg"


@pytest.mark.parametrize("code", ["91310115MA1K0TYX07", "91320594MA1M0MDX0X", "91330100MA2B0QMX0P",
                                  " 91330100ma2b0qmx0p "])  # fmt: skip
def test_the_codes_of_the_catalogue_are_right(code):
    assert names.is_code(code)


@pytest.mark.parametrize("code", ["91310115MA1K0TYX08", "91310115MA1K0TYX0", "", None,
                                  "91310115MA1K0TYI07", "一二三四五六七八九十一二三四五六七八"])  # fmt: skip
def test_a_wrong_digit_letter_or_length_is_noticed(code):
    assert not names.is_code(code)


@pytest.mark.parametrize("phone", ["13800000001", "+86 138-0000-0001", "0086 13800000001",
                                   "１３８０００００００１"])  # fmt: skip
def test_a_phone_is_its_digits(phone):
    assert names.phone_key(phone) == "13800000001"


@pytest.mark.parametrize(
    ("website", "email", "domain"),
    [
        ("https://www.hengyuan.com.cn/a?b", None, "hengyuan.com.cn"),
        ("hengyuan.com.cn", None, "hengyuan.com.cn"),
        (None, "qian@hengyuan.com.cn", "hengyuan.com.cn"),
        (None, "qian@qq.com", ""),
        ("localhost", None, ""),
    ],
)
def test_a_domain_is_the_companys_own(website, email, domain):
    assert names.domain_key(website, email) == domain


def test_likeness_is_that_of_the_catalogues_example():
    one, other = (names.name_key(n) for n in ("苏州明达自动化科技", "苏州明达自动化有限公司"))
    assert names.similarity(one, other) == Decimal("0.88")


def test_likeness_ends_at_one_only_for_equals():
    assert names.similarity("上海恒远", "上海恒远") == 1
    assert names.similarity("a" * 999, "a" * 998 + "b") == Decimal("0.99")
    assert names.similarity("", "上海") == 0

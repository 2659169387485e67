"""Names, codes, phones and addresses in one form, and how alike two of them are (051-01-01)."""

import difflib
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from urllib.parse import urlsplit

from app import pinyin

# legal forms at the end of a company's name, longest first
LEGAL_FORMS = (
    "股份有限责任公司", "有限责任公司", "股份有限公司", "集团有限公司", "集团公司", "有限公司",
    "责任公司", "总公司", "分公司", "公司", "股份", "集团",
)  # fmt: skip
LEGAL_FORMS_LATIN = ("co.,ltd.", "co.,ltd", "coltd", "limited", "ltd", "inc", "llc", "gmbh", "corp")
CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
FREE_MAIL = frozenset(
    "qq.com 163.com 126.com sina.com sina.cn sohu.com gmail.com outlook.com hotmail.com foxmail.com "
    "yeah.net 139.com 189.cn icloud.com aliyun.com".split()
)
_LOOSE = re.compile(r"[\W_]+")
_PRECISION = Decimal("0.01")


def half_width(text: str | None) -> str:
    """Full-width letters, digits and signs as half-width ones; spaces collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text or "").split())


@lru_cache(maxsize=20_000)
def name_key(name: str | None) -> str:
    """A company's name without legal form, brackets, spaces and signs, in lower case.

    上海恒远机械（有限公司） and 上海恒远机械有限公司 have the same key. A name that consists of
    nothing else keeps its letters.
    """
    bare = _LOOSE.sub("", half_width(name).lower())
    key = bare
    for form in (*LEGAL_FORMS, *(_LOOSE.sub("", f) for f in LEGAL_FORMS_LATIN)):
        if key.endswith(form) and len(key) > len(form) + 1:
            key = key.removesuffix(form)
    return key


def pinyin_key(name: str | None) -> str:
    """The initials of a name's key: 上海恒远机械 → shhyjx; Latin letters and digits stay."""
    return pinyin.initials(name_key(name), _latin)[:60]


def _latin(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]", "", text)


def phone_key(phone: str | None) -> str:
    """Digits only, without the country code: +86 138-0000-0001 → 13800000001."""
    digits = re.sub(r"\D", "", half_width(phone))
    digits = digits.removeprefix("0086")
    if len(digits) > 11:
        digits = digits.removeprefix("86")
    return digits


def domain_key(website: str | None, email: str | None = None) -> str:
    """The company's own domain out of its website, else its mail address; free mail is none."""
    text = half_width(website).lower()
    host = urlsplit(text if "//" in text else f"//{text}").hostname if text else None
    if not host and email and "@" in email:
        host = half_width(email).lower().rsplit("@", 1)[1]
    host = (host or "").removeprefix("www.").strip(".")
    return "" if host in FREE_MAIL or "." not in host else host[:100]


def address_key(address: str | None) -> str:
    """An address without spaces and signs."""
    return _LOOSE.sub("", half_width(address).lower())


def code_key(code: str | None) -> str:
    """A unified social credit code in capitals without spaces."""
    return re.sub(r"[\s-]", "", half_width(code).upper())


def check_digit(first_17: str) -> str:
    """The eighteenth character of a unified social credit code (GB 32100-2015)."""
    total = sum(
        CODE_LETTERS.index(letter) * weight
        for letter, weight in zip(first_17, CODE_WEIGHTS, strict=True)
    )
    return CODE_LETTERS[(31 - total % 31) % 31]


def is_code(code: str | None) -> bool:
    """Are these 18 characters a code whose check digit fits?"""
    text = code_key(code)
    if len(text) != 18 or any(letter not in CODE_LETTERS for letter in text):
        return False
    return check_digit(text[:17]) == text[17]


def similarity(one: str, other: str) -> Decimal:
    """How alike two keys are, 0..1 with two places: twice the matching letters over all letters.

    苏州明达自动化科技 and 苏州明达自动化 give 0.88.
    """
    if not one or not other:
        return Decimal("0.00")
    if one == other:
        return Decimal("1.00")
    match = difflib.SequenceMatcher(None, one, other, autojunk=False)
    shared = sum(block.size for block in match.get_matching_blocks())
    ratio = Decimal(2 * shared) / Decimal(len(one) + len(other))
    # a difference however small is not equality
    return min(ratio.quantize(_PRECISION, ROUND_HALF_UP), Decimal("0.99"))


def grams(key: str, size: int = 2) -> list[str]:
    """Every run of `size` letters of a key, each once; the key itself if it is shorter."""
    if len(key) < size:
        return [key] if key else []
    return list(dict.fromkeys(key[i : i + size] for i in range(len(key) - size + 1)))

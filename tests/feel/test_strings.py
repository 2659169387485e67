"""Texts, their escapes and functions."""

import pytest


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (r'"a\nb\t\"c\"\\"', 'a\nb\t"c"\\'),
        (r'"\u6211"', "我"),
        (r'"\U01F40E"', "🐎"),
        (r'"\uD83D\uDC0E"', "🐎"),
        (r'"\d"', r"\d"),
        ('"线\n行"', "线\n行"),
    ],
)
def test_escapes(value, text, result):
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('substring("foobar", -2, 1)', "a"),
        ('substring("🐎ab", 2)', "ab"),
        ('substring("abc", 0)', None),
        ('string length("🐎")', 1),
        ('substring before("foobar", "xyz")', ""),
        ('substring after("foobar", "ob")', "ar"),
        ('substring after("foobar", "")', "foobar"),
        ('starts with("foobar", "fo")', True),
        ('ends with("foobar", "r")', True),
        ('upper case(["a"])', "A"),
        ("upper case(1)", None),
        ("upper case(null)", None),
        ('string join(["a", null, "c"], "-")', "a-c"),
        ('string join(["a"], "-", "<", ">")', "<a>"),
        ('string({a: "x", b: [1, null]})', '{a: "x", b: [1, null]}'),
        ("string(null)", None),
        ('"a" < "B"', False),
    ],
)
def test_functions_on_texts(value, text, result):
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (r'matches("abc", "B", "i")', True),
        (r'matches("a.b", "a.b", "q")', True),
        (r'matches("h e", "he", "x")', False),
        (r'matches("a", "[")', None),
        (r'matches("a", "a", "z")', None),
        (r'replace("abc", "[a-z]", "#")', "###"),
        (r'replace("a.b", ".", "-", "q")', "a-b"),
        (r'replace("abc", "x*", "-")', None),
        (r'replace("a", "(a)(b)?", "$1$2")', "a"),
        (r'replace("a", "a", "$")', None),
        (r'split("John Doe", "\s")', ["John", "Doe"]),
        (r'matches("abc", "^[a-z-[aeiou]]")', False),
        (r'matches("xyz", "^[a-z-[aeiou]]+$")', True),
        (r'matches("a\n", "^a$")', False),
        (r'matches("é", "\p{IsBasicLatin}")', False),
        (r'replace("a:b", "\c+", "x")', "x"),
        (r'matches("a", "(?=a)a")', None),
        (r'matches("ab", "(a)(?:b)")', True),
    ],
)
def test_patterns(value, text, result):
    assert value(text) == result

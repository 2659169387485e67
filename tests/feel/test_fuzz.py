"""Nothing but FeelError leaves the package, whatever it reads; what it reads it can write."""

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import feel
from app.feel import expression, unparse
from app.feel.builtins import registry

WORDS = [
    "a",
    "b",
    "item",
    "partial",
    "?",
    "1",
    "0",
    "-1",
    "2.5",
    '"x"',
    '""',
    "null",
    "true",
    "false",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "..",
    ",",
    ":",
    ".",
    "+",
    "-",
    "*",
    "/",
    "**",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "not(",
    "if",
    "then",
    "else",
    "for",
    "in",
    "return",
    "some",
    "every",
    "satisfies",
    "between",
    "instance of",
    "function(",
    '@"2026-01-31"',
    '@"P1D"',
    '@"P1Y"',
    '@"10:00:00Z"',
    "number",
    "&&",
    "||",
    "==",
    "!",
    "empty",
    "'",
    "`n`",
    "//",
    "/*",
    *sorted(registry.FUNCTIONS),
]
CONTEXT = {
    "a": 3,
    "b": [1, None, "x", {"c": 2.5}],
    "?": dt.date(2026, 1, 31),
    "n": {"d": dt.timedelta(days=1)},
    "item": "i",
}
READERS = (feel.compile, feel.compile_unary, feel.compile_condition, feel.compile_value)
_SETTINGS = settings(max_examples=400, suppress_health_check=list(HealthCheck))


def ends_well(text):
    """However it is read, there is a value or an error that explains itself; nothing else escapes."""
    for read in READERS:
        for strict in (True, False):
            try:
                read(text, strict=strict)(CONTEXT)
            except feel.FeelError as problem:
                if not (problem.message and problem.explain("en")):
                    return False
    return True


@_SETTINGS
@given(st.text(max_size=60))
def test_any_text(text):
    assert ends_well(text)


@_SETTINGS
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_sequence_of_words(text):
    assert ends_well(text)
    assert ends_well("${" + text + "}")


LITERALS = st.sampled_from(
    [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "7",
        '"x"',
        '"2026-01-31"',
        '"a(b"',
        '@"2026-01-31"',
        '@"10:00:00@Europe/Paris"',
        '@"2026-01-31T10:00:00Z"',
        '@"2026-01-31T10:00:00"',
        '@"P1DT1H"',
        '@"-P1Y2M"',
        "[]",
        "[1, 2]",
        '["a"]',
        "{a: 1}",
        "[1..3]",
        "(<5)",
        "function(x, y) x",
        "a",
        "b",
        "1e50",
        "9999999999999999999999999999999999",
        '@"9999-12-31"',
    ]
)
BINARY = st.sampled_from(
    [" + ", " - ", " * ", " / ", " ** ", " = ", " != ", " < ", " >= ", " and ", " or ", " in "]
)


def _grown(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, BINARY, inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})"),
        st.tuples(st.sampled_from(sorted(registry.FUNCTIONS)), st.lists(inner, max_size=4)).map(
            lambda p: f"{p[0]}({', '.join(p[1])})"
        ),
        pair.map(lambda p: f"({p[0]})[{p[1]}]"),
        pair.map(lambda p: f"(for i in {p[0]} return {p[1]})"),
        pair.map(lambda p: f"(some i in {p[0]} satisfies {p[1]})"),
        pair.map(lambda p: f"[{p[0]}, {p[1]}]"),
        pair.map(lambda p: f"{{k: {p[0]}, l: {p[1]}}}"),
        pair.map(lambda p: f"(if {p[0]} then {p[1]} else k)"),
        st.tuples(inner, st.sampled_from(["year", "days", "start", "a", "second"])).map(
            lambda p: f"({p[0]}).{p[1]}"
        ),
        inner.map(lambda p: f"-({p})"),
        inner.map(lambda p: f"(({p}) instance of list<number>)"),
        pair.map(lambda p: f"[{p[0]}..{p[1]})"),
    )


SENTENCES = st.recursive(LITERALS, _grown, max_leaves=8)


@_SETTINGS
@given(SENTENCES)
def test_any_well_formed_expression(text):
    assert ends_well(text)


@_SETTINGS
@given(SENTENCES)
def test_what_is_read_can_be_written_and_read_again(text):
    tree = feel.compile(text, strict=False).tree
    again = expression._compiled(unparse.unparse(tree), (), "expression", False).tree
    assert again == tree

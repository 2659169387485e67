"""XPath's regular expressions in the spelling of the `regex` package."""

import re
from functools import lru_cache
from typing import Any

import regex

_PIECE = re.compile(r"\\[pP]\{[^}]*\}|\\.|.", re.DOTALL)
_ESCAPES = {r"\i": "_:A-Za-z", r"\c": r"\-._:A-Za-z0-9"}
_NEGATED = {r"\I": r"[^_:A-Za-z]", r"\C": r"[^\-._:A-Za-z0-9]"}


@lru_cache(maxsize=512)
def pattern_of(pattern: str, options: int, literal: bool = False) -> Any:
    """The compiled pattern; raises regex.error for what is not valid."""
    if literal:
        return regex.compile(pattern, options)
    text = translated(pattern, bool(options & regex.DOTALL), bool(options & regex.MULTILINE))
    if "--[" in text:  # only then: the newer rules give `[` and `||` in a class another meaning
        options = (options & ~regex.VERSION0) | regex.VERSION1
    return regex.compile(text, options)


def translated(pattern: str, dot_all: bool, lines: bool) -> str:
    """`$` is the very end, `.` stops at either line end, `[a-z-[aeiou]]` subtracts."""
    made: list[str] = []
    depth = 0
    for piece in _PIECE.findall(pattern):
        if depth:
            piece, depth = _in_class(piece, depth, made)
        elif piece == "[":
            depth = 1
        elif piece == "$" and not lines:
            piece = r"\Z"
        elif piece == "." and not dot_all:
            piece = r"[^\n\r]"
        else:
            piece = _escaped(piece, False)
        made.append(piece)
    return "".join(made)


def _in_class(piece: str, depth: int, made: list[str]) -> tuple[str, int]:
    if piece == "[" and made[-1] == "-":
        made[-1] = "--"
        return piece, depth + 1
    if piece == "]" and made[-1] not in ("[", "^"):
        return piece, depth - 1
    return _escaped(piece, True), depth


def _escaped(piece: str, inside: bool) -> str:
    if piece in _ESCAPES:
        return _ESCAPES[piece] if inside else f"[{_ESCAPES[piece]}]"
    if piece in _NEGATED and not inside:
        return _NEGATED[piece]
    return re.sub(r"^(\\[pP]\{)Is", r"\1In", piece)

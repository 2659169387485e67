"""`${…}` as Camunda 7 files carry it: where it begins and ends, and what surrounds it.

Inside, the parser reads FEEL plus the older operators; see `parser.JUEL_INFIX`.
"""

import re
from typing import Any

from app.feel import nodes
from app.feel.errors import error
from app.feel.parser import Parser

_OPENING = re.compile(r"(\\?)[$#]\{")
# what may stand inside: strings, nested braces, anything else
_PIECE = re.compile(r"""\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}]|.""", re.DOTALL)


def closing(text: str, start: int) -> int:
    """The position of the `}` that closes the `${` whose inside begins at `start`."""
    depth, at = 1, start
    while at < len(text):
        piece = _PIECE.match(text, at)
        found = piece.group() if piece else ""
        depth += (found == "{") - (found == "}")
        if depth == 0:
            return at
        at += len(found)
    raise error("template", start - 2, text)


def condition_parser(text: str) -> Parser:
    """A parser placed on the condition inside `text`."""
    stripped = text.strip()
    found = _OPENING.match(stripped)
    if found and not found[1]:
        end = closing(stripped, found.end())
        if end < len(stripped) - 1:
            raise error("template_condition", text.index(stripped[0]) + end + 1, text)
        return _inside(text, text.index(stripped[:2]) + 2, text.rindex("}"))
    if stripped.startswith("="):
        return _inside(text, text.index("=") + 1, len(text), juel=False)
    return Parser(text)


def _inside(text: str, start: int, end: int, juel: bool = True) -> Parser:
    """A parser of a part of the text; blanks before it keep the positions right."""
    parser = Parser(" " * start + text[start:end], juel=juel)
    parser.text = text
    return parser


def value_node(text: str) -> Any:
    """The tree of an attribute's value."""
    stripped = text.strip()
    if stripped.startswith("=") and len(stripped) > 1:
        parser = _inside(text, text.index("=") + 1, len(text), juel=False)
        return parser.finish(parser.whole())
    parts = _parts(text)
    if len(parts) == 1:
        return nodes.Literal(parts[0]) if isinstance(parts[0], str) else parts[0]
    filled = [part for part in parts if not isinstance(part, str) or part.strip()]
    if len(filled) == 1 and not isinstance(filled[0], str):
        return filled[0]
    return nodes.Template(parts) if parts else nodes.Literal("")


def _parts(text: str) -> list[Any]:
    parts: list[Any] = []
    plain, at = "", 0
    while found := _OPENING.search(text, at):
        plain += text[at : found.start()]
        if found[1]:
            plain += found.group()[1:]  # `\${` is the text `${`
            at = found.end()
            continue
        end = closing(text, found.end())
        if plain:
            parts.append(plain)
        parser = _inside(text, found.end(), end)
        parts.append(parser.finish(parser.whole()))
        plain, at = "", end + 1
    plain += text[at:]
    return [*parts, plain] if plain else parts

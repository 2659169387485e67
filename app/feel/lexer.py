"""Text -> tokens. Blanks matter only to names, so every token knows whether one precedes it."""

import re

from app.feel import budget
from app.feel.errors import FeelError, error

NUMBER, STRING, WORD, SYMBOL, QUOTED, AT, END = range(7)

KEYWORDS = frozenset(
    "and or if then else for in return some every satisfies between instance function "
    "true false null".split()
)
JUEL_WORDS = frozenset("eq ne lt gt le ge div mod empty not and or".split())

_FEEL = r"""
 (?P<blank>(?:[\s\u0085\u180e\u200b\ufeff]+|//[^\n]*|/\*.*?\*/)+)
|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+(?![\w]))?)
|(?P<string>"(?:[^"\\]|\\.)*")
|(?P<at>@\s*"(?:[^"\\]|\\.)*")
|(?P<word>(?:[^\W\d]|[\U00010000-\U000effff\u00b7])(?:\w|[\U00010000-\U000effff\u0300-\u036f\u00b7\u203f\u2040])*)
|(?P<quoted>`[^`\n]+`)
|(?P<symbol>\.\.|\*\*|<=|>=|!=|->|%s[-+*/=<>()\[\]{},:.?'%%;#&|!^~])
"""
_FLAGS = re.VERBOSE | re.DOTALL
_PATTERN = re.compile(_FEEL % "", _FLAGS)
_JUEL_STRING = r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_JUEL_PATTERN = re.compile(
    (_FEEL % r"==|&&|\|\||").replace(r"""(?P<string>"(?:[^"\\]|\\.)*")""", _JUEL_STRING), _FLAGS
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_KINDS = {
    "number": NUMBER,
    "string": STRING,
    "word": WORD,
    "symbol": SYMBOL,
    "quoted": QUOTED,
    "at": AT,
}
_SURROGATES = re.compile("([\ud800-\udbff])([\udc00-\udfff])")


class Token:
    """`kind`, `text` as written (strings: their value), `at` position, `blank` before it."""

    __slots__ = ("at", "blank", "kind", "text")

    def __init__(self, kind: int, text: str, at: int, blank: bool) -> None:
        self.kind, self.text, self.at, self.blank = kind, text, at, blank

    def __repr__(self) -> str:
        return f"Token({self.text!r}, {self.at})"


def tokens(text: str, juel: bool = False) -> list[Token]:
    """The tokens of `text`, the last one of kind END. Raises FeelError with the position."""
    if len(text) > budget.TEXT:
        raise error("long", limit=budget.TEXT)
    match = (_JUEL_PATTERN if juel else _PATTERN).match
    result: list[Token] = []
    at, end, blank = 0, len(text), False
    while at < end:
        found = match(text, at)
        if found is None:
            raise _unreadable(text, at)
        kind = found.lastgroup or ""
        if kind == "blank":
            blank = True
        elif text.startswith("/*", at):  # one with an end would have been blank
            raise error("comment", at, text)
        else:
            result.append(Token(_KINDS[kind], _content(kind, found.group()), at, blank))
            blank = False
        at = found.end()
    result.append(Token(END, "", end, blank))
    return result


def _content(kind: str, text: str) -> str:
    if kind == "string":
        return unescaped(text[1:-1])
    if kind == "at":
        return unescaped(text[text.index('"') + 1 : -1])
    return text[1:-1] if kind == "quoted" else text


def unescaped(body: str) -> str:
    """The value of a string literal's body."""
    if "\\" not in body:
        return body
    value = _ESCAPE.sub(_escape, body)
    # a character beyond the basic plane may be written as two \u
    return _SURROGATES.sub(
        lambda pair: (pair[1] + pair[2]).encode("utf-16", "surrogatepass").decode("utf-16"), value
    )


def _escape(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number <= 0x10FFFF else found[0]
    # an unknown escape stays as it is, so that patterns such as "\d+" can be written
    return _PLAIN_ESCAPES.get(code, found[0])


def _unreadable(text: str, at: int) -> FeelError:
    rest = text[at:]
    if rest[0] in "\"'@`":
        return error("string", at, text, found=rest[:20])
    return error("character", at, text, found=rest[0])

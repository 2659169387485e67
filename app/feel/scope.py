"""Which names with blanks or operators in them are known where (while parsing)."""

from collections.abc import Iterable
from functools import lru_cache

from app.feel import lexer

Shape = tuple[tuple[bool, str], ...]  # (blank before, text) of every token of a name


@lru_cache(maxsize=4096)
def shape(name: str) -> Shape:
    """The tokens a name is made of; () when it is one plain word or cannot be tokens."""
    try:
        parts = lexer.tokens(name)[:-1]
    except lexer.FeelError:
        return ()
    if len(parts) < 2 and not (parts and parts[0].text in lexer.KEYWORDS):
        return ()
    return tuple((i > 0 and part.blank, part.text) for i, part in enumerate(parts))


class Names:
    """Names that need looking up because plain reading would take them apart."""

    __slots__ = ("by_first", "parent", "plain")

    def __init__(self, names: Iterable[str], parent: "Names | None" = None) -> None:
        self.parent = parent
        self.plain = frozenset(names)
        self.by_first: dict[str, list[tuple[Shape, str]]] = {}
        for name in self.plain:
            parts = shape(name)
            if parts:
                self.by_first.setdefault(parts[0][1], []).append((parts, " ".join(name.split())))
        for found in self.by_first.values():
            found.sort(key=lambda pair: -len(pair[0]))

    def longest(self, tokens: list[lexer.Token], at: int) -> tuple[int, str] | None:
        """How many tokens from `at` make a known name, and which; the innermost, longest one."""
        first = tokens[at].text
        best: tuple[int, str] | None = None
        names: Names | None = self
        while names is not None:
            for parts, name in names.by_first.get(first, ()):
                if best and best[0] >= len(parts):
                    break
                if _matches(tokens, at, parts):
                    best = len(parts), name
                    break
            names = names.parent
        return best


def _matches(tokens: list[lexer.Token], at: int, parts: Shape) -> bool:
    if at + len(parts) >= len(tokens):
        return False
    for i in range(1, len(parts)):
        token = tokens[at + i]
        blank, text = parts[i]
        if token.text != text or token.blank != blank or token.kind == lexer.STRING:
            return False
    return True

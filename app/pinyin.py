"""How Chinese names are found: by the first letters of their syllables."""

import functools
from collections.abc import Callable
from types import ModuleType

from app import loading


def initials(text: str, other: Callable[[str], str] | None = None) -> str:
    """张伟 → zw. What has no pinyin stays as it is, or becomes what `other` makes of it."""
    known = _dictionaries()
    style = known.Style.FIRST_LETTER
    return "".join(known.lazy_pinyin(text, style=style, errors=other or "default")).lower()


@functools.cache
def _dictionaries() -> ModuleType:
    # a sixth of the server's start, and the first name of the day can wait for them
    with loading.for_good():
        import pypinyin
    return pypinyin

"""Functions on texts. Positions count characters, from 1, or from the end when negative."""

from collections.abc import Iterator
from typing import Any

import regex

from app.feel import budget
from app.feel.budget import Run
from app.feel.builtins.pattern import pattern_of
from app.feel.builtins.registry import builtin
from app.feel.errors import error
from app.feel.values import imported


@builtin("substring", "string:s, start position:n, length?:n")
def substring(text: str, start: int, *length: int) -> str | None:
    start = int(start)
    begin = start - 1 if start > 0 else len(text) + start
    if start == 0 or not 0 <= begin < len(text):
        return None
    if not length or length[0] is None:
        return text[begin:]
    return None if length[0] < 1 else text[begin : begin + int(length[0])]


@builtin("string length", "string:s")
def string_length(text: str) -> int:
    return len(text)


@builtin("upper case", "string:s")
def upper_case(text: str) -> str:
    return text.upper()


@builtin("lower case", "string:s")
def lower_case(text: str) -> str:
    return text.lower()


@builtin("trim", "string:s")
def trim(text: str) -> str:
    return text.strip()


@builtin("substring before", "string:s, match:s")
def substring_before(text: str, match: str) -> str:
    return text.partition(match)[0] if match and match in text else ""


@builtin("substring after", "string:s, match:s")
def substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@builtin("contains", "string:s, match:s")
def contains(text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string:s, match:s")
def starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string:s, match:s")
def ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@builtin("matches", "input:s, pattern:s, flags?:a")
def matches(text: str, pattern: str, flags: Any = None) -> bool | None:
    found = _compiled(pattern, flags)
    return None if found is None else _timed(found.search, text) is not None


@builtin("replace", "input:s, pattern:s, replacement:s, flags?:a")
def replace(text: str, pattern: str, replacement: str, flags: Any = None) -> str | None:
    found = _compiled(pattern, flags)
    if found is None or (not _is_literal(flags) and not _valid_replacement(replacement)):
        return None
    made: list[str] = []
    at = size = 0
    for match in _timed(lambda text, timeout: _all(found, text, timeout), text):
        if match.end() == match.start():
            return None  # a pattern that matches nothing is an error in the standard
        piece = replacement if _is_literal(flags) else _filled(replacement, match)
        made += text[at : match.start()], piece
        size += match.start() - at + len(piece)
        budget.check_characters(size)
        at = match.end()
    return "".join(made) + text[at:]


def _is_literal(flags: Any) -> bool:
    return isinstance(flags, str) and "q" in flags


def _all(pattern: Any, text: str, timeout: float) -> list[Any]:
    found = []
    for match in pattern.finditer(text, timeout=timeout):
        found.append(match)
        budget.check_items(len(found))
    return found


def _valid_replacement(text: str) -> bool:
    return regex.fullmatch(r"(?:[^\\$]|\\[\\$]|\$\d)*", text, flags=regex.DOTALL) is not None


def _filled(replacement: str, match: Any) -> str:
    """The replacement with `$1` filled in; `$0` is the whole match."""
    made: list[str] = []
    at = 0
    while at < len(replacement):
        char = replacement[at]
        if char == "\\":
            made.append(replacement[at + 1])
            at += 2
        elif char == "$":
            number, at = _group_number(replacement, at + 1, match.re.groups)
            made.append((match.group(number) or "") if number <= match.re.groups else "")
        else:
            made.append(char)
            at += 1
    return "".join(made)


def _group_number(text: str, at: int, groups: int) -> tuple[int, int]:
    number = int(text[at])
    at += 1
    while at < len(text) and text[at] in "0123456789" and number * 10 + int(text[at]) <= groups:
        number = number * 10 + int(text[at])
        at += 1
    return number, at


def _compiled(pattern: str, flags: Any) -> Any:
    """A pattern of XPath's kind; None when it or its flags are invalid."""
    if flags is not None and not isinstance(flags, str):
        return None
    if flags and set(flags) - set("smixq"):
        return None
    flags = flags or ""
    if len(pattern) > 1000:
        raise error("size", limit=1000)
    options = regex.VERSION0
    for letter, option in (("s", regex.DOTALL), ("m", regex.MULTILINE), ("i", regex.IGNORECASE)):
        options |= option if letter in flags else 0
    if "q" in flags:
        pattern = regex.escape(pattern)
    elif "x" in flags:
        pattern = _without_blanks(pattern)
    if "q" not in flags and _REFUSED.search(pattern):
        return None
    if _bomb(pattern):
        raise error("size", limit=_REPEATS)
    try:
        return pattern_of(pattern, options, "q" in flags)
    except (regex.error, OverflowError, RecursionError):
        return None


# what other dialects know and XPath does not: look-around, named groups, inline flags, possessives
_REFUSED = regex.compile(r"(?<!\\)\(\?(?!:)|(?<!\\)[*+?}]\+|(?<!\\)\(\*")
_COUNT = regex.compile(r"\{(\d+)(?:,(\d*))?\}")
_REPEATS = 1000


def _bomb(pattern: str) -> bool:
    """Whether counted repeats multiply beyond the limit."""
    product = 1
    for low, high in _COUNT.findall(pattern):
        product *= max(int(low[:9]), int(high[:9] or 0), 1)
    return product > _REPEATS * 10


def _without_blanks(pattern: str) -> str:
    made, inside = [], False
    for at, char in enumerate(pattern):
        if char in "[]" and (at == 0 or pattern[at - 1] != "\\"):
            inside = char == "["
        if inside or not char.isspace():
            made.append(char)
    return "".join(made)


def _timed(search: Any, text: str) -> Any:
    try:
        return search(text, timeout=budget.REGEX_SECONDS)
    except TimeoutError:
        raise error("regex_time") from None


@builtin("split", "string:s, delimiter:s")
def split(text: str, delimiter: str) -> list[str] | None:
    pattern = _compiled(delimiter, None)
    if pattern is None:
        return None
    parts: list[str] = []
    at = 0
    for match in _timed(lambda text, timeout: _all(pattern, text, timeout), text):
        if match.end() == match.start():
            continue
        parts.append(text[at : match.start()])
        at = match.end()
    return [*parts, text[at:]]


@builtin("string join", "list:l, delimiter?:a | list:l, delimiter:a, prefix:a, suffix:a")
def string_join(
    items: list[Any], delimiter: Any = None, prefix: Any = None, suffix: Any = None
) -> str | None:
    for ornament in (delimiter, prefix, suffix):
        if ornament is not None and not isinstance(ornament, str):
            return None
    if any(item is not None and not isinstance(item, str) for item in items):
        return None
    whole = [item for item in items if item is not None]
    mark = delimiter or ""
    budget.check_characters(sum(map(len, whole)) + len(mark) * len(whole))
    return (prefix or "") + mark.join(whole) + (suffix or "")


@builtin("extract", "input:s, pattern:s")
def extract(text: str, pattern: str) -> list[str] | None:
    """All parts of the text that match."""
    found = _compiled(pattern, None)
    if found is None:
        return None
    return [m.group() for m in _timed(lambda text, timeout: _all(found, text, timeout), text)]


@builtin("string format", "template:s, values:c", run=True)
def string_format(run: Run, template: str, values: dict[str, Any]) -> str:
    """The template with every `{name}` replaced by the text of that value; nothing for null."""
    from app.feel import text as texts

    run.spend(len(template))
    made = list(_pieces(template, values, texts.shown))
    budget.check_characters(sum(map(len, made)))
    return "".join(made)


def _pieces(template: str, values: dict[str, Any], shown: Any) -> Iterator[str]:
    for part in regex.split(r"(\{[^{}]*\})", template):
        inside = part[1:-1].strip() if part[:1] == "{" and part[-1:] == "}" else None
        yield part if inside is None else shown(imported(values.get(inside)))

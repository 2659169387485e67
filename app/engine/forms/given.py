"""What was handed in for a form: the pairs of a browser, or the values of a program.

Names that no field of the form has are collected in `foreign`; nothing of them is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.engine.forms import names
from app.engine.forms.component import ROW, Form

MAX_PAIRS = 20_000
MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Typed:
    """A value that came in typed, not as text."""

    value: Any


@dataclass(slots=True)
class Given:
    """Leaves by exact name, row numbers by list, and what the form has no place for."""

    leaves: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, set[int]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    too_many: bool = False
    moved: tuple[tuple[str, str], ...] = ()
    keeps_blank: bool = False  # rows in which nothing is filled in stay, for going on typing

    def leaf(self, path: str) -> Any:
        """The texts (list) or the `Typed` value at a path, None if nothing was handed in."""
        return self.leaves.get(self._original(path))

    def rows(self, path: str) -> list[int]:
        """The row numbers that were handed in for a list, in their order."""
        return sorted(self.numbers.get(self._original(path), ()))

    def renumbered(self, path: str, number: int, index: int) -> "Given":
        """The same, in which row `number` is found under `index`: rows are counted without gaps."""
        if number == index and not self.moved:
            return self
        move = (f"{path}[{index}]", f"{self._original(path)}[{number}]")
        return replace(self, moved=(move, *self.moved))

    def _original(self, path: str) -> str:
        for new, old in self.moved:
            if path.startswith(new) and path[len(new) : len(new) + 1] in ("", ".", "["):
                return old + path[len(new) :]
        return path


def from_pairs(form: Form, posted: Any, keeps_blank: bool = False) -> Given:
    """What a browser posted; each leaf is the list of its texts."""
    given = Given(keeps_blank=keeps_blank)
    pairs = names.pairs(posted)
    if len(pairs) > MAX_PAIRS:
        given.too_many = True
        return given
    for name, text in pairs:
        if _place(form, given, name):
            given.leaves.setdefault(name, []).append(text)
        else:
            given.foreign.append(name)
    return given


def from_values(form: Form, values: Mapping[str, Any]) -> Given:
    """What a program hands in: contexts and lists of contexts, as the variables look."""
    given = Given()
    _spread(form, given, "", values)
    return given


def _spread(form: Form, given: Given, path: str, value: Any) -> None:
    shape = names.pattern(path)
    if path and _place(form, given, path):
        given.leaves[path] = Typed(value)
    elif shape in form.lists and isinstance(value, list | tuple | None):
        given.numbers.setdefault(path, set())
        for number, row in enumerate((value or ())[: MAX_ROWS + 1]):
            given.numbers[path].add(number)
            _spread_inside(form, given, f"{path}[{number}]", row)
        given.too_many |= len(value or ()) > MAX_ROWS
    elif (not path or _leads_on(form, shape)) and isinstance(value, Mapping):
        _spread_inside(form, given, path, value)
    else:
        given.foreign.append(path)


def _spread_inside(form: Form, given: Given, path: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        given.foreign.append(path)
        return
    for key, item in value.items():
        if isinstance(key, str) and len(key) <= 300:
            _spread(form, given, f"{path}.{key}" if path else key, item)
        else:
            given.foreign.append(str(key)[:300])


def _leads_on(form: Form, shape: str) -> bool:
    return any(name.startswith(f"{shape}.") for name in (*form.fields, *form.lists))


def _place(form: Form, given: Given, name: str) -> bool:
    """Does the form have a field of this name? Notes the rows that the name speaks of."""
    if not isinstance(name, str):
        return False
    shape = names.pattern(name)
    owner = shape.removesuffix(f"[].{ROW}")
    if shape not in form.fields and (owner == shape or owner not in form.lists):
        return False
    parts = names.split(name)
    if parts is None:
        return False
    for position, part in enumerate(parts):
        if isinstance(part, int):
            given.numbers.setdefault(names.join(parts[:position]), set()).add(part)
    return True

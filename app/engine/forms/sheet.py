"""A form being filled in: one node per component and row, holding values, errors and what hides.

`build` makes it from the case's variables and, if given, from what was posted; afterwards every
condition and computed field has its final value. Judging and drawing both start from here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.engine.forms import names, typed
from app.engine.forms.component import CHOICES, MANY, ROW, Component, Form, Option
from app.engine.forms.directory import Directory
from app.engine.forms.given import Given, Typed

PASSES = 8  # conditions that hide each other in turn settle, or stay as they are then
MISSING = object()


class Scope:
    """The form as a whole, or one row of a list: where expressions look names up."""

    __slots__ = ("data", "index", "owned", "parent", "stored", "stored_index")

    def __init__(
        self, data: dict[str, Any], parent: "Scope | None" = None, index: int = 0,
        stored: Mapping[str, Any] | None = None, stored_index: int | None = None,
    ) -> None:  # fmt: skip
        self.data, self.parent, self.index = data, parent, index
        self.stored, self.stored_index = stored, stored_index
        self.owned: set[tuple[str, ...]] = set()

    def holder(self, address: tuple[str, ...]) -> dict[str, Any]:
        """The innermost context on the way to an address; the case's own objects are copied."""
        data = self.data
        for depth, part in enumerate(address[:-1], 1):
            if address[:depth] not in self.owned:
                self.owned.add(address[:depth])
                held = data.get(part)
                data[part] = dict(held) if isinstance(held, Mapping) else {}
            data = data[part]
        return data

    def context(self) -> dict[str, Any]:
        """What an expression sees: the form's data, over it the row's own."""
        if self.parent is None:
            return self.data
        return {
            **self.parent.context(), **self.data,
            "this": self.data, "parent": self.parent.data, "i": self.index + 1,
        }  # fmt: skip


class Node:
    """One component in one row. `path` is its name with row numbers, as the browser knows it."""

    __slots__ = (
        "base", "children", "component", "error", "hidden", "holder", "key", "parent", "path",
        "readonly", "rows", "scope", "texts", "value",
    )  # fmt: skip

    def __init__(
        self, component: Component, scope: Scope, path: str, parent: "Node | None"
    ) -> None:
        self.component, self.scope, self.path, self.parent = component, scope, path, parent
        self.children: list[Node] = []
        self.rows: list[Row] = []
        self.holder: dict[str, Any] = scope.data
        self.key = component.address[-1] if component.address else ""
        self.base: Any = None
        self.value: Any = None
        self.texts: list[str] | None = None
        self.error: str | None = None
        self.hidden = self.readonly = False

    def walk(self) -> Iterator["Node"]:
        """The node and all below it, in the order of the form."""
        yield self
        for node in self.children:
            yield from node.walk()
        for row in self.rows:
            for node in row.nodes:
                yield from node.walk()

    def seen(self) -> Any:
        """The value that expressions see."""
        return None if self.hidden else self.value


@dataclass(slots=True)
class Row:
    """One row of a list; `path` is `contacts[0]`."""

    path: str
    scope: Scope
    nodes: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Sheet:
    """Everything about one form at one moment."""

    form: Form
    nodes: list[Node]
    flat: list[Node]
    root: Scope
    zone: ZoneInfo
    directory: Directory | None
    files: Mapping[str, dict[str, Any]]
    outcome: str | None


def build(
    form: Form, context: Mapping[str, Any], given: Given | None, *,
    outcome: str | None = None, files: Mapping[str, dict[str, Any]] | None = None,
    directory: Directory | None = None, zone: ZoneInfo,
) -> Sheet:  # fmt: skip
    """The form over the case's variables and what was given; conditions and totals are settled."""
    data = dict.fromkeys(form.free_names)
    data.update(context)
    data["outcome"] = outcome
    root = Scope(data, stored=context)
    nodes = [_node(component, root, "", None, given, zone) for component in form.components]
    flat = [node for top in nodes for node in top.walk()]
    sheet = Sheet(form, nodes, flat, root, zone, directory, files or {}, outcome)
    for node in flat:
        if node.value and (node.component.type in CHOICES or node.component.type in MANY):
            _as_offered(node)
    settle(sheet)
    return sheet


def _node(
    component: Component, scope: Scope, prefix: str, parent: Node | None,
    given: Given | None, zone: ZoneInfo,
) -> Node:  # fmt: skip
    path = names.join(component.address)
    node = Node(component, scope, f"{prefix}.{path}" if prefix and path else prefix or path, parent)
    if component.type == "group":
        if component.address:
            node.base = _stored(component, scope)
            scope.holder((*component.address, ""))
        node.children = [
            _node(child, scope, prefix, node, given, zone) for child in component.children
        ]
    elif component.type == "dynamiclist":
        _fill_list(node, given, zone)
    elif component.has_value:
        _fill_field(node, given, zone)
    return node


def _stored(component: Component, scope: Scope) -> Any:
    return names.at(scope.stored or {}, component.address)


def _fill_field(node: Node, given: Given | None, zone: ZoneInfo) -> None:
    component, scope = node.component, node.scope
    node.holder = scope.holder(component.address)
    node.base = _stored(component, scope)
    node.value = node.base
    if component.type == "expression":
        node.value = None
    elif given is None:
        if node.base is None:
            node.value = component.default
    else:
        _take(node, given.leaf(node.path), zone)
    node.holder[node.key] = node.value


def _take(node: Node, leaf: Any, zone: ZoneInfo) -> None:
    component = node.component
    node.texts = leaf if isinstance(leaf, list) else None
    try:
        if isinstance(leaf, Typed):
            node.value = typed.take(component, leaf.value, zone)
        else:
            node.value = typed.read(component, leaf or [], zone)
    except typed.Unfit as problem:
        node.value, node.error = None, str(problem)


def _fill_list(node: Node, given: Given | None, zone: ZoneInfo) -> None:
    component, scope = node.component, node.scope
    node.holder = scope.holder(component.address)
    held = _stored(component, scope)
    stored = [row for row in held if isinstance(row, Mapping)] if isinstance(held, list) else []
    node.base = held
    for index, (number, origin) in enumerate(_origins(node, given, len(stored))):
        row = _row(node, index, stored[origin] if origin is not None else None, origin)
        part = given.renumbered(node.path, number, index) if number is not None else None
        row.nodes = [
            _node(child, row.scope, row.path, node, part, zone) for child in component.children
        ]
        if given is None or given.keeps_blank or not _is_blank(node, row):
            node.rows.append(row)
    node.value = node.holder[node.key] = [row.scope.data for row in node.rows]


def _is_blank(node: Node, row: Row) -> bool:
    if row.scope.stored_index is not None or node.component.fixed_rows:
        return False
    cells = [below for top in row.nodes for below in top.walk() if below.component.is_input]
    return all(
        cell.error is None and (missing(cell.value) or cell.value == cell.component.default)
        for cell in cells
    )


def _origins(node: Node, given: Given | None, count: int) -> list[tuple[int | None, int | None]]:
    """(number handed in, number of the stored row) of each row, None where there is none."""
    component = node.component
    kept: list[tuple[int | None, int | None]] = [(None, index) for index in range(count)]
    if given is None:
        return kept or [(None, None)] * component.default_rows
    handed = [
        (number, _origin(given, node.path, number, count)) for number in given.rows(node.path)
    ]
    if not component.fixed_rows:
        return list(handed)
    by_origin = {origin: number for number, origin in handed}
    return [(by_origin.get(origin), origin) for _number, origin in kept]


def _row(node: Node, index: int, stored: Mapping[str, Any] | None, origin: int | None) -> Row:
    data: dict[str, Any] = dict(stored) if stored else {}
    scope = Scope(data, node.scope, index, stored or {}, origin)
    return Row(f"{node.path}[{index}]", scope)


def _origin(given: Given, path: str, number: int, count: int) -> int | None:
    leaf = given.leaf(f"{path}[{number}].{ROW}")
    text = str(leaf.value) if isinstance(leaf, Typed) else leaf[-1] if leaf else ""
    return int(text) if text.isdecimal() and len(text) < 6 and int(text) < count else None


def _as_offered(node: Node) -> None:
    """A chosen text becomes the choice's own value (a number, say), so that conditions see that."""
    offered = {choice_text(option.value): option.value for option in options(node)}
    if isinstance(node.value, list):
        node.value = [offered.get(choice_text(value), value) for value in node.value]
    else:
        node.value = offered.get(choice_text(node.value), node.value)
    node.holder[node.key] = node.value


def blank_row(sheet: Sheet, node: Node) -> Row:
    """A new row of a list, for the browser to copy; it belongs to no list."""
    row = _row(node, 0, None, None)
    path = f"{node.path}[{place_holder(node, 'i')}]"
    row.scope.index = len(node.rows)
    row.nodes = [
        _node(child, row.scope, path, node, None, sheet.zone)
        for child in node.component.children
    ]  # fmt: skip
    for below in [found for top in row.nodes for found in top.walk()]:
        _refresh(below)
    return row


def place_holder(node: Node, what: str) -> str:
    """What stands for the row's index (i) or number (n) in the row that the browser copies."""
    return f"__{what}{node.path.count('[')}__"


def settle(sheet: Sheet) -> None:
    """Conditions and computed fields have their final values; hidden fields count as empty."""
    moving = [
        node for node in sheet.flat
        if node.component.hide or node.component.type == "expression" or node.component.readonly
    ]  # fmt: skip
    for _pass in range(PASSES):
        changed = False
        for node in moving:
            changed |= _refresh(node)
        if not changed:
            break


def _refresh(node: Node) -> bool:
    component = node.component
    context = node.scope.context()
    changed = False
    if component.hide:
        changed = _set_hidden(node, component.hide.value(context) is True)
    if component.type == "expression":
        value = _rounded(component, component.expression.value(context))
        if value != node.value:
            node.value, changed = value, True
            node.holder[node.key] = node.seen()
    if component.readonly:
        node.readonly = component.readonly.value(context) is True
    return changed


def _rounded(component: Component, value: Any) -> Any:
    """A computed amount has the places of its format, rounded half up."""
    if component.digits is None or not isinstance(value, int | Decimal) or value is True:
        return value
    step = Decimal(1).scaleb(-component.digits)
    return Decimal(value).quantize(step, ROUND_HALF_UP)


def _set_hidden(node: Node, hidden: bool) -> bool:
    changed = False
    for below in node.walk():
        under = below.parent.hidden if below is not node and below.parent else False
        own = hidden if below is node else _hides_itself(below)
        wanted = bool(own or under)
        if below.hidden != wanted:
            below.hidden, changed = wanted, True
            if below.component.has_value or below.component.type == "dynamiclist":
                below.holder[below.key] = below.seen()
    return changed


def _hides_itself(node: Node) -> bool:
    hide = node.component.hide
    return bool(hide) and hide.value(node.scope.context()) is True


def options(node: Node) -> list[Option]:
    """The choices that the field offers now."""
    component = node.component
    if component.options:
        return list(component.options)
    if component.options_key:
        found = node.scope.context().get(component.options_key)
    else:
        found = component.options_rule.value(node.scope.context())
    return as_options(found)


def as_options(found: Any) -> list[Option]:
    """Choices out of a list of texts, or of `{value, label}` contexts."""
    result = []
    for item in found if isinstance(found, list | tuple) else []:
        if isinstance(item, Mapping):
            value = item.get("value")
            result.append(Option(value, str(item.get("label") or value)))
        elif item is not None:
            result.append(Option(item, str(item)))
    return result


def same(offered: Any, value: Any) -> bool:
    """Is the posted text (or typed value) this choice?"""
    if isinstance(offered, bool) or isinstance(value, bool):
        return choice_text(offered) == choice_text(value)
    return offered == value or choice_text(offered) == choice_text(value)


def choice_text(value: Any) -> str:
    """How a choice is written in the page."""
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def missing(value: Any) -> bool:
    """Is there nothing in it? (null, empty text, empty list, an unchecked box)"""
    return value is None or value is False or value == "" or value == []

"""What a template draws: sections of fields with everything already decided."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.engine.forms import given as givens
from app.engine.forms import names, prose, rules, typed, verdict
from app.engine.forms import sheet as sheets
from app.engine.forms.component import CHOICES, MANY, Button, Component, Form
from app.engine.forms.directory import Directory
from app.engine.forms.sheet import Node, Sheet
from app.i18n import _, label

WIDTHS = (3, 4, 6, 8, 12)
WIDE = frozenset({"textarea", "text", "table", "dynamiclist", "filepicker", "documentPreview"})
_LOGIN = re.compile(r"[a-z][a-z0-9_.-]{1,39}")
NARROW = frozenset({"number", "datetime", "checkbox", "expression"})


@dataclass(slots=True)
class Field:
    """One component as it stands. `kind` names the macro that draws it."""

    kind: str
    id: str
    name: str
    label: str
    width: int
    hint: str = ""
    required: bool = False
    locked: bool = False  # shown, not typed
    hidden: bool = False
    error: str = ""
    text: str = ""
    texts: list[str] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    prefix: str = ""
    suffix: str = ""
    placeholder: str = ""
    longest: int | None = None
    mode: str = ""  # inputmode, or type of a date field
    numeric: bool = False
    format: str = ""
    source: str = ""  # where the picker asks: an entity, or user
    group: str = ""
    picked: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    accept: str = ""
    multiple: bool = False
    prose: Any = None
    panel: dict[str, Any] | None = None
    columns: list[dict[str, Any]] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    rows: list["Line"] = field(default_factory=list)
    template: "Line | None" = None
    fields: list["Field"] = field(default_factory=list)
    fixed: bool = False
    display: str = ""
    conditional: bool = False


@dataclass(slots=True)
class Line:
    """One row of a list; `origin` is the number of the stored row, "" for a new one."""

    path: str
    number: int | str
    origin: str
    fields: list[Field]
    mark: str = ""


@dataclass(slots=True)
class Section:
    """A part of the form under one heading."""

    id: str
    title: str
    hint: str
    fields: list[Field]
    totals: list[Field] = field(default_factory=list)
    hidden: bool = False
    flush: bool = False  # a grid reaches from edge to edge


@dataclass(slots=True)
class View:
    """The whole form, its verbs, and the list of errors for its head."""

    id: str
    sections: list[Section]
    buttons: list[Button]
    problems: list[dict[str, str]]


def view(
    form: Form, context: Mapping[str, Any] | None = None, posted: Any = None,
    errors: Mapping[str, str] | None = None, files: Mapping[str, dict[str, Any]] | None = None, *,
    outcome: str | None = None, directory: Directory | None = None,
    zone: ZoneInfo = verdict.SHANGHAI, locked: bool = False,
) -> View:  # fmt: skip
    """The form over the case's variables; with `posted`, what was typed stands in its fields.

    `errors` are those of `judge`; `locked` shows a form that is finished or somebody else's.
    """
    given = None if posted is None else givens.from_pairs(form, posted, keeps_blank=True)
    sheet = sheets.build(
        form, context or {}, given,
        outcome=outcome, files=files, directory=directory, zone=zone,
    )  # fmt: skip
    drawing = _Drawing(sheet, errors or {}, locked)
    sections = drawing.sections()
    buttons = [] if locked else verdict.offered(sheet)
    return View(form.id, sections, buttons, drawing.problems())


def html_id(path: str) -> str:
    """The id of the element for a path."""
    return "f-" + path.replace("[", "-").replace("]", "").replace(".", "-")


class _Drawing:
    def __init__(self, sheet: Sheet, errors: Mapping[str, str], locked: bool) -> None:
        self.sheet, self.errors, self.locked = sheet, errors, locked

    def problems(self) -> list[dict[str, str]]:
        """Every error, with the field that it jumps to."""
        by_path = {node.path: node for node in self.sheet.flat}
        found = []
        for path, text in self.errors.items():
            node = by_path.get(path)
            name = verdict.problem_label(node) if node else ""
            href = f"#{html_id(path)}" if node else ""
            found.append({"href": href, "label": name, "text": text})
        return found

    def sections(self) -> list[Section]:
        """Groups of the first level, and what stands between them, as parts with headings."""
        found: list[Section] = []
        loose: Section | None = None
        for node in self.sheet.nodes:
            kind = node.component.type
            if kind == "group" or kind == "dynamiclist":
                found.append(self._section(node))
                loose = None
                continue
            if kind == "separator":
                loose = None
                continue
            if node.component.display == "total" and found:
                found[-1].totals.append(self.field(node))
                continue
            if loose is None:
                loose = Section(f"s{len(found)}", "", "", [])
                found.append(loose)
            self._into(loose, node)
        return found

    def _section(self, node: Node) -> Section:
        component = node.component
        title, hint = self._said(node, component.label), self._said(node, component.description)
        section = Section(f"g-{component.id}", title, hint, [], hidden=node.hidden)
        if component.type == "dynamiclist":
            section.fields = [self.field(node)]
            section.flush = component.display == "grid"
            return section
        for child in node.children:
            self._into(section, child)
        return section

    def _into(self, section: Section, node: Node) -> None:
        if node.component.display == "total":
            section.totals.append(self.field(node))
        else:
            section.fields.append(self.field(node))

    def field(self, node: Node) -> Field:
        """One component, ready to be drawn."""
        component = node.component
        drawn = Field(
            kind=_kind(component), id=html_id(node.path or component.id), name=node.path,
            label=self._said(node, component.label), hint=self._said(node, component.description),
            width=_width(component), hidden=node.hidden, error=self.errors.get(node.path, ""),
            locked=self.locked or component.disabled or node.readonly,
            prefix=label(component.prefix), suffix=label(component.suffix),
            display=component.display,
            placeholder=label(component.placeholder), format=component.format,
            conditional=bool(component.hide),
        )  # fmt: skip
        if component.is_input:
            self._input(node, drawn)
        elif component.type == "expression":
            self._number_look(component, drawn)
            drawn.text = self.said_value(component, node.value)
        elif component.type == "dynamiclist":
            self._list(node, drawn)
        elif component.type == "group":
            drawn.fields = [self.field(child) for child in node.children]
        else:
            self._shown(node, drawn)
        return drawn

    def _input(self, node: Node, drawn: Field) -> None:
        component, kind = node.component, node.component.type
        drawn.required = rules.is_required(node)
        drawn.error = drawn.error or ""
        if kind in CHOICES or kind in MANY:
            self._choices(node, drawn)
        elif kind == "filepicker":
            self._files(node, drawn)
        elif kind == "checkbox":
            drawn.text = "true" if node.value is True else ""
        else:
            drawn.text = self._typed(node)
        if kind in ("textfield", "textarea"):
            drawn.longest = rules.longest_of(node)
            drawn.mode = {"email": "email", "phone": "tel"}.get(component.text_kind, "text")
        elif kind == "number":
            self._number_look(component, drawn)
            drawn.mode = "numeric" if component.digits == 0 else "decimal"
        elif kind == "datetime":
            drawn.mode = {"date": "date", "time": "time"}.get(component.subtype, "datetime-local")
        if component.entity or component.picker:
            self._picker(node, drawn)

    def _typed(self, node: Node) -> str:
        # what cannot be read as a value stays as it was typed
        if node.value is None and node.texts:
            return node.texts[-1][: typed.HARD_LIMIT]
        return typed.show(node.component, node.value, self.sheet.zone)

    def _number_look(self, component: Component, drawn: Field) -> None:
        drawn.numeric = component.type == "number" or bool(component.format)
        if component.format in ("money", "price") and not drawn.prefix:
            drawn.prefix = "¥"
        if component.format == "rate" and not drawn.suffix:
            drawn.suffix = "%"

    def _choices(self, node: Node, drawn: Field) -> None:
        chosen = node.value if isinstance(node.value, list) else [node.value]
        wanted = {sheets.choice_text(value) for value in chosen if value is not None}
        for option in sheets.options(node):
            text = sheets.choice_text(option.value)
            drawn.options.append(
                {"value": text, "label": label(option.label), "chosen": text in wanted}
            )
        drawn.texts = [item["label"] for item in drawn.options if item["chosen"]]
        drawn.text = "、".join(drawn.texts)

    def _files(self, node: Node, drawn: Field) -> None:
        drawn.accept, drawn.multiple = node.component.accept, node.component.multiple
        before = {str(item["id"]): item for item in rules.as_files(node.base)}
        held = node.value if isinstance(node.value, list) else rules.as_files(node.value)
        for item in held:
            key = str(item.get("id") if isinstance(item, dict) else item)
            found = self.sheet.files.get(key) or before.get(key)
            if found:
                drawn.files.append(found)

    def _picker(self, node: Node, drawn: Field) -> None:
        component = node.component
        drawn.kind = "picker"
        drawn.source = component.picker or component.entity
        drawn.group = rules.group_of(node) or ""
        drawn.text = str(node.value or "")
        drawn.picked = rules.look_up(self.sheet, node) if node.value else None

    def said_value(self, component: Component, value: Any) -> str:
        """A value as people read it."""
        if isinstance(value, list):
            return _("、").join(self.said_value(component, item) for item in value)
        if isinstance(value, Mapping):
            return str(value.get("label") or value.get("name") or value.get("value") or "")
        text = typed.show(component, value, self.sheet.zone)
        return label(text) if isinstance(value, str) and text else text.replace("T", " ")

    def _shown(self, node: Node, drawn: Field) -> None:
        component, context = node.component, node.scope.context()
        value = component.source.value(context)
        if component.record:
            drawn.kind = "record"
            number = value or context.get(component.record) or context.get(f"{component.record}_id")
            directory = self.sheet.directory
            if directory is not None and isinstance(number, str):
                drawn.panel = directory.panel(component.record, number)
        elif component.type == "text":
            text = value if component.source.expression is not None else label(str(value or ""))
            drawn.prose = prose.html(prose.filled(str(text or ""), context))
        elif component.type == "table":
            drawn.columns = [
                {"label": label(name), "numeric": key in component.column_formats}
                for key, name in component.table_columns
            ]
            drawn.cells = [self._cells(component, item) for item in value or () if item][:500]
        elif component.type == "documentPreview":
            drawn.files = rules.as_files(value)
        else:
            drawn.text = str(value or "")

    def _cells(self, component: Component, item: Any) -> list[str]:
        return [
            self._cell(component, key, names.at(item, key.split(".")))
            for key, _name in component.table_columns
        ]

    def _cell(self, component: Component, key: str, value: Any) -> str:
        style = component.column_formats.get(key, "")
        if style and value is None:
            return "–"
        if style and isinstance(value, int | Decimal):
            return typed.number_text(value, style) + ("%" if style == "rate" else "")
        if isinstance(value, Decimal):
            return prose.said(value)
        return self._name(value) or self.said_value(component, value)

    def _name(self, value: Any) -> str | None:
        """The name of the person whose login this is: facts often hold no more."""
        directory = self.sheet.directory
        if directory is None or not isinstance(value, str) or not _LOGIN.fullmatch(value):
            return None
        found = directory.person(value, None)
        return str(found["label"]) if found else None

    def _list(self, node: Node, drawn: Field) -> None:
        component = node.component
        drawn.fixed = component.fixed_rows or drawn.locked
        drawn.rows = [self._line(row) for row in node.rows]
        if not drawn.fixed:
            drawn.template = self._blank_line(node)
        drawn.columns = [
            {"label": label(child.label), "numeric": child.type == "number" or bool(child.format),
             "required": child.required.constant is True}
            for child in _leaves(component)
        ]  # fmt: skip

    def _line(self, row: sheets.Row) -> Line:
        origin = row.scope.stored_index
        return Line(
            row.path, row.scope.index + 1, "" if origin is None else str(origin),
            [self.field(node) for node in row.nodes],
        )  # fmt: skip

    def _blank_line(self, node: Node) -> Line:
        """An empty row, which the browser copies; words stand where its number will be."""
        line = self._line(sheets.blank_row(self.sheet, node))
        line.path = f"{node.path}[{sheets.place_holder(node, 'i')}]"
        line.number = sheets.place_holder(node, "n")
        line.mark = str(node.path.count("["))
        return line

    def _said(self, node: Node, text: str) -> str:
        if text.startswith("=") or "{{" in text:
            return prose.filled(text, node.scope.context())
        return label(text)


def _leaves(component: Component) -> list[Component]:
    found = []
    for child in component.children:
        found += _leaves(child) if child.type == "group" else [child]
    return found


def _kind(component: Component) -> str:
    return {
        "datetime": "textfield", "number": "textfield", "taglist": "checklist",
        "expression": "computed", "documentPreview": "documents",
        "dynamiclist": "grid" if component.display == "grid" else "list",
    }.get(component.type, component.type)  # fmt: skip


def _width(component: Component) -> int:
    if component.columns:
        wanted = component.columns * 12 / 16  # form-js counts sixteen columns
        return min(WIDTHS, key=lambda width: abs(width - wanted))
    if component.type in WIDE or component.record:
        return 12
    return 3 if component.type in NARROW else 6

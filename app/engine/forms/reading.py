"""Reads a `.form` file into a Form, or says everything that is wrong with it at once."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from app.engine.findings import ERROR, Finding, Unreadable
from app.engine.forms import checks, names
from app.engine.forms.component import (
    CHOICES,
    FORMATS,
    HOLDERS,
    KNOWN,
    MANY,
    REFUSED,
    Button,
    Component,
    Form,
    Option,
    Rule,
)  # fmt: skip
from app.engine.forms.notes import Notes
from app.i18n import _

MAX_BYTES, MAX_COMPONENTS, MAX_DEPTH = 1_000_000, 600, 8


def load(content: bytes | str, file: str = "") -> Form:
    """The form in a file. Raises Unreadable with all findings when it cannot be used."""
    form, findings = _read(content, file)
    if form is None or any(finding.severity == ERROR for finding in findings):
        raise Unreadable(*findings)
    return form


def check(content: bytes | str, file: str = "") -> list[Finding]:
    """Everything that is wrong, or worth knowing, about a form file."""
    return _read(content, file)[1]


def load_file(path: str | Path) -> Form:
    """The form in a file on disk, read again only after it has changed."""
    path = Path(path)
    return _load_version(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _load_version(path: str, _changed: int) -> Form:
    return load(Path(path).read_bytes(), Path(path).name)


def _read(content: bytes | str, file: str) -> tuple[Form | None, list[Finding]]:
    notes = Notes(file)
    data = _json(content, notes)
    if data is None:
        return None, notes.findings
    reader = _Reader(notes)
    components = reader.components(data["components"], (), "", 0)
    form = Form(str(data.get("id") or ""), components, reader.buttons)
    _index(form, components)
    form.free_names = frozenset(notes.names - {"this", "parent", "i"})
    checks.whole(form, notes)
    return form, notes.findings


def _json(content: bytes | str, notes: Notes) -> dict[str, Any] | None:
    if len(content) > MAX_BYTES:
        notes.add("size", _("表单文件超过 1 MB"), _("拆成几张表单"))
        return None
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        notes.add(
            "json", _("不是合法的 JSON：%(problem)s", problem=problem),
            _("用表单编辑器或 Camunda Modeler 重新保存"), line=problem.lineno,
        )  # fmt: skip
        return None
    if not isinstance(data, dict) or not isinstance(data.get("components"), list):
        notes.add("shape", _("不是表单：缺少 components"), _("用表单编辑器新建表单"))
        return None
    if data.get("type", "default") != "default":
        notes.add("shape", _("表单类型须为 default"), _('写 "type": "default"'))
    return data


def _index(form: Form, components: list[Component]) -> None:
    for component in components:
        if component.type == "dynamiclist":
            form.lists[component.name] = component
        elif component.is_input:
            form.fields[component.name] = component
        _index(form, component.children)


class _Reader:
    """Turns the components of one file into ours, noting what is wrong on the way."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.buttons: list[Button] = []
        self.count = 0

    def components(
        self, raws: Any, address: tuple[str, ...], prefix: str, depth: int
    ) -> list[Component]:
        """The components of one level; `address` leads to them inside their row, `prefix` is the
        name of the row itself (`contacts[]`)."""
        if depth > MAX_DEPTH:
            self.notes.add("depth", _("分组嵌套太深"), _("最多 %(max)s 层", max=MAX_DEPTH))
            return []
        found = []
        for raw in raws if isinstance(raws, list) else []:
            self.count += 1
            if self.count > MAX_COMPONENTS:
                self.notes.once("count", _("组件太多"), _("最多 %(max)s 个", max=MAX_COMPONENTS))
                break
            component = self.component(raw, address, prefix, depth)
            if component is not None:
                found.append(component)
        return found

    def component(
        self, raw: Any, address: tuple[str, ...], prefix: str, depth: int
    ) -> Component | None:
        if not isinstance(raw, dict):
            self.notes.add("component", _("组件须是对象"), _("用表单编辑器重新保存"))
            return None
        self.notes.at(raw)
        kind = str(raw.get("type"))
        if kind in REFUSED:
            self.notes.add(
                "type.refused", _("不支持组件类型 %(type)s：它会带入外来的页面内容", type=kind),
                _("改用 text 组件写文字和链接"),
            )  # fmt: skip
            return None
        if kind not in KNOWN:
            self.notes.add(
                "type.unknown", _("没有组件类型“%(type)s”", type=kind[:40]),
                _("可用的类型：%(types)s", types="、".join(sorted(KNOWN))),
            )  # fmt: skip
            return None
        if kind == "button":
            self.button(raw)
            return None
        return self.placed(raw, address, prefix, depth)

    def placed(
        self, raw: dict[str, Any], address: tuple[str, ...], prefix: str, depth: int
    ) -> Component:
        component = self.described(raw)
        kind = component.type
        key = raw.get("path") if kind in HOLDERS else raw.get("key")
        own = tuple(str(key).split(".")) if key else ()
        component.key = str(key or "")
        component.address = address + own
        checks.key(component, self.notes)
        path = names.join(component.address)
        component.name = f"{prefix}.{path}" if prefix and path else prefix or path
        if kind == "group":
            inner = component.address
            component.children = self.components(raw.get("components"), inner, prefix, depth + 1)
        elif kind == "dynamiclist":
            inside = f"{component.name}[]"
            component.children = self.components(raw.get("components"), (), inside, depth + 1)
        self.notes.at(raw)
        checks.component(component, raw, self.notes)
        return component

    def button(self, raw: dict[str, Any]) -> None:
        if raw.get("action") == "reset":
            self.notes.add(
                "button.reset", _("不支持重置按钮：它会清空已填的内容"), _("删去这个按钮")
            )
            return
        properties = self.properties(raw)
        self.buttons.append(
            Button(
                outcome=str(properties.get("outcome") or "submit"),
                label=str(raw.get("label") or "提交"),
                tone=str(properties.get("tone") or ""),
                key=str(properties.get("shortcut") or ""),
                hide=self.hide(raw),
                checks=properties.get("check", "all") != "none",
            )
        )
        checks.button(self.buttons, self.notes)

    def hide(self, raw: dict[str, Any]) -> Rule:
        conditional = raw.get("conditional")
        return self.rule(conditional.get("hide") if isinstance(conditional, dict) else None)

    def rule(self, value: Any) -> Rule:
        """A property that may be `=FEEL`; an expression that does not compile is noted."""
        return self.notes.rule(value)

    def properties(self, raw: dict[str, Any]) -> dict[str, Any]:
        found = raw.get("properties")
        found = found if isinstance(found, dict) else {}
        checks.properties(found, self.notes)
        return found

    def described(self, raw: dict[str, Any]) -> Component:
        """The component with everything but its place in the form."""
        extra = self.properties(raw)
        rules = raw.get("validate") if isinstance(raw.get("validate"), dict) else {}
        layout = raw.get("layout") if isinstance(raw.get("layout"), dict) else {}
        look = raw.get("appearance") if isinstance(raw.get("appearance"), dict) else {}
        component = Component(type=raw["type"], id=str(raw.get("id") or raw.get("key") or ""))
        component.label = str(raw.get("label") or raw.get("dateLabel") or "")
        component.label = component.label or str(raw.get("timeLabel") or "")
        component.description = str(raw.get("description") or "")
        component.columns = (
            layout.get("columns") if isinstance(layout.get("columns"), int) else None
        )
        component.hide, component.readonly = self.hide(raw), self.rule(raw.get("readonly"))
        component.disabled = raw.get("disabled") is True
        component.default = raw.get("defaultValue")
        component.prefix = str(look.get("prefixAdorner") or "")
        component.suffix = str(look.get("suffixAdorner") or "")
        self._rules(component, rules, extra)
        self._kind(component, raw, extra)
        self._choices(component, raw)
        component.entity = str(extra.get("entity") or "")
        component.picker = str(extra.get("picker") or "")
        component.group_rule = self.rule(extra.get("group"))
        component.record = str(extra.get("record") or "")
        component.display = str(extra.get("display") or "")
        component.placeholder = str(extra.get("placeholder") or "")
        return component

    def _rules(
        self, component: Component, rules: dict[str, Any], extra: dict[str, Any]
    ) -> None:  # fmt: skip
        required = extra.get("required")
        component.required = (
            self.rule(required) if required else Rule(rules.get("required") is True)
        )
        component.error = self.rule(extra.get("error"))
        component.minimum = self.notes.bound(rules.get("min"))
        component.maximum = self.notes.bound(rules.get("max"))
        component.min_length = self.notes.bound(rules.get("minLength"))
        component.max_length = self.notes.bound(rules.get("maxLength"))
        component.min_rows = self.notes.bound(extra.get("min_rows"))
        component.max_rows = self.notes.bound(extra.get("max_rows"))
        component.pattern = self.notes.pattern(rules.get("pattern"))
        component.pattern_message = str(rules.get("patternErrorMessage") or "")
        component.text_kind = str(rules.get("validationType") or "").replace("custom", "")

    def _kind(self, component: Component, raw: dict[str, Any], extra: dict[str, Any]) -> None:
        kind = component.type
        if kind in ("number", "expression"):
            component.format = str(extra.get("format") or "")
            digits = raw.get("decimalDigits")
            component.digits = digits if isinstance(digits, int) else FORMATS.get(component.format)
            component.step = self.notes.step(raw.get("increment"))
        if kind == "datetime":
            component.subtype = str(raw.get("subtype") or "date")
        elif kind == "expression":
            component.expression = self.rule(raw.get("expression"))
        elif kind == "filepicker":
            component.accept = str(raw.get("accept") or "")
            component.multiple = raw.get("multiple") is True
        elif kind == "dynamiclist":
            component.fixed_rows = raw.get("allowAddRemove") is False
            count = raw.get("defaultRepetitions")
            component.default_rows = count if isinstance(count, int) and 0 <= count <= 50 else 1
        elif kind in ("text", "image", "table", "documentPreview"):
            self._shown(component, raw)

    def _shown(self, component: Component, raw: dict[str, Any]) -> None:
        where = {"text": "text", "image": "source"}.get(component.type, "dataSource")
        component.source = self.rule(raw.get(where))
        if component.type == "image":
            component.label = component.label or str(raw.get("alt") or "")
        columns = raw.get("columns")
        for column in columns if isinstance(columns, list) else ():
            if isinstance(column, dict) and column.get("key"):
                label = str(column.get("label") or column["key"])
                component.table_columns += ((str(column["key"]), label),)
        extra = raw.get("properties")
        formats = str(extra.get("formats") or "") if isinstance(extra, dict) else ""
        component.column_formats = dict(part.partition("=")[::2] for part in formats.split())

    def _choices(self, component: Component, raw: dict[str, Any]) -> None:
        if component.type not in CHOICES | MANY:
            return
        component.options_key = str(raw.get("valuesKey") or "")
        component.options_rule = self.rule(raw.get("valuesExpression"))
        values = raw.get("values")
        for item in values if isinstance(values, list) else ():
            if isinstance(item, dict) and "value" in item:
                label = str(item.get("label") or item["value"])
                component.options += (Option(item["value"], label),)

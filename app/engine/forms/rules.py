"""What a value must be like: one question per rule, each answered by a sentence or None.

The same rules as form-js judges by: required fails for nothing, lengths count trimmed text, a
bound that cannot be computed is no bound. A choice that is not offered is refused here as well.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from app.engine.forms import sheet as sheets
from app.engine.forms import typed
from app.engine.forms.component import CHOICES, MANY, TEXTS, Component
from app.engine.forms.sheet import Node, Sheet
from app.i18n import _, label

PATTERN_SECONDS = 0.05
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}@[^\s@.<>]+(\.[^\s@.<>]+)+")
_PHONE = re.compile(r"\+?\(?\d[\d ()-]{3,22}\d", re.ASCII)


def broken(sheet: Sheet, node: Node) -> str | None:
    """Why the field's value cannot stay, None if it can."""
    component = node.component
    if component.type == "filepicker":
        return _files(sheet, node) or _given(node)
    if component.type in MANY:
        return _many(node) or _given(node)
    empty = sheets.missing(node.value)
    if empty:
        return _given(node)
    return _kind(sheet, node) or _own_rule(node)


def _given(node: Node) -> str | None:
    if sheets.missing(node.value) and _is_required(node):
        return _please(node.component)
    return _own_rule(node)


def is_required(node: Node) -> bool:
    """Must something be given here, as things stand?"""
    return bool(_is_required(node))


def _is_required(node: Node) -> bool:
    rule = node.component.required
    return rule.constant is True or (bool(rule) and rule.value(node.scope.context()) is True)


def _own_rule(node: Node) -> str | None:
    rule = node.component.error
    text = rule.value(node.scope.context()) if rule else None
    return in_words(text) if isinstance(text, str) and text else None


def in_words(text: str) -> str:
    """The rule's text in the reader's language; a figure at its end stays as it is."""
    words = text.rstrip("0123456789.,")
    return label(words) + text[len(words) :]


def _please(component: Component) -> str:
    kind = component.type
    if kind in CHOICES or kind in MANY or component.entity or component.picker:
        return _("请选择")
    if kind == "checkbox":
        return _("请勾选")
    if kind == "filepicker":
        return _("请上传文件")
    return _("此项必填")


def _kind(sheet: Sheet, node: Node) -> str | None:
    component = node.component
    if component.entity or component.picker:
        return _reference(sheet, node)
    if component.type in TEXTS:
        return _length(node) or _pattern(component, node.value)
    if component.type == "number":
        return _bounds(node) or _step(node)
    if component.type == "datetime":
        return _bounds(node)
    if component.type in CHOICES:
        return _choice(node)
    return None


def _length(node: Node) -> str | None:
    component, length = node.component, len(node.value.strip())
    shortest, longest = _bound(node, "min_length"), longest_of(node)
    if shortest is not None and length < shortest:
        return _("至少 %(min)s 个字，现在 %(now)s 个", min=shortest, now=length)
    if length > longest:
        return _("最多 %(max)s 个字，现在 %(now)s 个", max=longest, now=length)
    return _text_kind(component, node.value)


def longest_of(node: Node) -> int:
    """How many characters the field takes: its own limit, else 200, in a text area 10,000."""
    limit = _bound(node, "max_length")
    return int(limit) if limit is not None else typed.TEXT_LIMIT[node.component.type]


def _text_kind(component: Component, value: str) -> str | None:
    if component.text_kind == "email" and not _EMAIL.fullmatch(value):
        return _("请填写电子邮箱，例如 name@example.com")
    if component.text_kind == "phone" and not _PHONE.fullmatch(value):
        return _("请填写电话号码，例如 021-62880000 或 13800000001")
    return None


def _pattern(component: Component, value: str) -> str | None:
    if component.pattern is None:
        return None
    try:
        fits = component.pattern.search(value, timeout=PATTERN_SECONDS)
    except TimeoutError:
        return _("内容太复杂，无法检查格式，请缩短")
    return None if fits else component.pattern_message or _("格式不对，请检查")


def _bound(node: Node, which: str) -> Any:
    rule = getattr(node.component, which)
    value = rule.value(node.scope.context()) if rule.expression is not None else rule.constant
    if isinstance(value, bool) or not isinstance(value, int | Decimal | dt.date | dt.time):
        return None
    return value


def _bounds(node: Node) -> str | None:
    low, high = _bound(node, "minimum"), _bound(node, "maximum")
    try:
        if low is not None and node.value < low:
            return _("不能小于 %(min)s", min=_said(node, low))
        if high is not None and node.value > high:
            return _("不能大于 %(max)s", max=_said(node, high))
    except TypeError:
        # a bound of another type bounds nothing
        return None
    return None


def _said(node: Node, value: Any) -> str:
    component = node.component
    if isinstance(value, int | Decimal):
        text = typed.number_text(value, component.format, component.digits)
        return f"{text}%" if component.format == "rate" else text
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def _step(node: Node) -> str | None:
    step = node.component.step
    if not step:
        return None
    low = _bound(node, "minimum")
    start = Decimal(str(low)) if isinstance(low, int | Decimal) else Decimal(0)
    if (Decimal(str(node.value)) - start) % Decimal(step):
        return _("须是 %(step)s 的倍数", step=step)
    return None


def _choice(node: Node) -> str | None:
    for option in sheets.options(node):
        if sheets.same(option.value, node.value):
            node.value = option.value
            return None
    return _("请从列表中选择")


def _many(node: Node) -> str | None:
    offered = sheets.options(node)
    chosen = []
    for value in node.value:
        found = [option.value for option in offered if sheets.same(option.value, value)]
        if not found:
            return _("请从列表中选择")
        if found[0] not in chosen:
            chosen.append(found[0])
    node.value = chosen
    return None


def _reference(sheet: Sheet, node: Node) -> str | None:
    if not isinstance(node.value, str) or len(node.value) > typed.TEXT_LIMIT["textfield"]:
        return _("请从列表中选择")
    if sheet.directory is None or node.value == node.base:
        return None
    if look_up(sheet, node) is None:
        return _("没有找到，或者您无权使用。请重新选择")
    return None


def look_up(sheet: Sheet, node: Node) -> dict[str, Any] | None:
    """The record or person that the field names, None when there is none or not for the reader."""
    component = node.component
    if sheet.directory is None or not isinstance(node.value, str):
        return None
    if component.picker == "user":
        return sheet.directory.person(node.value, group_of(node))
    return sheet.directory.record(component.entity, node.value)


def group_of(node: Node) -> str | None:
    """The role that a person picker is limited to; the property may be FEEL."""
    rule = node.component.group_rule
    value = rule.value(node.scope.context()) if rule else None
    return value if isinstance(value, str) and value else None


def _files(sheet: Sheet, node: Node) -> str | None:
    known, kept = sheet.files, []
    before = {item.get("id"): item for item in as_files(node.base)}
    for item in node.value:
        number = item.get("id") if isinstance(item, dict) else item
        key = str(number)
        found = known.get(key) or before.get(int(key) if key.isdecimal() else key)
        if found is None:
            return _("文件没有找到，请重新上传")
        if found not in kept:
            kept.append(dict(found))
    if len(kept) > 1 and not node.component.multiple:
        return _("这里只能放一个文件")
    node.value = kept
    return None


def as_files(value: Any) -> list[dict[str, Any]]:
    """The files that a variable holds: one context, or a list of them."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict) and "id" in item]

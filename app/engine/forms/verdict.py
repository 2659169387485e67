"""The judge: typed values of a whole form, or a sentence beside every field that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from app.engine.forms import given as givens
from app.engine.forms import rules
from app.engine.forms import sheet as sheets
from app.engine.forms.component import Button, Form
from app.engine.forms.directory import Directory
from app.engine.forms.given import Given
from app.engine.forms.sheet import Node, Sheet
from app.i18n import _, label

WHOLE = ""  # the path of errors that belong to no field
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class Judged:
    """`values` are the variables to set, empty while there are errors; `errors` {path: sentence}.

    `outcome` is the verb that was pressed, None for a form without verbs of its own.
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None

    @property
    def ok(self) -> bool:
        return not self.errors


def judge(
    form: Form, posted: Any, files: Mapping[str, dict[str, Any]] | None = None,
    context: Mapping[str, Any] | None = None, outcome: str | None = None, *,
    directory: Directory | None = None, zone: ZoneInfo = SHANGHAI,
) -> Judged:  # fmt: skip
    """Judge what a browser posted: pairs, a mapping of texts, or a MultiDict.

    `files` {id: {"id", "name", "size", "type"}} are those the person may attach here, `context`
    the case's variables. Never raises for anything that a browser can send.
    """
    given = givens.from_pairs(form, posted)
    return _judged(form, given, files, context, outcome, directory, zone)


def judge_values(
    form: Form, values: Mapping[str, Any], files: Mapping[str, dict[str, Any]] | None = None,
    context: Mapping[str, Any] | None = None, outcome: str | None = None, *,
    directory: Directory | None = None, zone: ZoneInfo = SHANGHAI,
) -> Judged:  # fmt: skip
    """As `judge`, for typed values of a program (`{"customer": {"name": …}}`)."""
    given = givens.from_values(form, values)
    return _judged(form, given, files, context, outcome, directory, zone)


def _judged(
    form: Form, given: Given, files: Mapping[str, dict[str, Any]] | None,
    context: Mapping[str, Any] | None, outcome: str | None,
    directory: Directory | None, zone: ZoneInfo,
) -> Judged:  # fmt: skip
    refused = _refused(given)
    if given.too_many:
        return Judged(errors=refused)
    sheet = sheets.build(
        form, context or {}, given,
        outcome=outcome, files=files, directory=directory, zone=zone,
    )  # fmt: skip
    button, problem = _pressed(sheet, outcome)
    if problem:
        return Judged(errors={**refused, WHOLE: problem})
    if button is not None and not button.checks:
        return Judged(errors=refused, outcome=outcome)
    errors = {**refused, **_errors(sheet)}
    return Judged({} if errors else values_of(sheet), errors, outcome)


def _refused(given: Given) -> dict[str, str]:
    if given.too_many:
        return {WHOLE: _("内容太多，没有接收。请减少行数后再提交。")}
    if not given.foreign:
        return {}
    shown = [str(name)[:40] for name in dict.fromkeys(given.foreign[:5])]
    names = "、".join(text if text.isprintable() else ascii(text) for text in shown)
    return {WHOLE: _("此表单没有这些内容：%(names)s。请刷新页面后再提交。", names=names)}


def offered(sheet: Sheet) -> list[Button]:
    """The verbs that may be pressed as things stand."""
    context = sheet.root.data
    return [
        button for button in sheet.form.buttons
        if not (button.hide and button.hide.value(context) is True)
    ]  # fmt: skip


def _pressed(sheet: Sheet, outcome: str | None) -> tuple[Button | None, str | None]:
    if not sheet.form.buttons:
        wrong = outcome not in (None, "", "submit")
        return None, _("没有“%(outcome)s”这个操作", outcome=str(outcome)[:40]) if wrong else None
    for button in offered(sheet):
        if button.outcome == (outcome or ""):
            return button, None
    if outcome:
        return None, _("现在不能“%(outcome)s”。请刷新页面后再试。", outcome=str(outcome)[:40])
    return None, _("请按一个操作按钮提交")


def _errors(sheet: Sheet) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in sheet.flat:
        problem = None if node.hidden else _problem(sheet, node)
        if problem:
            node.error = problem
            found[node.path] = problem
    return found


def _problem(sheet: Sheet, node: Node) -> str | None:
    component = node.component
    if component.type == "dynamiclist":
        return _rows(node)
    if not component.is_input:
        return None
    if component.disabled or node.readonly:
        return _touched(sheet, node)
    if node.error:
        return node.error
    if node.texts is not None and len(node.texts) > 1 and _takes_one(node):
        return _("这里只能有一个值")
    return rules.broken(sheet, node)


def _takes_one(node: Node) -> bool:
    # a checkbox may come with a hidden "false" before it
    return node.component.type in ("textfield", "textarea", "number", "datetime", "radio", "select")


def _touched(sheet: Sheet, node: Node) -> str | None:
    """A field that is only shown may come back as it was, never otherwise."""
    if node.texts is None and node.error is None and sheets.missing(node.value):
        untouched = True
    else:
        untouched = node.error is None and _unchanged(node)
    node.error = None
    node.value = node.base
    return None if untouched else _("此项只能查看，不能修改")


def _unchanged(node: Node) -> bool:
    if node.component.type == "filepicker":
        ids = {str(item["id"]) for item in rules.as_files(node.base)}
        return {str(value) for value in node.value} == ids
    if isinstance(node.value, list):
        base = node.base if isinstance(node.base, list) else []
        return sorted(map(str, node.value)) == sorted(map(str, base))
    if sheets.missing(node.value):
        return sheets.missing(node.base)
    return node.base == node.value or sheets.same(node.base, node.value)


def _rows(node: Node) -> str | None:
    component, context = node.component, node.scope.context()
    count = len(node.rows)
    least, most = component.min_rows.value(context), component.max_rows.value(context)
    if isinstance(least, int) and count < least:
        return _("至少要有 %(min)s 行，现在 %(now)s 行", min=least, now=count)
    limit = most if isinstance(most, int) and not isinstance(most, bool) else givens.MAX_ROWS
    if count > limit:
        return _("最多 %(max)s 行，现在 %(now)s 行", max=limit, now=count)
    text = component.error.value(context) if component.error else None
    return text if isinstance(text, str) and text else None


def values_of(sheet: Sheet) -> dict[str, Any]:
    """The variables to set: what is visible and may be written, over what the case had."""
    values: dict[str, Any] = {}
    _collect(sheet.nodes, sheet.root, values)
    return values


def _collect(nodes: list[Node], scope: sheets.Scope, out: dict[str, Any]) -> None:
    for node in nodes:
        kind = node.component.type
        if kind == "group":
            _collect(node.children, scope, out)
        elif kind == "dynamiclist" and not node.hidden:
            _put(out, scope, node, [_row_values(row) for row in node.rows])
        elif node.component.has_value:
            _collect_field(node, scope, out)


def _collect_field(node: Node, scope: sheets.Scope, out: dict[str, Any]) -> None:
    if node.hidden:
        _drop(out, scope, node)
    elif not (node.component.disabled or node.readonly):
        _put(out, scope, node, node.value)


def _row_values(row: sheets.Row) -> dict[str, Any]:
    values = dict(row.scope.stored or {})
    _collect(row.nodes, row.scope, values)
    return values


def _put(out: dict[str, Any], scope: sheets.Scope, node: Node, value: Any) -> None:
    inner, stored = out, scope.stored or {}
    for part in node.component.address[:-1]:
        held = stored.get(part) if isinstance(stored, Mapping) else None
        if part not in inner:
            inner[part] = dict(held) if isinstance(held, Mapping) else {}
        inner, stored = inner[part], held
    inner[node.key] = value


def _drop(out: dict[str, Any], scope: sheets.Scope, node: Node) -> None:
    """A hidden field is left out; inside an object that is written anyway its old value goes."""
    address = node.component.address
    if scope.parent is None and len(address) == 1:
        return
    stored = sheets.names.at(scope.stored or {}, address)
    if stored is not None:
        _put(out, scope, node, None)
        inner = sheets.names.at(out, address[:-1])
        del inner[node.key]


def problem_label(node: Node) -> str:
    """The field's label for a list of errors, with the row it stands in."""
    text = label(node.component.label) or node.path
    if node.scope.parent is not None:
        return _("第 %(row)s 行 %(label)s", row=node.scope.index + 1, label=text)
    return text

"""What a form must be so that people can fill it in and nothing is silently wrong."""

import re
from collections import Counter
from typing import Any

from app.engine.forms.component import (
    CHOICES,
    FORMATS,
    HOLDERS,
    MANY,
    RESERVED,
    ROW,
    Button,
    Component,
    Form,
)  # fmt: skip
from app.engine.forms.notes import Notes
from app.i18n import _

PROPERTIES = frozenset({
    "entity", "picker", "group", "format", "display", "required", "error", "record", "outcome",
    "tone", "shortcut", "check", "min_rows", "max_rows", "placeholder", "formats",
})  # fmt: skip
TONES = frozenset({"primary", "warn", "danger", "quiet"})
DISPLAYS = {
    "grid": "dynamiclist", "rows": "dynamiclist", "total": "expression", "field": "expression",
}  # fmt: skip
# one-word functions and words of the language: a key of that name cannot be told from them
FUNCTIONS = frozenset(
    """
    date time number string not contains substring matches replace split lower upper min max sum
    mean all any sublist append concatenate count reverse flatten product median stddev mode round
    floor ceiling decimal abs modulo sqrt log exp odd even duration context overlaps before after
    meets includes during starts finishes coincides is now today get put extract trim union sort
    between in
""".split()
)
WORDS = frozenset(
    "if then else for return some every satisfies true false null function and or".split()
)
_KEY = re.compile(r"[^\W\d]\w{0,79}")
_LOCAL_IMAGE = re.compile(r"/(?!/)[\w./%-]*|data:image/(png|jpeg|gif|webp);base64,[\w+/=]*")


def key(component: Component, notes: Notes) -> None:
    """The key is there where one is needed, and is a name that expressions can use."""
    if not component.key:
        if component.has_value or component.type == "dynamiclist":
            notes.add("key.missing", _("缺少键"), _("填写 key：内容存入同名的流程变量"))
        return
    for part in component.key.split("."):
        if not _KEY.fullmatch(part) or part in WORDS or part == ROW:
            notes.add(
                "key.name", _("键“%(key)s”不能用", key=part[:80]),
                _("用字母、数字和下划线，以字母开头，例如 customer_type"),
            )  # fmt: skip
    if component.address == (component.key,) and component.key in RESERVED:
        notes.add("key.reserved", _("键“%(key)s”由平台使用", key=component.key), _("换一个键"))


def component(component: Component, raw: dict[str, Any], notes: Notes) -> None:
    """Everything that can be wrong with one component by itself."""
    _label(component, notes)
    _choices(component, raw, notes)
    _limits(component, notes)
    _extensions(component, raw, notes)
    _shown(component, notes)


def _label(component: Component, notes: Notes) -> None:
    needs = component.is_input or component.type in ("image", "expression", "dynamiclist")
    if needs and not component.label.strip():
        notes.add("label", _("缺少标签"), _("填写 label：读屏软件和报错都要用它"))


def _choices(component: Component, raw: dict[str, Any], notes: Notes) -> None:
    if component.type not in CHOICES | MANY or component.entity or component.picker:
        return
    if not (component.options or component.options_key or component.options_rule):
        notes.add("values", _("没有可选项"), _("填写 values、valuesKey 或 valuesExpression"))
    repeated = [value for value, n in Counter(str(o.value) for o in component.options).items()
                if n > 1]  # fmt: skip
    if repeated:
        notes.add("values.repeated", _("可选项“%(value)s”重复", value=repeated[0]), _("删去一个"))
    default, offered = component.default, [option.value for option in component.options]
    wanted = default if isinstance(default, list) else [default]
    if offered and default is not None and any(value not in offered for value in wanted):
        notes.add("default", _("默认值不在可选项中"), _("改为可选项之一"))


def _limits(component: Component, notes: Notes) -> None:
    for low, high, what in (
        (component.minimum, component.maximum, "min/max"),
        (component.min_length, component.max_length, "minLength/maxLength"),
        (component.min_rows, component.max_rows, "min_rows/max_rows"),
    ):
        known = low.constant is not None and high.constant is not None
        if known and low.constant > high.constant:
            notes.add("limits", _("%(what)s：下限大于上限", what=what), _("对调或改正"))
    if component.text_kind not in ("", "email", "phone"):
        notes.add("validation", _("没有“%(kind)s”这种检查", kind=component.text_kind),
                  _("可用：email、phone"))  # fmt: skip
    if component.subtype not in ("date", "time", "datetime"):
        notes.add("subtype", _("没有“%(kind)s”这种日期", kind=component.subtype),
                  _("可用：date、time、datetime"))  # fmt: skip
    if component.digits is not None and not 0 <= component.digits <= 12:
        notes.add("digits", _("小数位数须在 0 到 12 之间"), _("改正 decimalDigits"))


def _extensions(component: Component, raw: dict[str, Any], notes: Notes) -> None:
    if component.format and component.format not in FORMATS:
        notes.add("format", _("没有“%(format)s”这种格式", format=component.format),
                  _("可用：%(all)s", all="、".join(FORMATS)))  # fmt: skip
    _column_formats(component, notes)
    if component.display and DISPLAYS.get(component.display) != component.type:
        notes.add("display", _("“%(display)s”不适用于这种组件", display=component.display),
                  _("grid、rows 用于 dynamiclist，total、field 用于 expression"))  # fmt: skip
    if component.picker not in ("", "user"):
        notes.add("picker", _("没有“%(picker)s”这种选择器", picker=component.picker),
                  _("可用：user；选记录用 entity"))  # fmt: skip
    if (component.entity or component.picker) and component.type not in ("textfield", "select"):
        notes.add("picker.type", _("选择器须是 textfield 或 select"), _("改组件类型"))
    if component.type in HOLDERS and not isinstance(raw.get("components"), list):
        notes.add("components", _("分组里没有组件"), _("放入组件，或删去分组"))


def _column_formats(component: Component, notes: Notes) -> None:
    columns = {key for key, _label in component.table_columns}
    for key, style in component.column_formats.items():
        if key not in columns:
            notes.add("formats.column", _("表格没有“%(key)s”这一列", key=key[:40]),
                      _("formats 写“列=格式”，列是 columns 里的 key"))  # fmt: skip
        elif style not in FORMATS:
            notes.add("format", _("没有“%(format)s”这种格式", format=style[:40]),
                      _("可用：%(all)s", all="、".join(FORMATS)))  # fmt: skip


def _shown(component: Component, notes: Notes) -> None:
    kind, source = component.type, component.source
    if kind == "expression" and component.expression.expression is None:
        notes.add("expression", _("缺少表达式"), _("填写以 = 开头的 FEEL"))
    if kind == "image" and source.expression is None:
        if not _LOCAL_IMAGE.fullmatch(str(source.constant or "")):
            notes.add("image", _("图片只能来自本站"), _("用以 / 开头的地址，或 data:image/png"))
    if kind == "table" and (not component.table_columns or source.expression is None):
        notes.add("table", _("表格缺少数据或列"), _("dataSource 写 =FEEL，columns 写列"))
    if kind == "documentPreview" and source.expression is None:
        notes.add("documents", _("缺少文件来源"), _("dataSource 写 =FEEL"))


def properties(found: dict[str, Any], notes: Notes) -> None:
    """Extension properties are known ones, so that a slip of the pen does not pass in silence."""
    for name in found:
        if name not in PROPERTIES:
            notes.add("property", _("没有扩展属性“%(name)s”", name=str(name)[:40]),
                      _("可用：%(all)s", all="、".join(sorted(PROPERTIES))))  # fmt: skip


def button(buttons: list[Button], notes: Notes) -> None:
    """The newest button has an outcome of its own and a tone that exists."""
    newest = buttons[-1]
    if any(other.outcome == newest.outcome for other in buttons[:-1]):
        notes.add("outcome", _("两个按钮都是“%(outcome)s”", outcome=newest.outcome),
                  _("给每个按钮不同的 outcome"))  # fmt: skip
    if newest.tone and newest.tone not in TONES:
        notes.add("tone", _("没有“%(tone)s”这种语气", tone=newest.tone),
                  _("可用：%(all)s", all="、".join(sorted(TONES))))  # fmt: skip


def whole(form: Form, notes: Notes) -> None:
    """Keys and ids are unique; no key is mistaken for a function by an expression."""
    notes.at({})
    keys, ids = Counter[str](), Counter[str]()
    for found in _all(form.components):
        if found.has_value or found.type == "dynamiclist":
            keys[found.name] += 1
        ids[found.id] += bool(found.id)
        _function_name(found, notes)
    for name, count in keys.items():
        if name and count > 1:
            notes.at({"key": name})
            notes.add("key.duplicate", _("键“%(key)s”用了 %(n)s 次", key=name, n=count),
                      _("每个字段用自己的键"))  # fmt: skip
    for name, count in ids.items():
        if count > 1 and keys[name] <= 1:
            notes.at({"key": name})
            notes.add("id.duplicate", _("组件 id“%(id)s”用了 %(n)s 次", id=name, n=count),
                      _("每个组件用自己的 id"))  # fmt: skip


def _function_name(component: Component, notes: Notes) -> None:
    name = component.address[-1] if component.address else ""
    if name not in FUNCTIONS:
        return
    notes.at({"key": component.key, "label": component.label})
    text = _("键“%(key)s”与 FEEL 函数同名", key=name)
    remedy = _("换一个键，例如 %(key)s_value", key=name)
    if any(re.search(rf"\b{re.escape(name)}\s*\(", expression) for expression in notes.texts):
        notes.add("key.function", text, remedy)
    else:
        notes.warn("key.function", text, remedy)


def _all(components: list[Component]) -> list[Component]:
    return [found for component in components for found in (component, *_all(component.children))]

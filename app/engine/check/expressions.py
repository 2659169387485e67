"""Every place that may hold an expression holds one that can be read."""

from collections.abc import Callable, Iterator

from app import feel
from app.engine.check.drawing import Drawing, Node
from app.engine.findings import Finding
from app.engine.read import bpmn, camunda, local
from app.i18n import _, language

# attributes that are text or ${…}
VALUES = (
    "assignee",
    "candidateUsers",
    "candidateGroups",
    "dueDate",
    "followUpDate",
    "priority",
    "expression",
    "formKey",
    "formRef",
)
TIMES = {"timeDate", "timeDuration", "timeCycle"}
Place = tuple[str, str, Callable[[str], object]]


def expressions_compile(drawing: Drawing) -> Iterator[Finding]:
    """A condition, mapping, timer, script, assignment, name or key that FEEL cannot read."""
    for node in drawing.nodes.values():
        for place, text, compiled in _places(drawing, node):
            yield from _readable(drawing, node, place, text, compiled)
    for flow in drawing.flows:
        if flow.condition is not None:
            where = flow.source or flow.target
            if not flow.condition and where is not None:
                yield drawing.finding(
                    flow, "expression.empty", _("条件是空的。"), _("写上条件，或删掉它。")
                )
            elif flow.condition:
                yield from _readable(
                    drawing, flow, _("条件"), flow.condition, feel.compile_condition
                )


def _readable(drawing: Drawing, at, place: str, text: str, compiled) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    try:
        expression = compiled(text)
        for name, meant in feel.unknown_functions(expression):
            yield drawing.finding(
                at,
                "expression.function",
                _("%(place)s“%(text)s”调用了不存在的函数 %(name)s。",
                  place=place, text=text[:80], name=name),
                _("是不是“%(name)s”？", name=meant) if meant else _("只能调用 FEEL 的函数，见 docs/feel.md。"),
            )  # fmt: skip
    except feel.FeelError as error:
        reason = error.message if language() == "zh" else error.message_en
        yield drawing.finding(
            at,
            "expression.syntax",
            _("%(place)s“%(text)s”读不懂：%(reason)s", place=place, text=text[:80], reason=reason),
            error.hint or _("按 FEEL 的写法修改，例如 ${amount > 1000}。"),
        )


def _places(drawing: Drawing, node: Node) -> Iterator[Place]:
    yield from _attributes(node)
    yield from _triggers(drawing, node)
    yield from _loop(node)
    yield from _mappings(node)
    script = node.element.find(bpmn("script"))
    if script is not None and (script.text or "").strip():
        if (node.element.get("scriptFormat") or "").lower() in ("", "feel", "juel"):
            yield _("脚本"), script.text.strip(), feel.compile_condition


def _attributes(node: Node) -> Iterator[Place]:
    for name in VALUES:
        text = node.attribute(name)
        if text:
            yield name, text, feel.compile_value
    for name in ("name", "calledElement"):
        text = node.element.get(name)
        if text and "${" in text:
            yield name, text, feel.compile_value


def _triggers(drawing: Drawing, node: Node) -> Iterator[Place]:
    for kind, element in node.definitions:
        for child in element:
            tag, text = local(child) or "", (child.text or "").strip()
            if tag in TIMES and text:
                yield _("时间"), text, feel.compile_value
            elif tag == "condition" and text:
                yield _("条件"), text, feel.compile_condition
        reference = element.get(f"{kind}Ref")
        definition = drawing.definitions.get(reference or "")
        name = definition.get("name") if definition is not None else None
        if name and "${" in name:
            yield _("名称"), name, feel.compile_value


def _loop(node: Node) -> Iterator[Place]:
    if node.loop is None:
        return
    element = node.loop[1]
    collection = element.get(camunda("collection"))
    if collection:
        yield _("集合"), collection, feel.compile_condition
    for child in element:
        tag, text = local(child), (child.text or "").strip()
        if tag in ("loopCardinality", "completionCondition", "loopCondition") and text:
            yield tag, text, feel.compile_condition


def _mappings(node: Node) -> Iterator[Place]:
    extensions = node.element.find(bpmn("extensionElements"))
    for child in extensions.iter() if extensions is not None else ():
        name = child.tag if isinstance(child.tag, str) else ""
        if name in (camunda("inputParameter"), camunda("outputParameter"), camunda("entry"),
                    camunda("value")):  # fmt: skip
            text = (child.text or "").strip()
            if text and len(child) == 0:
                yield child.get("name") or "value", text, feel.compile_value
        elif name in (camunda("in"), camunda("out")):
            for attribute in ("sourceExpression", "businessKey"):
                text = child.get(attribute)
                if text:
                    yield attribute, text, feel.compile_value


RULES = (expressions_compile,)

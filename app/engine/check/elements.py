"""What is executed at all, and what a file carries that would be ignored."""

from collections.abc import Iterator

from app.engine.check.drawing import NODES, Drawing, Node
from app.engine.findings import WARNING, Finding
from app.engine.normalise import REFUSED
from app.engine.read import CAMUNDA, bpmn, local
from app.i18n import _

EXECUTED_EVENTS = frozenset(
    {
        "message",
        "signal",
        "timer",
        "error",
        "escalation",
        "conditional",
        "compensate",
        "cancel",
        "terminate",
        "link",
    }
)
# camunda: elements that change what happens and that this platform does not execute
IGNORED_CHILDREN = {
    "executionListener": "用服务任务（type=external 加 topic）代替监听器",
    "taskListener": "用服务任务（type=external 加 topic）代替监听器",
    "connector": "改用 type=external 加 topic，由处理程序完成",
    "field": "改用输入参数（camunda:inputParameter）",
    "formData": "改用 camunda:formRef 指向一个表单文件",
    "validation": "把校验写进表单文件",
    "constraint": "把校验写进表单文件",
}
IGNORED_ATTRIBUTES = {
    "class": "改用 type=external 加 topic",
    "delegateExpression": "改用 type=external 加 topic",
    "formHandlerClass": "改用 camunda:formRef",
    "variableMappingClass": "改用 camunda:in / camunda:out",
    "variableMappingDelegateExpression": "改用 camunda:in / camunda:out",
    "caseRef": "CMMN 不受支持，改用 calledElement",
    "caseBinding": "CMMN 不受支持，改用 calledElement",
    "resource": "把脚本写在文件里",
}


def something_runs(drawing: Drawing) -> Iterator[Finding]:
    """A deployment is never silently empty."""
    if not drawing.processes:
        process = next(drawing.root.iter(bpmn("process")))
        yield drawing.finding(
            process,
            "process.not_executable",
            _("文件里没有可执行的流程，只是一张图。"),
            _("在建模器的流程属性里勾选“可执行”，再发布。"),
        )
    for process in drawing.processes:
        if not drawing.inside(process):
            yield drawing.finding(
                process,
                "process.empty",
                _("流程里没有任何步骤。"),
                _("画上开始、步骤和结束，再发布。"),
            )


def kinds_are_known(drawing: Drawing) -> Iterator[Finding]:
    """An element of BPMN that is neither a node we execute nor refused by normalising."""
    for process in drawing.processes:
        for element in process.iter():
            tag = local(element)
            if (
                tag
                and tag not in NODES | REFUSED
                and tag.endswith(("Task", "Gateway", "Event", "Process"))
            ):
                yield drawing.finding(
                    element,
                    "element.unknown",
                    _("不认识的元素 %(tag)s，不会被执行。", tag=tag),
                    _("换成标准的 BPMN 2.0 元素。"),
                )


def triggers_are_known(drawing: Drawing) -> Iterator[Finding]:
    """An event with a trigger nobody executes would be a plain event."""
    for node in drawing.nodes.values():
        for kind in sorted(node.triggers):
            if kind not in EXECUTED_EVENTS:
                yield drawing.finding(
                    node,
                    "event.unknown",
                    _("事件类型 %(kind)s 不会被执行。", kind=kind),
                    _("改用消息、信号、定时、错误、升级、条件、补偿、取消、终止或链接事件。"),
                )


def extensions_are_executed(drawing: Drawing) -> Iterator[Finding]:
    """Listeners, connectors, delegates: refused, because they would be silently ignored."""
    prefix = "{" + CAMUNDA + "}"
    for node in drawing.nodes.values():
        for name, remedy in IGNORED_ATTRIBUTES.items():
            if node.attribute(name) and not _handled_elsewhere(node, name):
                yield _ignored(drawing, node, name, remedy)
        extensions = node.element.find(bpmn("extensionElements"))
        for child in extensions.iter() if extensions is not None else ():
            name = child.tag.removeprefix(prefix) if isinstance(child.tag, str) else ""
            if name in IGNORED_CHILDREN and child.tag.startswith(prefix):
                yield _ignored(drawing, node, name, IGNORED_CHILDREN[name])
    for process in drawing.processes:
        if process.find(f"{bpmn('extensionElements')}/{prefix}executionListener") is not None:
            yield drawing.finding(
                process,
                "extension.ignored",
                _("camunda:%(name)s 不会被执行。", name="executionListener"),
                _(IGNORED_CHILDREN["executionListener"]),
            )


def _handled_elsewhere(node: Node, name: str) -> bool:
    return name in ("class", "delegateExpression") and node.attribute("topic") is not None


def _ignored(drawing: Drawing, node: Node, name: str, remedy: str) -> Finding:
    return drawing.finding(
        node, "extension.ignored", _("camunda:%(name)s 不会被执行。", name=name), _(remedy)
    )


def standard_attributes_are_executed(drawing: Drawing) -> Iterator[Finding]:
    """Attributes of BPMN itself that nothing looks at: other than their default they are refused."""
    for node in drawing.nodes.values():
        for name, default in DEFAULTS.items():
            value = node.element.get(name)
            if value is not None and value != default:
                yield drawing.finding(
                    node,
                    "attribute.ignored",
                    _("属性 %(name)s=%(value)s 不会起作用。", name=name, value=value),
                    _("改回 %(default)s。", default=default),
                )
        if node.element.get("parallelMultiple") == "true" and node.kind == "startEvent":
            yield drawing.finding(
                node,
                "attribute.ignored",
                _("属性 %(name)s=%(value)s 不会起作用。", name="parallelMultiple", value="true"),
                _("把这些事件画成几个步骤，用并行网关汇合。"),
            )
        for kind, element in node.definitions:
            if kind == "compensate" and element.get("waitForCompletion") == "false":
                yield drawing.finding(
                    node,
                    "attribute.ignored",
                    _(
                        "属性 %(name)s=%(value)s 不会起作用。",
                        name="waitForCompletion",
                        value="false",
                    ),
                    _("补偿总是等到完成；改回 true。"),
                )


DEFAULTS = {"startQuantity": "1", "completionQuantity": "1", "instantiate": "false"}


def data_flows_are_drawing(drawing: Drawing) -> Iterator[Finding]:
    """Data associations are drawn; variables are what moves. Collected loop output is refused."""
    for node in drawing.nodes.values():
        for child in node.element:
            if local(child) in ("dataInputAssociation", "dataOutputAssociation"):
                yield drawing.finding(
                    node,
                    "data.drawn_only",
                    _("数据关联只是画出来的，不会搬运数据。"),
                    _("用流程变量和输入输出参数传递数据。"),
                    WARNING,
                )
                break
        loop = node.loop[1] if node.loop else None
        if loop is not None and any(local(c) in LOOP_OUTPUT for c in loop):
            yield drawing.finding(
                node,
                "loop.output",
                _("多实例的输出集合（loopDataOutputRef）不会被执行。"),
                _("用输出参数（camunda:outputParameter）把结果写进变量。"),
            )


LOOP_OUTPUT = {"loopDataOutputRef", "outputDataItem"}


def ids_are_words(drawing: Drawing) -> Iterator[Finding]:
    """An id that a tool made up changes when the step is drawn anew; history refers to it."""
    for node in drawing.of_kind("userTask"):
        if node.id and node.id.startswith(("Activity_", "userTask_", "Task_")):
            yield drawing.finding(
                node,
                "id.generated",
                _("这个任务的标识是自动生成的。"),
                _("改成固定的英文单词，例如 review_customer，以后改图时历史才对得上。"),
                WARNING,
            )


RULES = (
    something_runs,
    kinds_are_known,
    triggers_are_known,
    extensions_are_executed,
    standard_attributes_are_executed,
    data_flows_are_drawing,
    ids_are_words,
)

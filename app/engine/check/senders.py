"""What persons may send to a running case is declared where it can work: on an event that waits for
a message, with roles and a form that exist.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app import feel
from app.engine.check.drawing import Drawing, Node
from app.engine.findings import Finding
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.check import Known

WHO = ("senderGroups", "senderUsers")
REST = ("senderForm", "senderLabel", "senderVariable", "senderTone")
TONES = ("", "danger")


def senders_are_declared_right(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """Roles and form of a message that a person sends exist, and something waits for it."""
    for drawing in drawings:
        for node in drawing.nodes.values():
            said = node.properties
            if any(said.get(name) for name in WHO):
                yield from _place(drawing, node)
                yield from _roles(drawing, node, known)
                yield from _people(drawing, node)
                yield from _form(drawing, node, known)
            elif any(said.get(name) for name in REST):
                yield drawing.finding(
                    node,
                    "sender.nobody",
                    _("写了发送人的表单或按钮文字，却没有写谁可以发送。"),
                    _("填写 senderGroups（角色）或 senderUsers（人）。"),
                )


def _place(drawing: Drawing, node: Node) -> Iterator[Finding]:
    waits = node.kind in ("intermediateCatchEvent", "boundaryEvent", "receiveTask")
    inner = node.kind == "startEvent" and node.scope.get("triggeredByEvent") == "true"
    is_message = "message" in node.triggers or node.kind == "receiveTask"
    if not (is_message and (waits or inner)):
        yield drawing.finding(
            node,
            "sender.place",
            _("只有等待消息的事件才能由人发送。"),
            _("把 sender… 属性移到消息捕获事件、消息边界事件或事件子流程的消息开始事件上。"),
        )
    tone = node.properties.get("senderTone", "")
    if tone not in TONES:
        yield drawing.finding(
            node,
            "sender.tone",
            _("不认识的按钮样式 %(tone)s。", tone=tone),
            _("不写，或写 danger。"),
        )


def _roles(drawing: Drawing, node: Node, known: "Known") -> Iterator[Finding]:
    groups = node.properties.get("senderGroups", "").split(",")
    for group in filter(None, (part.strip() for part in groups)):
        if known.groups is not None and group not in known.groups:
            yield drawing.finding(
                node,
                "role.unknown",
                _("角色 %(group)s 不存在，没有人持有它。", group=group),
                _("改成已有的角色，或先由管理员建立这个角色。"),
            )


def _people(drawing: Drawing, node: Node) -> Iterator[Finding]:
    text = node.properties.get("senderUsers", "")
    try:
        feel.compile_value(text)
    except feel.FeelError as error:
        yield drawing.finding(
            node,
            "expression.syntax",
            _("senderUsers“%(text)s”读不懂：%(reason)s", text=text[:80], reason=error.message),
            _("写登录名，或写 ${变量}。"),
        )


def _form(drawing: Drawing, node: Node, known: "Known") -> Iterator[Finding]:
    key = node.properties.get("senderForm")
    if key and known.forms is not None and key not in known.forms:
        yield drawing.finding(
            node,
            "form.unknown",
            _("表单 %(key)s 不存在。", key=key),
            _("把表单文件放进 forms/ 一起发布。"),
        )

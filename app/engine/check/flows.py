"""Flows lead somewhere, gateways can decide, every step can be reached, nothing runs for ever."""

from collections.abc import Iterator

from app.engine.check.drawing import WAITS, Drawing, Flow, Node
from app.engine.findings import WARNING, Finding
from app.engine.read import local
from app.i18n import _

CAUGHT = {"message", "signal", "timer", "conditional"}


def flows_connect(drawing: Drawing) -> Iterator[Finding]:
    """A flow joins nodes that may be joined."""
    for flow in drawing.flows:
        if flow.source is None or flow.target is None:
            continue  # normalising has named it
        if flow.target.kind in ("startEvent", "boundaryEvent"):
            yield drawing.finding(
                flow,
                "flow.into_start",
                _("连线不能指向开始事件或边界事件。"),
                _("把连线接到它后面的步骤。"),
            )
        elif flow.source.kind == "endEvent":
            yield drawing.finding(
                flow,
                "flow.out_of_end",
                _("结束事件后面不能再有连线。"),
                _("改用中间事件，或删掉连线。"),
            )


def defaults_belong(drawing: Drawing) -> Iterator[Finding]:
    """A default flow leaves its own node and carries no condition."""
    for node in drawing.nodes.values():
        if node.default is None:
            continue
        flow = next((flow for flow in node.outgoing if flow.id == node.default), None)
        if flow is None:
            yield drawing.finding(
                node,
                "flow.default",
                _("默认连线 %(id)s 不是从这里出发的。", id=node.default),
                _("在这个元素的出口中重新指定默认连线。"),
            )
        elif flow.condition:
            yield drawing.finding(
                flow,
                "flow.default_condition",
                _("默认连线上有条件，条件不会被看。"),
                _("删掉条件，或者换一条默认连线。"),
            )


def exclusive_gateways_decide(drawing: Drawing) -> Iterator[Finding]:
    """Every flow but one has a condition; without a default the case may find no way out."""
    for node in drawing.of_kind("exclusiveGateway"):
        free = [f for f in node.outgoing if not f.condition or f.id == node.default]
        if not node.outgoing:
            yield drawing.finding(
                node, "gateway.no_exit", _("网关没有出口。"), _("至少画一条出口连线。")
            )
        elif len(node.outgoing) == 1 and node.outgoing[0].condition and node.default is None:
            yield drawing.finding(
                node,
                "gateway.single_condition",
                _("唯一的出口带着条件：条件不成立时流程无路可走。"),
                _("删掉条件，或者再画一条默认出口。"),
            )
        elif len(free) > 1:
            names = "、".join(str(flow.id) for flow in free)
            yield drawing.finding(
                node,
                "gateway.conditions",
                _("有 %(count)s 条出口没有条件（%(names)s）。", count=len(free), names=names),
                _("除默认出口外，给每条出口写上条件。"),
            )
        elif not free:
            yield drawing.finding(
                node,
                "gateway.no_default",
                _("没有默认出口：所有条件都不成立时，这个实例会停下来等管理员处理。"),
                _("指定一条默认出口。"),
                WARNING,
            )


def other_gateways_ignore_nothing(drawing: Drawing) -> Iterator[Finding]:
    """A parallel gateway looks at no condition; an inclusive one wants a default."""
    for node in drawing.of_kind("parallelGateway", "eventBasedGateway"):
        for flow in node.outgoing:
            if flow.condition:
                yield drawing.finding(
                    flow,
                    "gateway.ignored_condition",
                    _("并行网关和事件网关不看条件，这个条件不会起作用。"),
                    _("删掉条件，或者改用包容网关。"),
                )
    for node in drawing.of_kind("parallelGateway", "inclusiveGateway"):
        if not node.outgoing and not node.incoming:
            yield drawing.finding(
                node, "gateway.no_exit", _("网关没有出口。"), _("至少画一条出口连线。")
            )
    for node in drawing.of_kind("inclusiveGateway"):
        if len(node.outgoing) > 1 and not node.default and all(f.condition for f in node.outgoing):
            yield drawing.finding(
                node,
                "gateway.no_default",
                _("没有默认出口：所有条件都不成立时，这个实例会停下来等管理员处理。"),
                _("指定一条默认出口。"),
                WARNING,
            )


def event_gateways_wait(drawing: Drawing) -> Iterator[Finding]:
    """Only catching events and receive tasks, each reached from this gateway alone."""
    for node in drawing.of_kind("eventBasedGateway"):
        if not node.outgoing:
            yield drawing.finding(
                node, "gateway.no_exit", _("网关没有出口。"), _("至少画一条出口连线。")
            )
        for flow in node.outgoing:
            target = flow.target
            waits = target and (
                target.kind == "receiveTask"
                or (target.kind == "intermediateCatchEvent" and target.triggers & CAUGHT)
            )
            if target is not None and not waits:
                yield drawing.finding(
                    target,
                    "gateway.event_target",
                    _("事件网关后面只能是捕获事件或接收任务。"),
                    _("在它前面加一个捕获事件，或者换成排他网关。"),
                )


def steps_are_reached(drawing: Drawing) -> Iterator[Finding]:
    """A step that no token can reach is a mistake of the drawing."""
    for scope in drawing.scopes():
        nodes = drawing.inside(scope)
        reached = reachable(
            [
                n
                for n in nodes
                if n.kind in ("startEvent", "boundaryEvent")
                or n.is_event_subprocess
                or n.is_handler
            ]
        )
        for node in nodes:
            if node.id not in reached and any(n.kind == "startEvent" for n in nodes):
                yield drawing.finding(
                    node,
                    "node.unreachable",
                    _("从开始事件走不到这一步，它永远不会执行。"),
                    _("把它连进流程，或者删掉。"),
                )


def reachable(starts: list[Node], blocked: Node | None = None) -> set[str]:
    """Ids of the nodes that flows lead to from `starts`, those included; never through `blocked`."""
    seen: set[str] = set()
    todo = [node for node in starts if node is not blocked]
    while todo:
        node = todo.pop()
        if node.id not in seen:
            seen.add(node.id)
            todo += [f.target for f in node.outgoing if f.target and f.target is not blocked]
    return seen


def joins_can_fire(drawing: Drawing) -> Iterator[Finding]:
    """A parallel join behind an exclusive choice waits for ever for the flow not chosen."""
    for join in drawing.of_kind("parallelGateway"):
        if len(join.incoming) < 2:
            continue
        starts = [n for n in drawing.inside(join.scope) if n.kind == "startEvent"]
        for choice in drawing.of_kind("exclusiveGateway", "eventBasedGateway"):
            if len(choice.outgoing) < 2 or choice.scope is not join.scope:
                continue
            if join.id in reachable(starts, blocked=choice):
                continue
            if _never_together(choice, join):
                yield drawing.finding(
                    join,
                    "join.deadlock",
                    _("“%(choice)s”只选一条路，这里却等所有的路：会一直等下去。",
                      choice=choice.name or choice.id),
                    _("把这里改成排他网关，或者把前面改成并行网关。"),
                    WARNING,
                )  # fmt: skip


def _never_together(choice: Node, join: Node) -> bool:
    """Does each single way out of `choice` miss at least one incoming flow of `join`?"""
    for flow in choice.outgoing:
        if flow.target is None or flow.target is join:
            continue
        region = reachable([flow.target], blocked=join)
        arrived = [f for f in join.incoming if f.source and f.source.id in region]
        if len(arrived) == len(join.incoming) or choice.id in region:
            return False
    return True


def loops_have_an_exit(drawing: Drawing) -> Iterator[Finding]:
    """A ring of steps without a wait and without a choice runs until the step limit."""
    for node in drawing.nodes.values():
        path, flow = [node], _only_exit(node)
        while flow is not None and flow.target is not None and flow.target not in path:
            path.append(flow.target)
            flow = _only_exit(flow.target)
        back = flow.target if flow is not None else None
        if back is node and node.id == min(n.id for n in path):
            yield drawing.finding(
                node,
                "loop.endless",
                _("这几步首尾相连，没有出口，也没有等待：会无休止地循环。"),
                _("在循环里加一个带条件的网关，或者一个等待的步骤。"),
            )


def _only_exit(node: Node) -> Flow | None:
    """The single way on of a node that decides nothing and waits for nothing."""
    plain = node.kind not in WAITS and len(node.outgoing) == 1 and not node.outgoing[0].condition
    return node.outgoing[0] if plain and local(node.element) != "callActivity" else None


RULES = (
    flows_connect,
    defaults_belong,
    exclusive_gateways_decide,
    other_gateways_ignore_nothing,
    event_gateways_wait,
    steps_are_reached,
    joins_can_fire,
    loops_have_an_exit,
)

"""A token is taken from where it stands to another element of the same scope, by a person's will.

What it leaves behind is cancelled (its work, its boundary events, everything inside); no output is
mapped, nothing is compensated. It then enters the new element as if a flow had led there. What
may be chosen, why the rest may not, and what would be odd about it is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.engine.spiff import activities, events, nodes
from app.engine.spiff.token import HANDLER, INSTANCE, ITEMS
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.spiff.instance import Instance
    from app.engine.spiff.nodes import Node
    from app.engine.spiff.token import Scope, Token


class Immovable(Exception):
    """The token may not be moved, or not there; the text says why."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A live token. `why` says why it cannot be moved, None when it can; `inside` names the
    elements around it, outermost first; `definition` is the key of its process."""

    token_id: int
    element_id: str
    name: str | None
    definition: str
    inside: tuple[str, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """An element. `why` says why a token cannot go there, None when it can; `warnings` what to
    think of before."""

    element_id: str
    name: str | None
    kind: str  # class of the element: UserTask, ExclusiveGateway, …
    why: str | None = None
    warnings: tuple[str, ...] = ()


def standing(live: Instance) -> list[Standing]:
    """Every live token, by id."""
    found = [
        Standing(
            token.id,
            token.task_spec.name,
            token.task_spec.bpmn_name,
            scope.home.spec.key,
            _inside(scope),
            _held(token),
        )
        for scope in [live, *live.inner.values()]
        for token in scope.tasks.values()
        if token is not scope.task_tree and token.role != ITEMS
    ]
    return sorted(found, key=lambda one: one.token_id)


def targets(live: Instance, token_id: int) -> list[Target]:
    """Every element of the token's process, those where it can go with their warnings.

    Raises KeyError when the token is gone.
    """
    token = live.find(token_id)
    held = _held(token)
    made = []
    for node in token.workflow.home.spec.nodes():
        why = held or refused(token, node)
        odd = () if why else tuple(warnings(token, node))
        made.append(Target(node.name, node.bpmn_name, type(node).__name__, why, odd))
    return made


def move(live: Instance, token_id: int, element_id: str, reason: str = "") -> None:
    """The token stands at the element, and went on from there until it waits.

    Raises KeyError when the token is gone, Immovable when it may not go there.
    """
    token = live.find(token_id)
    node = next((one for one in token.workflow.home.spec.nodes() if one.name == element_id), None)
    why = _held(token) or (_("没有这个元素。") if node is None else refused(token, node))
    if why:
        raise Immovable(why)
    with live._step():
        live.running = token.id
        owner = token.parent
        live.note("moved", token, {"to": element_id, "reason": reason})
        token.workflow.drop(token)
        owner.spawn(node)


def _inside(scope: Scope) -> tuple[str, ...]:
    found = []
    while scope.parent_task is not None:
        found.append(_named(scope.parent_task.task_spec))
        scope = scope.parent_task.workflow
    return tuple(reversed(found))


def _named(node: Node) -> str:
    return node.bpmn_name or node.name


def _held(token: Token) -> str | None:
    """Why this token cannot be moved anywhere."""
    above = token.parent
    if token.role == HANDLER or (isinstance(token.task_spec, events.Throw) and token.children):
        return _("正在撤销已办的事（补偿），不能移动。")
    if token.role == INSTANCE:
        return _(
            "它是“%(name)s”的多个实例中的一个。可以移动整个“%(name)s”。",
            name=_named(token.task_spec),
        )
    if above is not token.workflow.task_tree:
        return _("它只在等“%(name)s”的事件。请移动“%(name)s”。", name=_named(above.task_spec))
    if token.is_subscription:
        return _("它是事件子流程的等待，不在流程的路上。")
    return None


def refused(token: Token, node: Node) -> str | None:
    """Why the token cannot go to this element; None when it can."""
    if node.name not in token.workflow.spec.task_specs:
        return _scope_refused(token, node)
    if isinstance(node, events.Boundary):
        return _("边界事件只能由它所在的步骤引出。")
    if isinstance(node, activities.EventSubProcess):
        return _("事件子流程只能由它的事件启动。")
    if getattr(node, "for_compensation", False):
        return _("补偿步骤只在撤销时执行。")
    return None


def _scope_refused(token: Token, node: Node) -> str:
    outer = token.workflow.parent_task
    if outer is not None and node.name not in _below(token.workflow):
        return _(
            "它在“%(name)s”外面，不能直接移出去。可以移动“%(name)s”本身。",
            name=_named(outer.task_spec),
        )
    return _("它在另一个子流程里面，不能从外面直接进入。可以移到那个子流程本身。")


def _below(scope: Scope) -> set[str]:
    return {node.name for node in scope.spec.nodes()}


# what to think of before


def warnings(token: Token, node: Node) -> list[str]:
    """What is odd about this move, in words."""
    others = [
        one
        for one in token.workflow.tokens
        if one is not token and one.role is None and not one.is_subscription
    ]
    return [
        *_inside_lost(token),
        *_starved(token, node, others),
        *_doubled(token, node, others),
        *_at_target(node),
    ]


def _inside_lost(token: Token) -> list[str]:
    inner = token.top.inner.get(token.id)
    running = [one for one in (inner.tokens if inner else token.children) if one.role != ITEMS]
    open_now = [one for one in running if not one.is_subscription]
    if not open_now or token.task_spec.races:
        return []
    text = _("“%(name)s”里正在进行的全部取消。", name=_named(token.task_spec))
    return [text]


def _starved(token: Token, node: Node, others: list[Token]) -> list[str]:
    """Joins for all branches that would wait for this branch in vain."""
    spec = token.workflow.spec
    made = []
    for join in spec.task_specs.values():
        if not isinstance(join, nodes.ParallelGateway) or len(join._inputs) < 2:
            continue
        came = token.task_spec is join or spec.reaches(token.task_spec, join)
        still = node is join or spec.reaches(node, join)
        waits = [one for one in others if one.task_spec is join]
        coming = [one for one in others if spec.reaches(one.task_spec, join)]
        if came and not still and (waits or coming):
            who = _named((waits or coming)[0].task_spec)
            made.append(
                _("“%(join)s”还在等这一支：移走之后它会一直等下去。", join=_named(join))
                if waits
                else _(
                    "另一支（%(who)s）要在“%(join)s”等这一支：移走之后它会一直等下去。",
                    who=who,
                    join=_named(join),
                )
            )
    return made


def _doubled(token: Token, node: Node, others: list[Token]) -> list[str]:
    """Gateways that would open branches which run already."""
    spec = token.workflow.spec
    made = []
    for split in spec.task_specs.values():
        if not isinstance(split, nodes.ParallelGateway) or len(split.flows) < 2:
            continue
        reached = node is split or spec.reaches(node, split)
        running = [one for one in others if spec.reaches(split, one.task_spec)]
        if reached and running:
            made.append(
                _(
                    "之后会再经过“%(split)s”，“%(who)s”会有第二份。",
                    split=_named(split),
                    who=_named(running[0].task_spec),
                )
            )
    return made


def _at_target(node: Node) -> list[str]:
    if isinstance(node, nodes.Join) and len(node._inputs) > 1:
        return [_("它算作到达“%(name)s”的一支，等其余的到齐才继续。", name=_named(node))]
    if any(trigger.kind == "terminate" for trigger in node.triggers):
        return [_("这是终止结束：整个实例立即结束，其余的全部取消。")]
    if not node.flows and isinstance(node, events.Throw):
        return [_("这是结束：这一支到此为止。")]
    if any(isinstance(one, events.EventGateway) for one in node.inputs):
        return [_("只等这一个事件；要等几个中的第一个，请移到它前面的网关。")]
    return []

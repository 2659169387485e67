"""Multi-instance and standard loops: one body token owns the instances; boundary events belong to
the body, mappings to the instance.

The items of a sequential multi-instance are kept once, in a token of their own below the body that
is written once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.expression import Names
from app.engine.spiff.token import INSTANCE, ITEMS, STARTED, release
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.spiff.activities import Activity
    from app.engine.spiff.spec import Loop
    from app.engine.spiff.token import Token

TOTAL, DONE, ACTIVE, INDEX = (
    "nrOfInstances",
    "nrOfCompletedInstances",
    "nrOfActiveInstances",
    "loopCounter",
)


def begin(node: Activity, body: Token) -> bool | None:
    """Open the first instances; True when there is nothing to do."""
    loop = node.loop
    if loop.kind == "standard":
        return _begin_standard(node, body)
    items = _items(loop, body)
    count = len(items) if items is not None else _count(loop, body)
    most = body.top.host.limits.instances
    if not 0 <= count <= most:
        raise body.stuck("limit", _("要执行 %(n)s 次，允许 0 到 %(most)s 次。", n=count, most=most))
    sequential = loop.kind == "sequential"
    body.data.update({TOTAL: count, DONE: 0, ACTIVE: min(count, 1) if sequential else count})
    body.touch()
    if not count:
        return True
    if sequential and items is not None and loop.element:
        body.hang(node, STARTED, role=ITEMS, items=items)
    first = range(1 if sequential else count)
    release([_opened(node, body, index, items) for index in first])
    return None


def _items(loop: Loop, body: Token) -> list[Any] | None:
    if loop.collection is None:
        return None
    found = body.evaluate(loop.collection)
    if not isinstance(found, list | tuple):
        raise body.stuck(
            "expression",
            _("“%(text)s”不是集合（列表）。", text=loop.collection.text),
            {loop.collection.text: found},
        )
    return list(found)


def _count(loop: Loop, body: Token) -> int:
    found = body.evaluate(loop.cardinality)
    try:
        count = int(found)
        if count == found or isinstance(found, str):
            return count
    except (TypeError, ValueError, OverflowError):
        pass
    raise body.stuck(
        "expression",
        _("次数“%(text)s”不是整数。", text=loop.cardinality.text),
        {loop.cardinality.text: found},
    )


def _opened(node: Activity, body: Token, index: int, items: list[Any] | None) -> Token:
    data: dict[str, Any] = {INDEX: index}
    if node.loop.element and items is not None:
        data[node.loop.element] = items[index]
    return body.prepare(node, data, role=INSTANCE)


def instance_done(node: Activity, body: Token, child: Token) -> None:
    """An instance is finished: open the next, or finish the body."""
    loop, counts = node.loop, body.data
    if loop.kind == "standard":
        _next_round(node, body, child)
        return
    counts[DONE] += 1
    counts[ACTIVE] -= 1
    body.touch()
    done = counts[DONE]
    names = Names([child.data, *(owner.data for owner in body.owners() if owner.data)])
    if done >= counts[TOTAL] or (loop.until is not None and body.holds(loop.until, names)):
        _finish(body)
    elif loop.kind == "sequential":
        counts[ACTIVE] = 1
        kept = next((t for t in body.children if t.role == ITEMS), None)
        _opened(
            node, body, done, kept.internal_data["items"] if kept is not None else None
        ).release()


def _finish(body: Token) -> None:
    for token in body.children:
        body.workflow.drop(token)
    body.complete()


# standard loop


def _begin_standard(node: Activity, body: Token) -> bool | None:
    loop = node.loop
    if loop.test_before and loop.again is not None:
        names = Names([{INDEX: 0}, *(owner.data for owner in body.owners() if owner.data)])
        if not body.holds(loop.again, names):
            return True
    if loop.maximum == 0:
        return True
    _opened(node, body, 0, None).release()
    return None


def _next_round(node: Activity, body: Token, child: Token) -> None:
    loop, index = node.loop, child.data[INDEX] + 1
    names = Names(
        [{**child.data, INDEX: index}, *(owner.data for owner in body.owners() if owner.data)]
    )
    if (loop.maximum is not None and index >= loop.maximum) or (
        loop.again is not None and not body.holds(loop.again, names)
    ):
        _finish(body)
    else:
        _opened(node, body, index, None).release()

"""What has been done and could be undone, and undoing it: last completed first, each scope with the
variables that it ended with.

An entry is `{activity, undo, times, data?, restore?}`: ids of the activity and of the node that
undoes it, the local variables of a multi-instance's instance, and for a sub-process its variables
and its own entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.spiff.token import HANDLER, INSTANCE

if TYPE_CHECKING:
    from app.engine.spiff.activities import Activity
    from app.engine.spiff.token import Scope, Token

Entry = dict[str, Any]


def remember(node: Activity, token: Token) -> None:
    """An activity is done: note how to undo it, in its scope. Instances of a multi-instance count
    once all are done.
    """
    internal = token.internal_data
    if internal.get("role") == HANDLER:
        return
    entry = _entry(node, token) if node.loop is None or token.role == INSTANCE else None
    if token.role == INSTANCE:
        if entry is not None:
            body = token.parent
            body.keep(undo=_added(body.internal_data.get("undo", []), entry))
        return
    entries = [*internal.get("undo", ()), *([entry] if entry else ())]
    if entries:
        scope = token.workflow
        for each in entries:
            scope.compensations = _added(scope.compensations, each)
        scope.touch()


def _entry(node: Activity, token: Token) -> Entry | None:
    done = token.internal_data.get("done")
    if node.undo:
        entry: Entry = {"activity": node.name, "undo": node.undo, "times": 1}
        if token.role == INSTANCE:
            entry["data"] = dict(token.data)
        return entry
    return {"activity": node.name, "undo": node.name, "times": 1, "restore": done} if done else None


def _added(entries: list[Entry], entry: Entry) -> list[Entry]:
    last = entries[-1] if entries else None
    if last and last["undo"] == entry["undo"] and not {"data", "restore"} & {*entry, *last}:
        last["times"] += entry["times"]  # a loop does not make the list longer
    else:
        entries.append(dict(entry))
    return entries


def can_undo(scope: Scope) -> bool:
    return bool(scope.compensations) or _own_handler(scope) is not None


def _own_handler(scope: Scope) -> Any:
    return next(
        (node for node in scope.spec.event_subprocesses if node.trigger.kind == "compensate"), None
    )


def undo(token: Token, scope: Scope, activity: str | None) -> bool:
    """Start undoing what `scope` has done (or only that activity), owned by `token`; False when
    there is nothing to undo.
    """
    chosen = [entry for entry in scope.compensations if activity in (None, entry["activity"])]
    if not chosen:
        return False
    scope.compensations = [entry for entry in scope.compensations if entry not in chosen]
    scope.touch()
    for entry in chosen:  # the run loop takes the last first
        _start(token, scope, entry)
    return True


def _start(owner: Token, scope: Scope, entry: Entry) -> None:
    while entry["undo"] not in scope.spec.task_specs:
        scope = scope.parent_task.workflow
    node = scope.spec.task_specs[entry["undo"]]
    owner.top.note("compensated", owner, {"activity": entry["activity"], "times": entry["times"]})
    internal = {"restore": entry["restore"]} if "restore" in entry else {}
    for _ in range(entry["times"]):
        owner.spawn(
            node, dict(entry["data"]) if "data" in entry else None, role=HANDLER, **internal
        )


def undo_scope(scope: Scope, entries: list[Entry]) -> None:
    """Undo a finished sub-process inside its restored scope: by its compensation event sub-process,
    else all its entries.
    """
    scope.plant()
    scope.touch()
    own = _own_handler(scope)
    if own is not None:
        scope.compensations = list(entries)
        scope.task_tree.spawn(own)
    else:
        for entry in entries:
            _start(scope.task_tree, scope, entry)

"""What leaves a case finds its receivers: messages one, signals all.

A step only notes what it sends (`outgoing.py`). `settle` delivers when the step is written, in the same
transaction, one case after the other. Steps of several cases in one transaction could deadlock on
PostgreSQL, where each takes its row's lock (A waits for B's row while B waits for A's). Hence:

- a case that is begun has no row that anybody else could hold: always at once;
- the sending case itself is locked already: always at once;
- other cases: at once on SQLite, where one writer at a time holds the only lock there is; on
  PostgreSQL a job of its own, written in this transaction, which locks that one case.
"""

from typing import Any

from app import errors, sql
from app.db import db
from app.engine import definitions, outgoing, starting, step, store, waits
from app.engine.spiff import rows
from app.engine.spiff.host import Message
from app.jobs import queue

MOST_AT_ONCE = 200  # deliveries in one transaction; the others become jobs


class NobodyWaits(errors.NotFound):
    """没有实例在等待这条消息，也没有流程由它启动。请检查消息名称和关联编号。"""


def settle() -> None:
    """Everything that steps of this transaction sent has been delivered or is in the job table."""
    session = db.session()
    if not outgoing.is_due(session):
        return
    with outgoing.settling(session) as pending:
        count = 0
        while pending:
            sent = pending.popleft()
            for row in sent.waits:
                _give_kept(sent, row)
            for message in sent.messages:
                count += 1
                _send(sent, message, later=count > MOST_AT_ONCE)
            for name, variables in sent.signals:
                count += _spread(sent, name, variables, later=count > MOST_AT_ONCE)


def _give_kept(sent: outgoing.Outgoing, row: rows.MessageRow) -> None:
    """A message that came too early is given to the token that now waits for it."""
    waits.hold(row.name)
    found = waits.take_kept(row.name, row.key, row.business_key)
    if found is not None:
        case = store.lock(sent.case_id)
        if case is not None and case.runs and waits.still_waits(case.id, row.token_id):
            step.advance(case, lambda live: live.deliver(row.token_id, found.variables), by=sent.by)


def _at_once(case_id: int, sent: outgoing.Outgoing) -> bool:
    # a second case's lock, taken while this one's is held, could be waited for in a circle
    return case_id == sent.case_id or not sql.locks_rows()


def _send(sent: outgoing.Outgoing, message: Message, *, later: bool) -> None:
    if message.every:
        _send_every(sent, message, later=later)
        return
    payload = {
        "name": message.name,
        "key": message.key,
        "business_key": message.business_key,
        "variables": message.variables,
        "from": sent.case_id,
        "by": sent.by,
    }
    try:
        found = waits.find(message.name, message.key)
    except waits.SeveralWait:
        found = None
        later = True  # the job fails in the same way, and becomes an incident of the sender
    if later or (found is not None and not _at_once(found.instance_id, sent)):
        _later("engine.message", payload, sent.case_id)
    elif found is not None:
        _try(lambda: deliver(found, message.variables, by=sent.by), payload, sent.case_id)
    elif (definition := waits.started_by_message(message.name)) is not None:
        start, element = definition
        own = definitions.known(sent.definition_id)
        same = start.record_entity is not None and start.record_entity == own.record_entity
        key = message.business_key if same else message.key
        _try(
            lambda: starting.begin(
                start,
                message.variables,
                by=sent.by,
                business_key=key,
                element=element,
                caused_by=sent.case_id,
            ),
            payload,
            sent.case_id,
        )
    else:
        _keep(message, payload, sent.case_id)


def _keep(message: Message, payload: dict[str, Any], case_id: int) -> None:
    """The message is kept; for somebody who began to wait just now it is on its way."""
    try:
        found = waits.find_or_hold(message.name, message.key)
    except waits.SeveralWait:
        found = True
    if found:
        _later("engine.message", payload, case_id)
    else:
        waits.keep(message)


def _send_every(sent: outgoing.Outgoing, message: Message, *, later: bool) -> None:
    """Each case that waits with this key has the message; those that cannot take it now, later."""
    for number, found in enumerate(waits.every(message.name, message.key)):
        payload = {
            "instance_id": found.instance_id,
            "token_id": found.token_id,
            "variables": message.variables,
            "by": sent.by,
        }
        if later or number >= MOST_AT_ONCE or not _at_once(found.instance_id, sent):
            _later("engine.message_to", payload, sent.case_id)
            continue
        savepoint = db.session.begin_nested()
        try:
            deliver(found, message.variables, by=sent.by)
            savepoint.commit()
        except Exception:
            savepoint.rollback()
            _later("engine.message_to", payload, sent.case_id)


def _later(kind: str, payload: dict[str, Any], case_id: int) -> None:
    queue.enqueue(kind, payload, subject=f"sent:{case_id}")


def _try(act: Any, payload: dict[str, Any], case_id: int) -> None:
    """Do it at once; if the receiver cannot take it, its job tries again and the sender goes on."""
    savepoint = db.session.begin_nested()
    try:
        act()
        savepoint.commit()
    except Exception:
        savepoint.rollback()
        _later("engine.message", payload, case_id)


def deliver(found: waits.Receiver, variables: dict[str, Any] | None, *, by: str | None) -> bool:
    """The waiting token goes on; False when it does not wait any more."""
    case = store.lock(found.instance_id)
    if case is None or not case.runs or not waits.still_waits(case.id, found.token_id):
        return False
    step.advance(case, lambda live: live.deliver(found.token_id, variables), by=by)
    return True


def _spread(sent: outgoing.Outgoing, name: str, variables: dict[str, Any], *, later: bool) -> int:
    """Everybody else who listens hears the signal."""
    listeners = [one for one in waits.listeners(name) if one.instance_id != sent.case_id]
    for one in listeners:
        payload = {
            "instance_id": one.instance_id,
            "token_id": one.token_id,
            "variables": variables,
            "by": sent.by,
        }
        if later or len(listeners) > MOST_AT_ONCE or not _at_once(one.instance_id, sent):
            _later("engine.signal", payload, sent.case_id)
            continue
        savepoint = db.session.begin_nested()
        try:
            hear(one, variables, by=sent.by)
            savepoint.commit()
        except Exception:
            savepoint.rollback()
            _later("engine.signal", payload, sent.case_id)
    for definition, element in waits.started_by_signal(name):
        starting.begin(definition, variables, by=sent.by, element=element, caused_by=sent.case_id)
    return len(listeners)


def tell(one: waits.Receiver, variables: dict[str, Any], *, by: str | None) -> bool:
    """The listener hears a signal that comes from no case: at once, or by a job of its own."""
    if not sql.locks_rows():
        return hear(one, variables, by=by)
    payload = {
        "instance_id": one.instance_id,
        "token_id": one.token_id,
        "variables": variables,
        "by": by,
    }
    return queue.enqueue("engine.signal", payload, subject=f"instance:{one.instance_id}")


def hear(found: waits.Receiver, variables: dict[str, Any] | None, *, by: str | None) -> bool:
    """The listening token hears the signal; False when it does not listen any more."""
    case = store.lock(found.instance_id)
    if case is None or not case.runs or not waits.still_listens(case.id, found.token_id):
        return False
    step.advance(case, lambda live: live.deliver(found.token_id, variables), by=by)
    return True


def give_kept_to(case: store.Case, by: str | None) -> None:
    """Messages that were kept while the case was suspended reach its waiting tokens."""
    for row in waits.of_case(case.id):
        again = store.lock(case.id)
        waits.hold(row.name)
        found = waits.take_kept(row.name, row.key, row.business_key)
        if found is not None and again is not None and again.runs:
            if waits.still_waits(case.id, row.token_id):
                deliver(waits.Receiver(case.id, row.token_id, None, None), found.variables, by=by)
    settle()

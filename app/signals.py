"""What lower rooms tell higher ones. One line says when it is sent and with what."""

from blinker import Namespace

_all = Namespace()

# The engine tells, inside the transaction, after the rows are written; the sender is the case's id.
# All but `task_due` bring `facts`: the case, and what can be read of it (`engine.facts`).
instance_started = _all.signal("instance_started")  # process_id, by
instance_ended = _all.signal("instance_ended")  # process_id, result: ended or cancelled
task_opened = _all.signal("task_opened")  # task_id, task: the columns, with `candidates`
task_closed = _all.signal("task_closed")  # task_id, state: done or cancelled, by
task_due = _all.signal("task_due")  # task_id: it is due and open, again every day
incident_raised = _all.signal("incident_raised")  # incident_id, message, failure

# Jobs tell, in the transaction that gives one up, if its kind has no other way; the sender is it.
job_failed = _all.signal("job_failed")  # error

# Something is done and, where it wrote, committed; the sender says what: request, step, job,
# incident, archived.
done = _all.signal("done")  # seconds: float or None, facts: ids and names, no values

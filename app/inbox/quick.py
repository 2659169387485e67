"""Verbs that need nothing typed: pressed beside the queue, or for several tasks at once."""

from werkzeug.datastructures import MultiDict

from app.accounts.models import User
from app.engine import forms as engine_forms
from app.engine.forms.component import INPUTS, Button, Form
from app.engine.models import UserTask
from app.errors import Invalid, ShunliuError
from app.i18n import _
from app.inbox import forms, sight
from app.inbox.directory import Directory

KEYS = {"approve": "a", "return": "r"}


def verbs(task: UserTask, person: User) -> list[Button]:
    """The verbs of the task's form that would be accepted with nothing filled in.

    None while a field already holds a value: handing in nothing would wipe it out.
    """
    if not sight.may_act(task, person):
        return []
    try:
        form = forms.form_of(task)
    except ShunliuError:
        return []
    context = forms.context_of(task)
    if form.lists or _holds_values(form, context):
        return []
    directory = Directory(person)
    return [
        button
        for button in form.buttons
        if button.tone != "quiet"
        and engine_forms.judge(form, [], {}, context, button.outcome, directory=directory).ok
    ]


def _holds_values(form: Form, context: dict[str, object]) -> bool:
    typed = [field for field in form.fields.values() if field.type in INPUTS]
    return any(
        field.default is not None or context.get(field.name.split(".")[0]) not in (None, "", [], {})
        for field in typed
        if not (field.readonly or field.disabled)
    )


def do(task_id: int, outcome: str, person: User) -> UserTask:
    """The task is done with this verb alone. Raises Invalid when something must be filled in."""
    task = sight.task_to_act_on(task_id, person)
    if outcome not in {button.outcome for button in verbs(task, person)}:
        raise Invalid(_("“%(name)s”要填写内容，请打开后单独办理。", name=task.name))
    forms.submit_task(task, person, MultiDict([("outcome", outcome)]))
    return task

"""What a person does with a task. Each says what is true afterwards; the route commits."""

from app.accounts import people
from app.accounts.models import User
from app.engine import deferring, held, run
from app.engine.models import UserTask
from app.errors import Conflict, Invalid, NotAllowed
from app.i18n import _, label
from app.inbox import sight, story


def claim_now(task_id: int, person: User) -> UserTask:
    """The task is this person's; nothing changes if it was already."""
    held.still(task_id)
    task = sight.task(task_id, person)
    if task.assignee == person.login and task.state == "open":
        return task
    require_open(task)
    if task.assignee:
        raise Conflict(_("%(name)s 已经认领了“%(task)s”。", name=name_of(task.assignee),
                         task=label(task.name)))  # fmt: skip
    if not sight.may_act(task, person):
        raise NotAllowed(_("这项任务不在您的岗位范围内，只能查看。"))
    run.claim(task_id, person.login)
    return task


def release_now(task_id: int, person: User) -> UserTask:
    """Nobody has the task any more; its candidates see it again."""
    held.still(task_id)
    task = sight.task(task_id, person)
    require_open(task)
    if task.assignee != person.login and not person.is_admin:
        raise NotAllowed(_("只有认领的人才能放回。"))
    if not task.candidates:
        raise Conflict(_("这项任务是指定给您的，没有别人可以接手。要请别人办，请用“转办”。"))
    _back_in_sight(task, person)
    run.release(task_id, person.login)
    return task


def delegate_now(task_id: int, to: str, person: User) -> UserTask:
    """Somebody else has the task."""
    held.still(task_id)
    task = sight.task_to_act_on(task_id, person)
    require_open(task)
    receiver = people.get(to)
    if receiver is None or not receiver.enabled:
        raise Invalid(_("请选择要转办给谁。"))
    if receiver.login == task.assignee:
        raise Invalid(_("这项任务已经在 %(name)s 手里。", name=receiver.name))
    _back_in_sight(task, person)
    run.delegate(task_id, receiver.login, person.login)
    return task


def _back_in_sight(task: UserTask, person: User) -> None:
    """Who put the task off did so for himself, not for whoever has it next."""
    if task.follow_up_at is not None:
        deferring.set_follow_up(task.id, None, person.login)


def require_open(task: UserTask) -> None:
    """Raises Conflict that says kindly who did the task, and when."""
    if task.state != "open":
        raise Conflict(finished_text(task))


def finished_text(task: UserTask) -> str:
    """Who finished the task and how, or that the flow took it away."""
    if task.state == "cancelled":
        return _("实例已经走过这一步，这项任务不用办了。")
    if not task.completed_by:
        return _("这一项已经办完了。")
    outcome = story.outcome_text(task)
    who = name_of(task.completed_by)
    if outcome:
        return _("%(name)s 已经办了这一项：%(outcome)s。", name=who, outcome=outcome)
    return _("%(name)s 已经办了这一项。", name=who)


def name_of(login: str) -> str:
    """The person's name, or the login of somebody who is gone."""
    person = people.get(login)
    return person.name if person else login

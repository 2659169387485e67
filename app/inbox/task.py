"""The pages and verbs of one task. Whoever may not see it is told that there is none."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as WsgiResponse

from app import clock, sql
from app.accounts import people
from app.accounts.models import User, membership
from app.db import begin_writing, commit_kept, db, reads_first, set_reading
from app.engine import definitions, files, store
from app.engine.models import TaskCandidate, UserTask
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, label
from app.inbox import acts, archive, forms, postpone, queue, sight, story
from app.inbox.directory import Directory
from app.inbox.models import Comment
from app.inbox.routes import inbox

_task = UserTask.__table__
LONGEST_COMMENT = 4000
MOST_COLLEAGUES = 300


class Colleague(NamedTuple):
    """Somebody to hand a task to, with the names of the roles."""

    login: str
    name: str
    groups: list[str]


@inbox.get("/tasks/<int:task_id>")
@login_required
def task(task_id: int) -> str | WsgiResponse:
    """The whole task: form, instruction, drawing, what happened, who says what; of an archived
    case, the case."""
    try:
        found = sight.task(task_id, current_user)
    except NotFound:
        return archive.instead_of_task(task_id)
    return _task_page(found)


def _task_page(
    task: UserTask,
    posted: MultiDict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> str:
    case = task.instance
    tasks = story.open_tasks(case)
    # of a suspended case everything can be read, nothing done
    may_act = case.state != "suspended" and sight.may_act(task, current_user)
    return render_template(
        "inbox/task.html",
        task=task,
        case=case,
        process=definitions.known(task.definition_id).name,
        may_act=may_act,
        lines=story.of(case, tasks),
        place=story.place(case, tasks, task),
        others=[other for other in tasks if other.id != task.id],
        comments=story.comments(case),
        files=files.of_instance(case.id),
        candidates=story.candidates(task),
        names=people.names(
            login for login in (task.assignee, task.completed_by, case.started_by) if login
        ),
        colleagues=_colleagues(task) if may_act else {},
        later=postpone.offered(),
        finished=acts.finished_text(task) if task.state != "open" else "",
        record=_record(task),
        neighbours=_neighbours(task) if task.state == "open" else (None, None),
        **forms.form_page_context(task, current_user, posted, problems),
    )


def _record(task: UserTask) -> dict[str, Any] | None:
    """Link and key facts of the record that the case is about, if the reader may see it."""
    entity = definitions.spec(task.definition_id).properties.get("record")
    key = task.instance.business_key
    return Directory(current_user).panel(entity, key) if entity and key else None


def _neighbours(task: UserTask) -> tuple[int | None, int | None]:
    """The tasks before and after this one in the reader's own queue."""
    ids = queue.first_ids(current_user)
    if task.id not in ids:
        return None, ids[0] if ids else None
    at = ids.index(task.id)
    return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None)


def _colleagues(task: UserTask) -> dict[str, list[Colleague]]:
    """Whom the task can be handed to: those who share its roles first."""
    roles = sa.select(TaskCandidate.value).where(
        TaskCandidate.task_id == task.id, TaskCandidate.kind == "group"
    )
    same = sa.select(membership.c.user_login).where(membership.c.group_id.in_(roles))
    near = User.login.in_(same).label("near")
    query = (
        sa.select(User.login, User.name, near)
        .where(User.enabled, User.login != (task.assignee or current_user.login))
        .order_by(near.desc(), User.login)
        .limit(MOST_COLLEAGUES)
    )
    rows = db.session.execute(query).all()
    groups = people.groups_of(row.login for row in rows)
    parts: dict[str, list[Colleague]] = {_("同岗位"): [], _("其他同事"): []}
    close, others = parts.values()
    for row in rows:
        person = Colleague(row.login, row.name, groups.get(row.login, []))
        (close if row.near else others).append(person)
    return {title: part for title, part in parts.items() if part}


@inbox.post("/tasks/<int:task_id>/complete")
@login_required
@reads_first
def complete(task_id: int) -> Response | tuple[str, int]:
    """The task is done and the case has gone on; or the form comes back with what is wrong."""
    if request.files:
        begin_writing()  # they are kept before the form is judged
    try:
        found = sight.to_complete(task_id, current_user)
    except sight.Late as late:
        return _taken(late.task, near=False), 409
    if found.state != "open":
        return _taken(found), 409
    try:
        case = forms.submit_task(found, current_user, request.form, request.files)
        next_up = _next_up(case)
        commit_kept()
        set_reading(True)  # nor does the answer
    except Invalid as problem:
        db.session.rollback()
        set_reading(True)
        errors = problem.fields or {"": problem.message}
        return _task_page(sight.task(task_id, current_user), request.form, errors), 422
    except Conflict:
        db.session.rollback()
        set_reading(True)
        try:
            gone = sight.task(task_id, current_user)
        except sight.Late as late:
            return _taken(late.task, near=False), 409
        if gone.state == "open":
            raise
        return _taken(gone), 409
    flash(_done_text(found.name, case, next_up))
    return redirect(url_for("inbox.index"), 303)


_NEXT = (
    sa.select(_task.c.id, _task.c.name, _task.c.assignee, User.name.label("who"))
    .outerjoin(User.__table__, User.login == _task.c.assignee)
    # 'open' stands in the text: there are indexes of open tasks alone, and to see whether one fits
    # SQLite would read the whole statement anew for each value
    .where(sql.named(_task, "instance_id"), _task.c.state == sa.literal_column("'open'"))
    .order_by(_task.c.id)
    .limit(1)
)


def _next_up(case: store.Case) -> tuple[str, str] | None:
    """The first task that is open in the case, and whose it is; asked in the transaction that
    goes on anyway."""
    first = sql.one(_NEXT, {"the_instance_id": case.id}) if case.runs else None
    if first is None:
        return None
    return first.name, (first.who or first.assignee) or _("、").join(story.candidates(first))


def _done_text(name: str, case: store.Case, next_up: tuple[str, str] | None) -> str:
    """What was done, and where the case went."""
    done = _("已办：%(name)s", name=label(name))
    if case.state in ("ended", "cancelled"):
        return f"{done}{_('。实例已结束。')}"
    if next_up is None:
        return f"{done}{_('。流程继续自动进行。')}"
    task, who = next_up
    return done + _("。下一步：%(task)s（%(who)s）", task=label(task), who=who)


def _taken(task: UserTask, *, near: bool = True) -> str:
    """Somebody was faster: who and when, and everything that was typed. `near`: the reader may
    see the task that is done."""
    typed = [
        text.strip()
        for name, text in request.form.items(multi=True)
        if name not in forms.CARRIED and text.strip()
    ]
    words = [text for text in typed if not text.isdigit() and len(text) > 1]
    return render_template(
        "inbox/taken.html",
        task=task,
        text=acts.finished_text(task),
        near=near,
        typed="\n".join(words)[:LONGEST_COMMENT],
    )


@inbox.post("/tasks/<int:task_id>/claim")
@login_required
def claim(task_id: int) -> Response:
    """The task is the person's own; Z gives it back."""
    found = acts.claim_now(task_id, current_user)
    db.session.commit()
    flash(_("已认领：%(name)s", name=label(found.name)), url_for("inbox.release", task_id=task_id))
    return _back(task_id)


@inbox.post("/tasks/<int:task_id>/release")
@inbox.delete("/tasks/<int:task_id>/claim")
@login_required
def release(task_id: int) -> Response:
    """The task is everybody's again who may take it; Z takes it back."""
    found = acts.release_now(task_id, current_user)
    db.session.commit()
    flash(_("已放回：%(name)s", name=label(found.name)), url_for("inbox.claim", task_id=task_id))
    return _back(task_id)


@inbox.post("/tasks/<int:task_id>/delegate")
@login_required
def delegate(task_id: int) -> Response:
    """Somebody else has the task; a remark says why."""
    to, why = request.form.get("to", ""), request.form.get("text", "").strip()
    found = acts.delegate_now(task_id, to, current_user)
    if why:
        _say(found, why)
    db.session.commit()
    flash(_("已把“%(name)s”转给 %(who)s", name=label(found.name), who=acts.name_of(to)))
    return redirect(url_for("inbox.index"), 303)


@inbox.post("/tasks/<int:task_id>/comments")
@login_required
def comment(task_id: int) -> Response | str:
    """The remark stands under the case for all who may see it."""
    found = sight.task(task_id, current_user)
    text = request.form.get("text", "").strip()
    if not text:
        raise Invalid(_("请先写点什么。"))
    if len(text) > LONGEST_COMMENT:
        raise Invalid(_("讨论最多 %(n)s 个字。", n=LONGEST_COMMENT))
    _say(found, text)
    db.session.commit()
    if request.headers.get("HX-Request"):
        return render_template(
            "inbox/comments.html", task=found, comments=story.comments(found.instance)
        )
    return redirect(url_for("inbox.task", task_id=task_id) + "#comments", 303)


def _say(task: UserTask, text: str) -> None:
    """Raises NotFound when the case is being archived this very moment (PostgreSQL)."""
    remark = Comment(
        instance_id=task.instance_id,
        task_id=task.id,
        login=current_user.login,
        text=text[:LONGEST_COMMENT],
        at=clock.now(),
    )
    db.session.add(remark)
    try:
        db.session.flush()
    except sa.exc.IntegrityError as gone:
        raise NotFound() from gone


def _back(task_id: int) -> Response:
    """Where the verb was pressed: the queue, or the task's page."""
    if request.form.get("next") == "inbox":
        return redirect(url_for("inbox.index"), 303)
    return redirect(url_for("inbox.task", task_id=task_id), 303)

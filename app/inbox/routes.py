"""The inbox: the queue with its filters, previews, and what is done to several tasks at once."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy.exc import SQLAlchemyError

from app import web
from app.accounts import people
from app.db import db
from app.engine import definitions
from app.engine.models import UserTask
from app.errors import Invalid, ShunliuError
from app.i18n import _, _l
from app.inbox import acts, facts, news, postpone, queue, quick, sight, story

inbox = Blueprint("inbox", __name__)
TITLES = {
    "todo": _l("待我处理"), "overdue": _l("已逾期"), "today": _l("今天到期"), "mine": _l("我已认领"),
    "groups": _l("小组待认领"), "later": _l("稍后处理"), "started": _l("我发起的"),
    "done": _l("我已办"),
}  # fmt: skip
MOST_AT_ONCE = 100
PRESSED = "outcome:"  # a bulk verb that is a verb of the tasks' forms


@inbox.get("/")
def home() -> Response:
    """The first page is the inbox."""
    return redirect(url_for("inbox.index"))


@inbox.get("/inbox")
@login_required
def index() -> str:
    """Filters, queue and preview."""
    return render_template("inbox/index.html", **_page(queue.read(request.args)))


@inbox.get("/inbox/list")
@login_required
def lines() -> str:
    """The queue alone: a further page of it, or all of it anew."""
    return render_template("inbox/lines.html", **_page(queue.read(request.args)))


@inbox.get("/inbox/counts")
@login_required
def counts() -> str:
    """The filters with fresh counts, the queue and the rail's badge as they are now."""
    return render_template("inbox/again.html", **_page(queue.read(request.args)))


@inbox.get("/inbox/news")
@login_required
def fresh() -> Response:
    """204 while nothing is new; else the ids of the newest tasks, how many wait, and a tag that
    the page gives back with its next question."""
    since = request.args.get("since", type=int)
    found = news.of(current_user, None if since is None else max(since, 0))
    if request.args.get("tag") == found.tag:
        return Response(status=204)
    return jsonify(
        ids=found.ids,
        waiting=found.waiting,
        badge=queue.badge_text(found.waiting),
        tag=found.tag,
    )


@inbox.get("/tasks/<int:task_id>/peek")
@login_required
def peek(task_id: int) -> str:
    """A task beside the queue: what, from whom, why me, and the verbs."""
    task = sight.task(task_id, current_user)
    case = task.instance
    return render_template(
        "inbox/peek.html",
        task=task,
        case=case,
        lines=story.of(case)[-6:],
        process=definitions.known(task.definition_id).name,
        may_act=sight.may_act(task, current_user),
        verbs=quick.verbs(task, current_user),
        keys=quick.KEYS,
        facts=facts.of(task, current_user),
        candidates=story.candidates(task),
        later=postpone.offered(),
        names=_names([task]),
    )


@inbox.post("/inbox/bulk")
@login_required
def bulk() -> str:
    """The verb is done to each chosen task by itself; those that failed stay chosen."""
    verb = request.form.get("verb", "")
    ids = [int(text) for text in request.form.getlist("task") if text.isdigit()][:MOST_AT_ONCE]
    act = _act(verb)
    failed: dict[int, str] = {}
    for task_id in ids:
        try:
            act(task_id)
            db.session.commit()
        except ShunliuError as error:
            db.session.rollback()
            failed[task_id] = error.message
        except SQLAlchemyError as error:  # those before it are done
            db.session.rollback()
            failed[task_id] = web.refusal(error).message
    question = queue.read(request.form)
    return render_template(
        "inbox/index.html",
        **_page(question),
        failed=failed,
        went_well=len(ids) - len(failed),
        verb=_verb_name(verb),
    )


def _act(verb: str) -> Callable[[int], object]:
    if verb == "claim":
        return lambda task_id: acts.claim_now(task_id, current_user)
    if verb == "release":
        return lambda task_id: acts.release_now(task_id, current_user)
    if verb.startswith(PRESSED):
        return lambda task_id: quick.do(task_id, verb.removeprefix(PRESSED), current_user)
    raise Invalid(_("没有这种批量操作。"))


def _verb_name(verb: str) -> str:
    usual = {"claim": _("认领"), "release": _("放回")}
    return usual.get(verb) or story.outcome_label(verb.removeprefix(PRESSED))


@inbox.get("/inbox/review")
@login_required
def review() -> str:
    """The chosen tasks side by side, and the verbs that all of them take without more words."""
    ids = [int(text) for text in request.args.getlist("task") if text.isdigit()][:MOST_AT_ONCE]
    tasks = [sight.task(task_id, current_user) for task_id in ids]
    verbs = [{one.outcome: one for one in quick.verbs(task, current_user)} for task in tasks]
    common = [one for one in (verbs[0] if verbs else {}) if all(one in other for other in verbs)]
    return render_template(
        "inbox/review.html",
        tasks=tasks,
        common=[verbs[0][outcome] for outcome in common],
        needs_words=[task for task, found in zip(tasks, verbs, strict=True) if not found],
        names=_names(tasks),
        process_names=definitions.facts(tasks),
    )


def titles() -> dict[str, str]:
    """{filter: its name}, in the reader's language."""
    return {name: str(text) for name, text in TITLES.items()}


def _page(question: queue.Question) -> dict[str, object]:
    started = question.f == "started"
    found, more = (queue.cases if started else queue.tasks)(question, current_user)
    shown = queue.counts(current_user)
    return {
        "question": question,
        "titles": titles(),
        "counts": shown,
        "total": _total(question, shown, len(found), more),
        "cases": found if started else [],
        "sections": [] if started else queue.sections(found, question),
        "more": more,
        "processes": queue.processes(current_user),
        "names": _names([] if started else found),
        "process_names": definitions.facts(found),
        "may_choose": question.f in queue.WORK,
        "news": news.of(current_user),
    }


def _total(question: queue.Question, shown: dict[str, int], here: int, more: bool) -> int | None:
    """How many in all; None where counting would read the whole history."""
    if question.f in queue.WORK and not question.narrowed:
        return shown[question.f]
    if not more and question.page == 1:
        return here
    return queue.total(question, current_user) if question.f in queue.WORK else None


def _names(tasks: list[UserTask]) -> dict[str, str]:
    logins = {task.assignee for task in tasks} | {task.completed_by for task in tasks}
    logins |= {task.instance.started_by for task in tasks}
    return people.names(login for login in logins if login)

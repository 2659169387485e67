"""The page of a case: where it stands, what happened, what is open."""

from flask import render_template
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.accounts import people
from app.engine import definitions, files, run, sending
from app.errors import NotFound
from app.inbox import archive, sight, story
from app.inbox.routes import inbox


@inbox.get("/instances/<int:instance_id>")
@login_required
def case(instance_id: int) -> str | Response:
    """Drawing, open tasks, timeline, remarks, files; the variables for administrators."""
    try:
        found = sight.case(instance_id, current_user)
    except NotFound:
        return archive.instead_of(instance_id)
    tasks = story.open_tasks(found)
    return render_template(
        "inbox/case.html",
        case=found,
        process=definitions.known(found.definition_id).name,
        lines=story.of(found, tasks),
        place=story.place(found, tasks),
        tasks=tasks,
        waiting_for={task.id: story.candidates(task) for task in tasks if not task.assignee},
        offers=sending.of_cases([found.id], current_user),
        comments=story.comments(found),
        files=files.of_instance(found.id),
        names=people.names(
            login for login in (found.started_by, *(task.assignee for task in tasks)) if login
        ),
        variables=run.variables(found.id) if current_user.is_admin else {},
    )


@inbox.get("/instances/<int:instance_id>/peek")
@login_required
def case_peek(instance_id: int) -> str:
    """A case beside the list of those that one began."""
    found = sight.case(instance_id, current_user)
    return render_template("inbox/case_peek.html", case=found, lines=story.of(found)[-12:])

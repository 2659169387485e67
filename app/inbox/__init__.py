"""The inbox: everybody's tasks, the page of a task, the page of a case."""

from flask import Flask


def init_app(app: Flask) -> None:
    """The inbox answers; the rail counts what waits; the palette finds tasks and cases."""
    from app import shell
    from app.inbox import (  # noqa: F401
        archive,
        case,
        forms,
        later,
        messages,
        press,
        queue,
        routes,
        search,
        story,
        task,
        why,
    )

    app.register_blueprint(routes.inbox)
    app.register_blueprint(forms.pages)
    app.jinja_env.filters["outcome"] = story.outcome_text
    shell.badge("inbox", queue.waiting)
    shell.offer(search.commands)

"""Machine work: one durable table, and runners that take from it.

A job is written in the transaction that wants it (the table is the outbox), runs after the
commit, at least once, and in one transaction with the line that says it is done.
"""

from flask import Flask

from app.jobs import chores, commands, pulse, queue, runner, sightings


def init_app(app: Flask) -> None:
    """The runner of the settings is chosen; it starts when the server does."""
    app.extensions["shunliu-jobs"] = runner.Choice(app.config["SETTINGS"].job_runner)
    pulse.init_app(app)
    sightings.init_app(app)
    queue.wake_after_commit()
    app.extensions["shunliu-job-chores"] = chores
    app.cli.add_command(commands.jobs)
    app.before_request(lambda: runner.ensure_started(app))

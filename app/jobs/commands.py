"""`flask jobs …`"""

import signal
import threading

import click
import sqlalchemy as sa
from flask import current_app

from app import errors
from app.db import db
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.runners import local


@click.group()
def jobs() -> None:
    """Machine work."""


@jobs.command()
@click.option("--once", is_flag=True, help="Do what is due now and end.")
def run(once: bool) -> None:
    """Do due jobs in this process until it is stopped, whatever runner the server has."""
    if once:
        click.echo(f"{queue.run_due()} jobs done")
        return
    app = current_app._get_current_object()
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    local.start(app)
    stopped.wait()
    local.stop(app)


@jobs.command()
def lag() -> None:
    """How long the oldest due job has waited."""
    click.echo(f"{queue.lag_seconds():.1f} s")


@jobs.command()
def show() -> None:
    """How many jobs of each kind are in each state, and why some failed, hang or are parked."""
    table = Job.__table__.c
    count, why = sa.func.count(), sa.func.max(table.last_error)
    query = sa.select(table.state, table.kind, count, why).group_by(table.state, table.kind)
    for state, kind, number, error in db.session.execute(query.order_by(table.state, table.kind)):
        stopped = state in ("failed", "parked", "stuck") and error
        click.echo(
            f"{state:8} {number:6}  {kind}  {error.strip().splitlines()[-1] if stopped else ''}"
        )


@jobs.command()
@click.argument("job_id", type=int)
def retry(job_id: int) -> None:
    """A failed job is due again at once."""
    queue.retry(job_id)
    db.session.commit()
    click.echo(f"job {job_id} is due")


@jobs.command("give-up")
@click.argument("job_id", type=int)
def give_up(job_id: int) -> None:
    """Nobody waits for a stuck job any more: it has failed, what it still does is not written."""
    try:
        queue.give_up(job_id)
    except errors.Conflict as conflict:
        raise click.ClickException(conflict.message) from None
    db.session.commit()
    click.echo(f"job {job_id} is given up")

"""`flask jobs …`"""

import time

import click
from flask import current_app

from app.jobs import queue, runner


@click.group()
def jobs() -> None:
    """Machine work."""


@jobs.command()
@click.option("--once", is_flag=True, help="Do what is due now and end.")
def run(once: bool) -> None:
    """Do due jobs until stopped."""
    if once:
        click.echo(f"{queue.run_due()} jobs done")
        return
    runner.ensure_started(current_app._get_current_object())
    while True:
        time.sleep(3600)


@jobs.command()
def lag() -> None:
    """How long the oldest due job has waited."""
    click.echo(f"{queue.lag_seconds():.1f} s")

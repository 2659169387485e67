"""`flask check-records`: every invariant, every breach by name."""

import click
from flask.cli import with_appcontext

from app.records import audit


@click.command("check-records")
@with_appcontext
def check_records() -> None:
    """Check that the records agree with one another; exit 1 when something does not."""
    breaches = audit.check_all()
    for breach in breaches:
        click.echo(f"{breach.rule}  {breach.entity} {breach.number}: {breach.text}")
    click.echo(f"{len(audit.names())} rules checked, {len(breaches)} breaches")
    if breaches:
        raise SystemExit(1)

"""`flask deploy`."""

from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app

from app import errors
from app.db import db, reading
from app.engine import deploy as publishing
from app.engine.published import Deployment


@click.command()
@click.option("--by", default=None, help="Login of whoever publishes.")
@click.option("--note", default="", help="Why, for the list of deployments.")
@click.option("--lenient", is_flag=True, help="Let flows pass that are not wired yet.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@reading()  # cases go on until everything is read and judged
def deploy(files: tuple[Path, ...], by: str | None, note: str, lenient: bool) -> None:
    """Publish FILES, or everything under processes/ and forms/."""
    settings = current_app.config["SETTINGS"]
    newest = db.session.scalar(sa.select(sa.func.max(Deployment.id))) or 0
    try:
        if files:
            given = [(path.name, path.read_bytes()) for path in files]
            made = publishing.deploy(given, by=by, note=note, lenient=lenient)
        else:
            made = publishing.deploy_folder(
                Path(settings.processes_path), Path(settings.forms_path), by=by, note=note
            )
    except errors.Refused as refused:
        for finding in refused.findings:
            click.echo(f"{finding.severity}: {finding}", err=True)
        raise click.ClickException(refused.message) from None
    db.session.commit()
    if made.id <= newest:
        click.echo(f"nothing changed since deployment {made.id}")
    else:
        click.echo(f"deployment {made.id}: {len(made.definitions)} new versions")

"""Commands: `flask upgrade`, `flask deploy`, `flask demo`, `flask i18n compile`, …"""

from pathlib import Path

import click
from flask import Flask, current_app

from app import backup, compiled, i18n, postgres, workspace
from app.accounts import roles
from app.db import db
from app.schema import alembic_config


def register_commands(app: Flask) -> None:
    """Make the commands known to `flask`."""
    app.cli.add_command(upgrade)
    app.cli.add_command(demo)
    app.cli.add_command(prepare)
    app.cli.add_command(translations)
    app.cli.add_command(pages)
    app.cli.add_command(backup.backup)
    app.cli.add_command(backup.restore)


@click.command()
def upgrade() -> None:
    """Bring the database schema to the newest version."""
    import alembic.command  # commands load what only they need: the server starts sooner

    if db.engine.dialect.name == "postgresql":
        postgres.check(db.engine)
    alembic.command.upgrade(alembic_config(), "head")
    workspace.found_company()
    roles.found_roles()
    db.session.commit()
    click.echo("database schema is up to date")


@click.command()
def demo() -> None:
    """Load the demo company: people, records, and some cases at every interesting step."""
    from app.accounts import demo as people
    from app.inbox import demo as cases
    from app.inbox import demo_plan, demo_sales
    from app.records import demo as records

    people.load_people()
    records.load_records()
    db.session.commit()
    started = cases.load_cases()
    db.session.commit()
    started += demo_sales.load_sales()
    started += demo_plan.load_plans()
    click.echo(f"demo people and records are there, {started} cases begun")


@click.command()
@click.pass_context
def prepare(context: click.Context) -> None:
    """Upgrade, deploy and demo in one go: what `make run` does before it serves."""
    for name in ("upgrade", "deploy", "demo"):
        context.invoke(current_app.cli.commands[name])


@click.command()
def pages() -> None:
    """Compile the templates, so that the server's first pages come at once."""
    click.echo(f"{compiled.build(current_app)} templates compiled")


@click.group("i18n")
def translations() -> None:
    """English texts."""


@translations.command("compile")
def compile_texts() -> None:
    """Merge every English catalogue into messages.mo."""
    count = i18n.compile_catalogue(Path(current_app.config["SETTINGS"].processes_path))
    click.echo(f"{count} English texts compiled")

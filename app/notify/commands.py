"""`flask webhooks …`"""

import click

from app.db import db
from app.notify import webhooks as hooks


@click.group()
def webhooks() -> None:
    """Webhooks."""


@webhooks.command()
def reseal() -> None:
    """Encrypt every signing secret with the secret key of today, whatever key it has now."""
    changed, lost = hooks.reseal()
    db.session.commit()
    click.echo(f"{changed} secrets sealed anew")
    if lost:
        names = ", ".join(f"{hook.name} (#{hook.id})" for hook in lost)
        raise click.ClickException(
            f"neither SHUNLIU_SECRET_KEY nor SHUNLIU_OLD_SECRET_KEY opens the secrets of {names}: "
            "set the key that was used before, or make new secrets in the monitor"
        )

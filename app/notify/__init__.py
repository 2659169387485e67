"""Telling people and programs: notices in the product, mail, text messages, webhooks; each thing
once."""

from flask import Flask

from app.notify import chores, commands, events, models, outbox, reach, webhooks

__all__ = ["chores", "events", "init_app", "models", "outbox", "webhooks"]


def init_app(app: Flask) -> None:
    """The tables and the job kinds are known, events are heard. Raises BadSetting."""
    reach.networks(app.config["SETTINGS"].webhook_networks)
    events.init_app(app)
    app.cli.add_command(commands.webhooks)

"""Telling people: notices in the product, mail, text messages; each thing once."""

from flask import Flask

from app.notify import models, outbox

__all__ = ["init_app", "models", "outbox"]


def init_app(app: Flask) -> None:
    """The tables and the job kinds are known; nothing else is set up."""

"""The process engine: reads BPMN, refuses what it would not execute truly, runs the rest.

Knows no web and no records.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """The engine has its memory, its job kinds and its commands; all handlers are known."""
    from app.engine import chores, commands, handlers, memory, retention

    memory.init_app(app)
    handlers.load("handlers")
    app.cli.add_command(commands.deploy)
    app.extensions["shunliu-chores"] = chores, retention

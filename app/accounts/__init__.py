"""People, departments, positions and groups: who is who, and who stands above whom."""

from flask import Flask


def init_app(app: Flask) -> None:
    """People can log in and choose how the pages look."""
    from app.accounts import commands
    from app.accounts.routes import accounts

    app.register_blueprint(accounts)
    app.cli.add_command(commands.people)

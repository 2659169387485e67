"""The pages of the records: one list, one page, one history for every kind of them."""

from flask import Flask

from app import shell
from app.registry import board, commands, nightly, paper, papers, pool, prices, routes, stock

# their routes hang on the same blueprint; the nightly check is a job
PAGES = (board, paper, papers, pool, prices, stock)
CHORES = (nightly,)


def init_app(app: Flask) -> None:
    """The pages under /records answer; Ctrl K finds records."""
    app.register_blueprint(routes.pages)
    shell.offer(commands.commands)

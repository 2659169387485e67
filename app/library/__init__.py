"""The process library: what the company does, which flows there are, who may start them."""

from flask import Flask

from app.library import routes, tables

# their routes hang on the same blueprint
PAGES = (routes, tables)


def init_app(app: Flask) -> None:
    """The pages under /processes answer from now on."""
    app.register_blueprint(routes.pages)

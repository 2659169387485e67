"""The page on which somebody from outside answers a survey: no login, only the link he was sent."""

from flask import Flask


def init_app(app: Flask) -> None:
    """The links of surveys answer."""
    from app.survey import routes
    from app.web import csrf

    app.register_blueprint(routes.survey)
    # nobody is logged in here and no cookie is needed: the unguessable link is all the authority
    csrf.exempt(routes.survey)

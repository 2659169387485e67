"""The database of an experiment, made by the product itself."""

from collections.abc import Mapping

from app import create_app
from app.accounts import demo
from app.db import db
from app.engine import deploy
from tests.reliability import serving  # noqa: F401 - its handlers and its table


def everything(settings: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    """The schema, the demo people and these flows are there, committed."""
    app = create_app({**settings, "job_runner": "inline"})
    with app.app_context():
        db.create_all()
        demo.load_people()
        db.session.commit()
        deploy.deploy(list(files.items()), by="zhouning")
        db.session.commit()
        db.session.remove()
        db.engine.dispose()

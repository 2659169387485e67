"""The database of an experiment, made by the product itself."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from app import create_app, errors
from app.accounts import demo
from app.db import db, reading
from app.engine import deploy, run
from tests.reliability import serving


def everything(settings: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    """The schema, the demo people and these flows are there, committed."""
    app = create_app({**settings, "job_runner": "inline"})
    with app.app_context():
        db.create_all()
        serving.tables.create_all(db.engine)
        demo.load_people()
        db.session.commit()
        deploy.deploy(list(files.items()), by="zhouning")
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


Files = Mapping[str, bytes]


@contextlib.contextmanager
def publisher(settings: Mapping[str, str]) -> Iterator[Callable[[Files], list[str]]]:
    """`publish(files)` from a process that is neither server nor worker: [] when they are
    published, else what is wrong with them."""
    app = create_app({**settings, "job_runner": "inline"})

    def publish(files: Files) -> list[str]:
        with app.app_context(), reading():
            try:
                deploy.deploy(list(files.items()), by="zhouning")
                db.session.commit()
            except errors.Refused as refused:
                db.session.rollback()
                return [str(finding) for finding in refused.findings]
            return []

    try:
        yield publish
    finally:
        with app.app_context():
            db.engine.dispose()


def start_all(
    settings: Mapping[str, str], process_id: str, variables: list[dict[str, str]]
) -> list[tuple[int, float]]:
    """A case with each of these variables, committed: [(its id, the moment before it began on a
    clock that nobody can set)]."""
    app = create_app({**settings, "job_runner": "inline"})
    begun = []
    with app.app_context():
        for given in variables:
            before = time.monotonic()
            begun.append((run.start(process_id, given, by="zhangwei").id, before))
            db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return begun

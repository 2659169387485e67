"""A case that is stuck: its service task needs a variable that is not there."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.engine import run
from app.engine.handlers import Step, handler
from app.engine.models import Incident
from tests.engine import desk
from tests.engine.draw import end, flows, process, service, start, user

FLOW = process(
    start(), user("a"), service("send", "conftest.send_quote"), user("b"), end(),
    flows("s a", "a send", "send b", "b e"),
)  # fmt: skip


@handler()
def send_quote(step: Step, *, delivery_days: int | None = None) -> dict[str, object]:
    """Needs the days of delivery."""
    if delivery_days is None:
        raise RuntimeError("the template needs delivery_days")
    return {"sent": True}


@pytest.fixture
def stuck(app: Flask) -> Incident:
    """The one open incident, after all retries."""
    desk.publish(FLOW)
    desk.begin()
    desk.complete("a")
    for _attempt in range(4):
        desk.work(hours=1)
    found = db.session.scalar(sa.select(Incident).where(Incident.state == "open"))
    assert found is not None
    assert run.variables(found.instance_id).get("sent") is None
    return found

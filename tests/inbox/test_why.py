"""Why did it go this way: everybody who sees the case sees the table as the case met it."""

import sqlalchemy as sa

from app.db import db
from app.engine.models import Event
from tests.flows.conftest import app, published, stage  # noqa: F401 - the company with its flows
from tests.flows.stage import Stage
from tests.flows.test_051_01_01 import FLOW, qian, qiming


def decided(case: int, name: str) -> Event:
    query = sa.select(Event).where(Event.instance_id == case, Event.kind == "decided")
    return next(event for event in db.session.scalars(query) if event.data["decision"] == name)


def begun(stage: Stage) -> int:  # noqa: F811
    case = stage.start(FLOW, "zhangwei")
    stage.do("edit_profile", "zhangwei", "submit", customer=qiming(), contacts=[qian()])
    return case


def test_the_table_shows_what_it_looked_at_and_which_rule_hit(stage: Stage, as_user):  # noqa: F811
    event = decided(begun(stage), "customer_change_route")
    page = as_user("zhangwei").get(f"/decisions/{event.id}")
    assert page.status_code == 200
    assert "命中" in page.text
    assert "信息专员" in page.text and "info_specialist" not in page.text


def test_the_timeline_leads_to_it(stage: Stage, as_user):  # noqa: F811
    case = begun(stage)
    event = decided(case, "customer_change_route")
    assert f"/decisions/{event.id}" in as_user("zhangwei").get(f"/instances/{case}").text


def test_an_outsider_does_not_see_it(stage: Stage, as_user):  # noqa: F811
    event = decided(begun(stage), "customer_change_route")
    assert as_user("baijie").get(f"/decisions/{event.id}").status_code == 404


def test_what_is_no_decision_is_not_found(stage: Stage, as_user):  # noqa: F811
    case = begun(stage)
    other = db.session.scalar(
        sa.select(Event.id).where(Event.instance_id == case, Event.kind == "started")
    )
    assert as_user("zhangwei").get(f"/decisions/{other}").status_code == 404

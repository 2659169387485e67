"""Moving between states: only along what the record lists."""

import pytest
import sqlalchemy as sa

from app import records
from app.db import db
from app.records.log import StateHistory


def test_a_listed_transition_is_made_and_told(app, customer):
    row = customer("杭州启明精密有限公司")
    assert records.move(row, "公海", by="wangqiang", reason="超期")
    last = db.session.scalars(sa.select(StateHistory).order_by(StateHistory.id.desc())).first()
    assert (last.old, last.new, last.by, last.reason) == ("有效", "公海", "wangqiang", "超期")


def test_an_unlisted_transition_is_refused(app, customer):
    row = customer("杭州启明精密有限公司")
    with pytest.raises(records.IllegalTransition) as caught:
        records.move(row, "草稿", by="wangqiang")
    assert caught.value.code == "E_ILLEGAL_TRANSITION"
    assert row.state == "有效"


def test_setting_the_state_directly_is_checked_as_well(app, customer):
    row = customer("杭州启明精密有限公司")
    for wrong in ("草稿", "不存在"):
        with pytest.raises(records.IllegalTransition):
            row.state = wrong


def test_staying_is_no_move(app, customer):
    assert not records.move(customer("杭州启明精密有限公司"), "有效", by="wangqiang")


@pytest.mark.parametrize("entity", list(records.entities()))
def test_every_record_describes_itself_completely(entity):
    model = records.entity(entity)
    known = set(records.record.columns(model))
    told = {*model.record.columns, *model.record.filters, *model.record.search}
    told |= {*model.record.totals, *(name for _h, names in model.record.sections for name in names)}
    assert told <= known
    assert hasattr(model, model.record.title)
    for state, following in model.record.states.items():
        assert set(following) <= set(model.record.states), state
    for related in model.record.related:
        assert related.via in records.record.columns(records.entity(related.entity))

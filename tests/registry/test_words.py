"""A word of a choice is said as it is meant in its table."""

import pytest
from flask_babel import force_locale

from app.i18n import label
from app.records import entities
from app.registry import cell


@pytest.mark.parametrize(
    ("entity", "zh", "en"),
    [("survey_recipient", "已发", "Sent"), ("incentive", "已发放", "Paid out")],
)
def test_what_was_sent_is_sent_and_what_was_paid_is_paid(app, entity, zh, en):
    column = entities()[entity].__table__.c.state
    with app.test_request_context():
        with force_locale("zh"):
            assert cell.shown(column, "已发") == zh
        with force_locale("en"):
            assert cell.shown(column, "已发") == en


def test_a_delivered_quantity_is_shipped(app):
    column = entities()["order_line"].__table__.c.q_shipped
    with app.test_request_context(), force_locale("en"):
        assert label(column.info["label"]) == "Shipped"

"""Creating: number, state, required fields, words and lengths."""

import datetime as dt

import pytest
import sqlalchemy as sa

from app import records, workspace
from app.db import db
from app.errors import Invalid, NotFound
from app.records.log import StateHistory

GIVEN = {"name": "杭州启明精密有限公司", "customer_type": "企业", "source": "自行开发"}


def test_a_new_customer_has_number_state_and_keys(app):
    row = records.create("customer", GIVEN, by="zhangwei")
    assert row.number == "CU-202603-0001"
    assert (row.state, row.life_stage, row.row_version) == ("草稿", "潜在", 1)
    assert (row.name_key, row.pinyin) == ("杭州启明精密", "hzqmjm")
    assert (row.created_by, row.updated_by) == ("zhangwei", "zhangwei")


def test_creation_is_the_first_line_of_the_state_history(app):
    row = records.create("customer", GIVEN, by="zhangwei", reason="展会")
    line = db.session.scalars(sa.select(StateHistory)).one()
    assert (line.number, line.old, line.new, line.by) == (row.number, None, "草稿", "zhangwei")
    assert line.reason == "展会"


def test_a_name_of_300_characters_is_refused_with_the_reason(app):
    with pytest.raises(Invalid) as caught:
        records.create("customer", {**GIVEN, "name": "长" * 300}, by="zhangwei")
    assert caught.value.fields["name"] == "客户名称最多 100 个字，现在有 300 个。请缩短。"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StateHistory)) == 0


def test_a_long_name_does_not_slip_in_past_create_either(app):
    row = records.create("customer", GIVEN, by="zhangwei")
    row.name = "长" * 300
    with pytest.raises(Invalid):
        db.session.flush()


def test_every_missing_field_is_named_at_once(app):
    with pytest.raises(Invalid) as caught:
        records.create("customer", {"name": "  "}, by="zhangwei")
    assert set(caught.value.fields) == {"name", "customer_type", "source"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_type", "集团"),
        ("employees", "很多"),
        ("employees", -1),
        ("employees", 3.5),
        ("registered_capital", "abc"),
        ("registered_capital", "1e40"),
        ("registered_capital", "-1"),
        ("registered_capital", "NaN"),
        ("parent_customer_id", "CU-209901-0001"),
        ("pool_at", "gestern"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_field(app, field, value):
    with pytest.raises(Invalid) as caught:
        records.create("customer", {**GIVEN, field: value}, by="zhangwei")
    assert list(caught.value.fields) == [field]


def test_an_unknown_field_is_refused(app):
    with pytest.raises(records.RecordError) as caught:
        records.create("customer", {**GIVEN, "is_admin": True}, by="zhangwei")
    assert caught.value.code == "E_UNKNOWN_FIELD"


def test_an_emoji_and_a_script_tag_are_only_text(app):
    row = records.create("customer", {**GIVEN, "name": "🏭<script>alert(1)</script>"}, by="lina")
    assert row.name == "🏭<script>alert(1)</script>"


def test_money_keeps_its_cents(app):
    row = records.create("customer", {**GIVEN, "registered_capital": "20,000,000.05"}, by="lina")
    db.session.commit()
    assert str(row.registered_capital) == "20000000.05"


def test_two_live_customers_of_one_name_and_region_cannot_be(app, customer):
    customer("杭州启明精密有限公司")
    with pytest.raises(sa.exc.IntegrityError):
        customer("杭州启明精密（股份有限公司）")


def test_a_merged_customer_does_not_block_its_name(app, customer):
    records.move(customer("杭州启明精密有限公司"), "已合并", by="sunli")
    assert customer("杭州启明精密有限公司").state == "有效"


def test_an_unknown_kind_is_not_found(app):
    with pytest.raises(NotFound):
        records.create("unicorn", {}, by="lina")


def test_another_workspace_sees_nothing_and_counts_for_itself(app):
    records.create("customer", GIVEN, by="zhangwei")
    db.session.execute(
        sa.insert(workspace.Workspace).values(
            id=2, name="练习", clock_offset_seconds=0, created_at=dt.datetime.now(dt.UTC)
        )
    )
    with workspace.use(2):
        assert records.find("customer", "CU-202603-0001") is None
        assert records.duplicate.candidates(GIVEN) == []
        assert records.search("customer", "启明") == []
        assert records.create("customer", GIVEN, by="lina").number.endswith("-0001")


def test_loading_the_demo_twice_changes_nothing(demo):
    count = sa.select(sa.func.count()).select_from(StateHistory)
    before = db.session.scalar(count)
    records.demo.load_records()
    assert db.session.scalar(count) == before
    assert records.need("customer", "CU-202503-0002").completeness is not None
    assert records.create("customer", GIVEN, by="lina").number == "CU-202603-0001"

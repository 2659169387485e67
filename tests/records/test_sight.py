"""Who sees what: owner, superiors, team, managers, roles; the outsider nothing."""

import pytest
import sqlalchemy as sa

from app import records, viewer
from app.accounts import people
from app.db import db
from app.records import sight


def who(login: str) -> sight.Viewer:
    return viewer.of(people.get(login))


def seen(login: str, entity: str = "customer") -> set[str]:
    model = records.entity(entity)
    return set(
        db.session.scalars(sa.select(model.number).where(records.visible(entity, who(login))))
    )


ZHANGWEI = {"CU-202501-0001", "CU-202503-0002"}
LINA = {"CU-202502-0007"}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("zhangwei", ZHANGWEI),
        ("lina", LINA),
        ("wangqiang", ZHANGWEI | LINA),
        ("zhaomin", ZHANGWEI | LINA),
        ("gaoyuan", ZHANGWEI | LINA),
        ("sunli", ZHANGWEI | LINA),
        ("suting", ZHANGWEI | LINA),
        ("machao", set()),
        ("zhoutao", set()),
        ("baijie", set()),
    ],
)
def test_customers_are_seen_by_owner_superiors_and_roles(demo, login, expected):
    assert seen(login) == expected


def test_the_outsider_sees_no_record_of_any_kind(demo):
    for entity in records.entities():
        query = sa.select(sa.func.count()).select_from(records.entity(entity))
        assert db.session.scalar(query.where(records.visible(entity, who("baijie")))) == 0, entity


def test_a_shared_customer_is_seen_by_the_team_member_with_contacts(demo):
    row = records.need("customer", "CU-202501-0001")
    records.create("customer_team", {"customer_id": row.id, "user_id": "machao"}, by="wangqiang")
    assert seen("machao") == {"CU-202501-0001"}
    assert len(seen("machao", "contact")) == 2


def test_a_customer_of_the_pool_is_seen_by_its_department_without_contacts(demo):
    row = records.need("customer", "CU-202501-0001")
    records.change(row, {"owner_id": None}, by="wangqiang")
    records.move(row, "公海", by="wangqiang")
    assert row.number in seen("lina")
    assert not sight.may_see_contacts(row, who("lina"))
    assert sight.may_see_contacts(row, who("wangqiang"))
    assert len(seen("lina", "contact")) == 1  # of her own customer only


@pytest.mark.parametrize(
    ("login", "allowed"),
    [("zhangwei", True), ("wangqiang", True), ("gaoyuan", True), ("lina", False), ("sunli", False),
     ("zhouning", False), ("baijie", False)],
)  # fmt: skip
def test_the_birthday_is_for_owner_and_superiors_only(demo, login, allowed):
    contact = db.session.scalar(sa.select(records.entity("contact")).filter_by(name="王海"))
    assert sight.may_see_private(contact, who(login)) is allowed


def test_without_consent_nobody_sees_the_birthday(demo):
    contact = db.session.scalar(sa.select(records.entity("contact")).filter_by(name="王海"))
    records.change(contact, {"consent": "未取得"}, by="zhangwei")
    assert not sight.may_see_private(contact, who("zhangwei"))


def test_a_competitor_is_read_by_the_departments_let_in(app):
    row = records.create(
        "competitor", {"name": "某竞品有限公司", "competitor_type": "直接", "reliability": "高"},
        by="hanxue",
    )  # fmt: skip
    records.move(row, "已发布", by="hanxue")
    assert seen("zhangwei", "competitor") == set()
    access = {"competitor_id": row.id, "department_id": "east"}
    records.create("competitor_access", access, by="hanxue")
    assert seen("zhangwei", "competitor") == {row.number}
    assert seen("machao", "competitor") == set()

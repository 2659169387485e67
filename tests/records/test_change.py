"""Changing: the log, the version, what is written once, what is private, what is append-only."""

import datetime as dt

import pytest
import sqlalchemy as sa

from app import records
from app.db import db
from app.records.log import ChangeLog

ORIGIN = records.Origin("p_051_01_01", "save_customer", "17")


def lines() -> list[tuple[str, str | None, str | None]]:
    found = db.session.scalars(sa.select(ChangeLog).order_by(ChangeLog.id))
    return [(line.field, line.old, line.new) for line in found]


def test_each_difference_is_one_line(app, customer):
    row = customer("杭州启明精密有限公司")
    found = records.change(
        row, {"phone": "0571-88", "industry": "数控机床", "region": "华东"}, by="lina",
        origin=ORIGIN, reason="更正",
    )  # fmt: skip
    assert found == {"phone": (None, "0571-88"), "industry": (None, "数控机床")}
    assert sorted(lines()) == [("industry", None, "数控机床"), ("phone", None, "0571-88")]
    line = db.session.scalars(sa.select(ChangeLog)).first()
    assert (line.flow, line.element, line.instance_id, line.reason) == (
        "p_051_01_01", "save_customer", "17", "更正",
    )  # fmt: skip
    assert (row.updated_by, row.instance_id) == ("lina", "17")


def test_nothing_different_writes_nothing(app, customer):
    row = customer("杭州启明精密有限公司")
    version = row.row_version
    assert records.change(row, {"region": "华东"}, by="lina") == {}
    assert (row.row_version, lines()) == (version, [])


def test_who_looked_at_an_older_version_is_told(app, customer):
    row = customer("杭州启明精密有限公司")
    seen = row.row_version
    records.change(row, {"phone": "1234567"}, by="lina", version=seen)
    with pytest.raises(records.VersionConflict) as caught:
        records.change(row, {"phone": "7654321"}, by="zhangwei", version=seen)
    assert caught.value.code == "E_VERSION_CONFLICT"
    assert row.phone == "1234567"


def test_a_row_that_was_overtaken_in_the_database_is_a_conflict(app, customer):
    row = customer("杭州启明精密有限公司")
    db.session.execute(
        sa.text("UPDATE customer SET row_version = 99 WHERE id = :id"), {"id": row.id}
    )
    with pytest.raises(records.VersionConflict):
        records.change(row, {"phone": "1234567"}, by="lina")


def test_the_finder_is_written_once(app, customer):
    row = customer("杭州启明精密有限公司", discoverer_id="zhangwei")
    with pytest.raises(records.RecordError) as caught:
        records.change(row, {"discoverer_id": "lina"}, by="lina")
    assert caught.value.code == "E_WRITE_ONCE"


def test_personal_data_is_never_in_the_log(demo):
    contact = db.session.scalar(sa.select(records.entity("contact")).filter_by(name="王海"))
    records.change(contact, {"birthday": "1979-03-12", "hobby": "帆船"}, by="zhangwei")
    assert sorted(lines()) == [("birthday", None, None), ("hobby", None, None)]
    assert contact.birthday == dt.date(1979, 3, 12)


def test_a_rename_moves_the_search_index_too(app, customer):
    row = customer("杭州启明精密有限公司")
    records.change(row, {"name": "杭州曙光仪器有限公司"}, by="lina")
    assert records.search("customer", "启明") == []
    assert records.search("customer", "曙光") == [row]
    assert records.search("customer", "sgyq") == [row]


def test_logs_and_ledger_entries_cannot_be_changed(demo):
    row = records.need("customer", "CU-202501-0001")
    entry = records.create(
        "ar_entry",
        {"customer_id": row.id, "type": "opening", "ledger": "应收", "amount": "100.10",
         "doc_type": "opening", "doc_no": row.number, "value_date": "2026-03-01"},
        by="chenjing",
    )  # fmt: skip
    with pytest.raises(records.Frozen):
        records.change(entry, {"amount": 1}, by="chenjing")
    entry.amount = 1
    with pytest.raises(records.Frozen):
        db.session.flush()
    db.session.rollback()
    line = db.session.scalars(sa.select(records.log.StateHistory)).first()
    line.reason = "nachträglich"
    with pytest.raises(records.Frozen):
        db.session.flush()
    db.session.rollback()
    db.session.delete(db.session.scalars(sa.select(records.log.StateHistory)).first())
    with pytest.raises(records.Frozen):
        db.session.flush()

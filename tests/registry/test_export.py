"""CSV: what the list shows, for spreadsheets, without formulas."""

import csv
import io

import pytest

from app import records
from app.db import db
from app.records import spreadsheet


def rows(response) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = response.get_data().decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_export_is_the_filtered_list(demo, as_user):
    found = rows(as_user("wangqiang").get("/records/customer/export.csv?grade=C"))
    assert [row["编号"] for row in found] == ["CU-202502-0007"]
    assert found[0]["负责人"] == "李娜"


def test_the_export_holds_only_what_the_person_may_see(demo, as_user):
    found = rows(as_user("lina").get("/records/customer/export.csv"))
    assert [row["编号"] for row in found] == ["CU-202502-0007"]


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "＝1+1"])
def test_a_formula_is_only_text(demo, as_user, name):
    records.change(records.need("customer", "CU-202501-0001"), {"name": name}, by="zhangwei")
    db.session.commit()
    found = rows(as_user("zhangwei").get("/records/customer/export.csv"))
    written = next(row["客户名称"] for row in found if row["编号"] == "CU-202501-0001")
    assert written.startswith("'")


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "  =1", "\n=1"])
def test_a_formula_behind_blanks_is_noticed(text):
    assert spreadsheet.safe(text).startswith("'")


def test_numbers_stay_numbers_and_quotes_are_doubled():
    assert spreadsheet.line(["1", 'a"b', "c,d", "e\nf"]) == '1,"a""b","c,d","e\nf"\r\n'


def test_contact_details_of_the_pool_are_left_out(demo, as_user):
    row = records.need("customer", "CU-202501-0001")
    records.change(row, {"owner_id": None}, by="wangqiang")
    records.move(row, "公海", by="wangqiang")
    db.session.commit()
    lina = as_user("lina")
    found = rows(lina.get("/records/customer/export.csv?state=公海"))
    assert [(r["编号"], r["电话"]) for r in found] == [("CU-202501-0001", "")]
    for url in ("/records/customer", f"/records/customer/{row.number}"):
        assert "59160001" not in lina.get(url).get_data(as_text=True), url
    assert "59160001" in as_user("wangqiang").get("/records/customer").get_data(as_text=True)

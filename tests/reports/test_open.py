"""The pages of reports: who may open which, filters in the address, links, chart, export."""

import re

import pytest

from app.records import record
from app.reports import asking
from app.reports.catalogue import FLOWS, REPORTS, of_flow

pytestmark = pytest.mark.usefixtures("trade")


def test_the_index_shows_what_a_role_may_open(as_user):
    assert "销售漏斗" in as_user("lina").get("/reports").text
    cashier = as_user("xufeng").get("/reports").text
    assert "账龄分析" in cashier and "销售漏斗" not in cashier


def test_an_outsider_sees_no_report(as_user):
    outsider = as_user("baijie")
    assert "这里没有您可以看的报表" in outsider.get("/reports").text
    for id in REPORTS:
        assert outsider.get(f"/reports/{id}").status_code == 404
        assert outsider.get(f"/reports/{id}/export.csv").status_code == 404


def test_nobody_opens_a_report_without_logging_in(client):
    assert client.get("/reports/051-03/R02-1").status_code == 302


def test_the_service_desk_reads_no_money(as_user):
    assert as_user("machao").get("/reports/051-01/R03-2").status_code == 404


@pytest.mark.parametrize("flow", FLOWS)
def test_every_report_opens_in_both_languages(flow, as_user):
    browser = as_user("zhouning")
    for locale in ("zh", "en"):
        with browser.session_transaction() as session:
            session["locale"] = locale
        for report in of_flow(flow):
            page = browser.get(f"/reports/{report.id}?period=all")
            assert page.status_code == 200, report.id
            sheet = browser.get(f"/reports/{report.id}/export.csv?period=all")
            assert sheet.status_code == 200, report.id


@pytest.mark.parametrize("flow", FLOWS)
def test_every_row_leads_to_a_page_that_exists(flow, as_user):
    browser = as_user("zhaomin")
    for report in of_flow(flow):
        for name, offers in {**report.choices, "period": {"all": ""}}.items():
            for value in offers:
                text = browser.get(f"/reports/{report.id}?period=all&{name}={value}").text
                for url in sorted(set(re.findall(r'href="(/records/[^"]+)"', text)))[:3]:
                    found = browser.get(url.replace("&amp;", "&"))
                    assert found.status_code == 200, (report.id, url)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_link_takes_what_the_query_gives_and_asks_a_list_for_what_it_has(flow, person):
    """Also where the sample has no row."""
    for report in of_flow(flow):
        for name, offers in {**report.choices, "period": {"all": ""}}.items():
            for value in offers if report.link and not report.unfold else ():
                question = asking.of(report, {"period": "all", name: value}, person("zhouning"))
                row = dict.fromkeys(report.query(question).selected_columns.keys(), "202603")
                kind, filters = report.link(row, question) or ("customer", {})
                known = {"key", *record.columns(record.entity(kind))}
                assert {one.partition(".")[0] for one in filters} <= known, report.id


def test_the_list_behind_a_row_has_what_the_row_counts(as_user):
    browser = as_user("zhaomin")
    text = browser.get("/reports/051-03/R02-1").text
    url = re.search(r'href="(/records/opportunity[^"]*)"><b>初步接触', text).group(1)
    assert "符合条件的有 2 条" in browser.get(url.replace("&amp;", "&")).text


def test_the_chart_says_in_words_what_it_shows(as_user):
    text = as_user("zhaomin").get("/reports/051-03/R02-1").text
    assert 'aria-label="销售漏斗：初步接触 15 万' in text
    assert "style=" not in text.split("<main")[1]


def test_filters_stay_in_the_address_of_the_export(as_user):
    text = as_user("zhaomin").get("/reports/051-03/R04-1c?period=2025-12&person=zhangwei").text
    assert "export.csv?period=2025-12&amp;person=zhangwei" in text


def test_the_export_is_numbers_and_harmless_text(as_user):
    from app.db import db
    from app.records import write

    row = write.need("customer", "CU-202502-0007")
    write.change(row, {"name": "=cmd|' /C calc'!A0"}, by="lina")
    db.session.commit()
    text = as_user("chenjing").get("/reports/051-01/R03-1/export.csv").text
    assert text.startswith("\ufeff客户,负责人,应收")
    assert "'=cmd|" in text and "\n=cmd" not in text
    assert "上海恒远机械有限公司,张伟,73400.00,0.00,0.00,500000.00" in text


@pytest.mark.parametrize("period", ["2026-13", "2026-Q5", "x", "-", "99999"])
def test_a_period_that_is_none_is_this_year(as_user, period):
    page = as_user("zhaomin").get(f"/reports/051-03/R04-1c?period={period}&by=nothing")
    assert '<option value="2026" selected>' in page.text


def test_nothing_to_show_says_what_to_do(as_user):
    text = as_user("zhaomin").get("/reports/051-03/R04-1c?period=2024").text
    assert "这个条件下没有数据" in text and "<table" not in text


def test_more_than_fit_are_summed_and_exported_all_the_same(as_user, monkeypatch):
    from app.reports import answer

    monkeypatch.setattr(answer, "SHOWN", 1)
    text = as_user("linyue").get("/reports/051-03/R04-1?period=all").text
    assert "显示前 1 行，共 3 行" in text and "148,000.00" in text
    rows = as_user("linyue").get("/reports/051-03/R04-1/export.csv?period=all").text
    assert rows.count("SO-") == 3


def test_a_report_is_found_by_its_name(as_user):
    assert "/reports/051-03/R02-1" in as_user("lina").get("/commands?q=漏斗").text
    assert "/reports/" not in as_user("xufeng").get("/commands?q=漏斗").text


def test_a_search_finds_reports_by_name_flow_or_number(as_user):
    browser = as_user("zhaomin")
    found = browser.get("/reports?q=报价 折扣").text
    assert "折扣分布" in found and "销售漏斗" not in found
    assert "在途与未签收" in browser.get("/reports?q=r05-3").text
    assert "没有找到这样的报表" in browser.get("/reports?q=没有这种东西").text


def test_the_reports_used_last_stand_on_top(as_user):
    browser = as_user("zhaomin")
    assert "最近用过" not in browser.get("/reports").text
    for id in ("051-03/R02-1", "051-03/R03-3", "051-03/R02-1"):
        browser.get(f"/reports/{id}")
    text = browser.get("/reports").text
    shown = text.split("最近用过")[-1].split("</nav>")[0]
    assert shown.index("销售漏斗") < shown.index("折扣分布")
    assert shown.count("销售漏斗") == 1


def test_what_was_used_by_another_role_is_not_offered(as_user):
    browser = as_user("xufeng")
    with browser.session_transaction() as session:
        session["reports_used"] = ["051-03/R02-1", "051-03/R08-3", "gone"]
    shown = browser.get("/reports").text.split("最近用过")[-1].split("</nav>")[0]
    assert "未认领收款" in shown and "销售漏斗" not in shown


def test_a_period_is_compared_with_the_one_before_and_with_a_year_ago(as_user):
    browser = as_user("zhaomin")
    # February 2026: 124,000 of two orders; January: nothing; the year before: nothing
    text = browser.get("/reports/051-03/R04-1c?period=2026&versus=before").text
    assert "原来 24,000.00" in text and "+416.7%" in text
    text = browser.get("/reports/051-03/R04-1c?period=2026-02&versus=before").text
    assert "原来没有数据" in text
    assert "原来" not in browser.get("/reports/051-03/R04-1c?period=all&versus=before").text
    assert "原来" not in browser.get("/reports/051-03/R04-1c?period=2026&versus=x").text


def test_the_period_that_was_asked_for_is_the_one_that_is_shown(as_user):
    text = as_user("zhaomin").get("/reports/051-03/R04-1c?period=2025-Q4").text
    assert '<option value="2025-Q4" selected>' in text


def test_reports_of_one_flow_stand_side_by_side(as_user):
    text = as_user("zhaomin").get("/reports/051-03/R03-3").text
    tabs = text.split('<nav class="tabs')[1].split("</nav>")[0]
    assert 'aria-current="page">折扣分布' in tabs and "低于底价报价" in tabs
    money = as_user("xufeng").get("/reports/051-03/R08-3").text
    assert "收款核销明细" in money.split('<nav class="tabs')[1].split("</nav>")[0]


def test_words_in_the_search_box_go_along_into_the_export(as_user):
    browser = as_user("zhaomin")
    text = browser.get("/reports/051-03/R04-1b?period=all&q=明达").text
    assert "苏州明达" in text and "上海恒远" not in text
    sheet = browser.get("/reports/051-03/R04-1b/export.csv?period=all&q=明达").text
    assert sheet.count("SO-") == 1 and "q=%E6%98%8E%E8%BE%BE" in text


def test_a_wild_card_in_the_search_box_is_only_a_letter(as_user):
    text = as_user("zhaomin").get("/reports/051-03/R04-1b?period=all&q=%25").text
    assert "这个条件下没有数据" in text

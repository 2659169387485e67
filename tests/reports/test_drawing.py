"""Charts: what does not fit is summed or named, and shares keep one scale."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from app.reports import asking, drawing, drawing_span
from app.reports.report import Ask, Period


@pytest.fixture(autouse=True)
def request_context(app):
    with app.test_request_context():
        yield


def bars(count, value=10):
    return [drawing.Bar(f"第 {n}", Decimal(value)) for n in range(count)]


def test_what_does_not_fit_is_one_bar_more():
    text = drawing.draw("图", bars(20), "bars")
    assert "其他 8 项" in text and "80" in text


def test_where_a_sum_means_nothing_the_rest_is_only_named():
    text = drawing.draw("图", bars(30), "bars", summed=False)
    assert "其他" not in text and "还有 6 项，见下表。" in text


def test_shares_are_drawn_on_the_scale_of_a_hundred():
    share = drawing.Bar("一", Decimal(50), more="%")
    text = drawing.draw("图", [share], "bars", least=Decimal(100))
    room = drawing.WIDE - 168 - 220
    assert f'width="{room / 2:.1f}"' in text and "50%" in text


def test_nothing_is_drawn_of_nothing():
    assert drawing.draw("图", bars(3, 0), "bars") == ""
    assert drawing_span.draw("历", []) == ""


def test_a_name_cannot_break_out_of_the_picture():
    text = drawing.draw("图", [drawing.Bar('"><script>', Decimal(1))], "bars")
    assert "<script>" not in text


def test_a_span_lies_between_its_days_and_months_are_named():
    first, last = dt.date(2026, 2, 10), dt.date(2026, 3, 2)
    text = drawing_span.draw("历", [drawing_span.Span("展会", first, last, "/x")])
    assert "展会 2026-02-10 到 2026-03-02" in text
    assert ">2026-02<" in text and 'href="/x"' in text
    desk = text.split("</svg>")[0]
    x = float(re.search(r'<rect class="b1" x="([\d.]+)"', desk).group(1))
    day = (drawing_span.WIDE - 168 - 8) / 30  # from 1 February to 2 March
    assert x == pytest.approx(168 + 9 * day, abs=0.1)


def test_of_many_spans_the_first_are_drawn():
    day = dt.date(2026, 1, 1)
    text = drawing_span.draw("历", [drawing_span.Span(f"第 {n}", day, day) for n in range(40)])
    assert text.count("<title>") == 2 * drawing_span.MOST


@pytest.mark.parametrize(
    ("text", "how", "first", "last"),
    [("2026", "before", "2025-01-01", "2025-12-31"), ("2026", "year", "2025-01-01", "2025-12-31"),
     ("2026-Q1", "before", "2025-10-01", "2025-12-31"),
     ("2026-Q1", "year", "2025-01-01", "2025-03-31"),
     ("2026-03", "before", "2026-02-01", "2026-02-28"),
     ("2024-03", "year", "2023-03-01", "2023-03-31"),
     ("2025-02", "year", "2024-02-01", "2024-02-29")],
)  # fmt: skip
def test_the_period_before_has_whole_months(text, how, first, last):
    today = dt.date(2026, 3, 10)
    ask = Ask(viewer=None, today=today, period=asking.parse(text, today))
    then = asking.earlier(ask, how)
    assert (str(then.period.first), str(then.period.last)) == (first, last)


def test_all_time_has_nothing_before_it():
    ask = Ask(viewer=None, today=dt.date(2026, 3, 10), period=Period("all"))
    assert asking.earlier(ask, "before") is None


def test_the_second_figure_is_left_out_on_a_phone():
    bar = drawing.Bar("一", Decimal(5), more="（金额 7）")
    desk, phone = str(drawing.draw("图", [bar], "bars")).split("</svg>")[:2]
    assert desk.count("金额") == 2 and phone.count("金额") == 1  # in words it is said on both

"""Reports of 051-02-05: who answered, how satisfied they are, and what they said."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.campaign import Campaign
from app.records.campaign_effect import CampaignEffect
from app.records.survey import Questionnaire, Survey, SurveyRecipient, SurveyResponse
from app.reports import columns as c
from app.reports import spans
from app.reports.report import (
    MARKET,
    TRADE,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    count_if,
    share,
    to,
    within,
)

READERS = TRADE | MARKET | {"survey_officer", "service_manager"}
ASKED_BY = {"channel": _l("渠道"), "survey": _l("调查"), "month": _l("月份")}
FELT_BY = {"survey": _l("调查"), "grade": _l("等级"), "region": _l("区域"), "month": _l("月份"),
           "purpose": _l("目的")}  # fmt: skip
BEST = 5  # of the scale of scores
TOLD = "文字回答"  # instead of what was written: that stays in the survey


def returned(ask: Ask) -> sa.Select[Any]:
    """How many of those asked answered, and how many answers count (R05-1)."""
    row, head, said = SurveyRecipient, Survey, SurveyResponse
    keys = {"channel": [row.channel.label("key")],
            "survey": [head.title_text.label("key"), head.number.label("number")],
            "month": [spans.month(row.asked_at).label("key")]}[ask.chosen["by"]]  # fmt: skip
    valid = said.valid & ~said.late
    return (
        sa.select(
            *keys, sa.func.count(row.id.distinct()).label("asked"),
            sa.func.count(said.recipient_id.distinct()).label("answered"),
            sa.func.count(sa.case((valid, said.recipient_id)).distinct()).label("valid"),
            sa.func.count(sa.case((row.state == "退信", row.id)).distinct()).label("bounced"),
            sa.func.count(sa.case((row.state == "拒访", row.id)).distinct()).label("refused"),
            sa.func.sum(row.reminders).label("reminders"),
        )
        .select_from(row)
        .join(head, row.survey_id == head.id)
        .outerjoin(said, said.recipient_id == row.id)
        .where(*within(ask, head), row.asked_at.is_not(None), *ask.period.moments(row.asked_at))
        .group_by(*keys)
        .order_by(sa.desc("asked"), keys[0])
    )  # fmt: skip


def rate_returned(row: Row) -> None:
    """Answered of those asked; counting of those answered."""
    row["rate"] = share(row["answered"], row["asked"])
    row["good"] = share(row["valid"], row["answered"])


def of_survey(row: Row, ask: Ask) -> Link | None:
    """The survey's page, where the row is one survey."""
    return ("survey", {"key": row["number"]}) if row.get("number") else None


def felt(ask: Ask) -> sa.Select[Any]:
    """What the answers that count gave: mean score of five, low and high ones (R05-2)."""
    row, head = SurveyResponse, Survey
    keys = {"survey": [head.title_text.label("key"), head.number.label("number")],
            "grade": [row.grade.label("key")], "region": [row.region.label("key")],
            "month": [spans.month(row.answered_at).label("key")],
            "purpose": [head.purpose.label("key")]}[ask.chosen["by"]]  # fmt: skip
    return (
        sa.select(
            *keys, sa.func.count().label("count"),
            sa.type_coerce(sa.func.sum(row.score), row.score.type).label("points"),
            sa.func.count(row.score).label("scored"), count_if(row.score <= 2).label("low"),
            count_if(row.score >= 4).label("high"),
            count_if(row.follow.is_not(None)).label("followed"),
        )
        .select_from(row)
        .join(head, row.survey_id == head.id)
        .where(*within(ask, head), row.valid, ~row.late, *ask.period.moments(row.answered_at))
        .group_by(*keys)
        .order_by(sa.desc("count"), keys[0])
    )  # fmt: skip


def rate_felt(row: Row) -> None:
    """Mean score, and how many gave four or five."""
    row["mean"] = share(row["points"], row["scored"])
    row["rate"] = share(row["high"], row["scored"])


def answers(ask: Ask) -> sa.Select[Any]:
    """The answers that count with the questions they answer; `count_options` adds them up."""
    row, head, sheet = SurveyResponse, Survey, Questionnaire
    return (
        sa.select(
            head.title_text.label("survey"), head.number.label("number"),
            sheet.questions.label("questions"), row.answers.label("answers"),
        )
        .select_from(row)
        .join(head, row.survey_id == head.id)
        .join(sheet, head.questionnaire_id == sheet.id)
        .where(*within(ask, head), row.valid, ~row.late, *ask.period.moments(row.answered_at),
               *ask.found(head.title_text, head.number))
        .order_by(head.id.desc(), row.id)
    )  # fmt: skip


def count_options(rows: list[Row]) -> list[Row]:
    """One row for each option of each question; open questions only count who answered (R05-3)."""
    told: dict[tuple[str, int], Counter[str]] = {}
    people: Counter[tuple[str, int]] = Counter()
    facts: dict[tuple[str, int], Row] = {}
    for row in rows:
        for seq, question in enumerate(row["questions"] or [], 1):
            given = (row["answers"] or {}).get(str(seq))
            if given in (None, "", [], {}):
                continue
            at = (row["number"], seq)
            facts[at] = {"survey": row["survey"], "number": row["number"], "seq": seq,
                         "question": question.get("text") or ""}  # fmt: skip
            people[at] += 1
            told.setdefault(at, Counter()).update(_options(question, given))
    return [
        facts[at] | {"option": option, "count": count, "people": people[at]}
        for at, options in told.items() for option, count in _in_order(options)
    ]  # fmt: skip


def _options(question: Mapping[str, Any], given: Any) -> list[str]:
    if question.get("qtype") in ("填空", "日期", "数字"):
        return [TOLD]
    if isinstance(given, Mapping):
        return [f"{key}：{value}" for key, value in given.items()]
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def _in_order(options: Counter[str]) -> list[tuple[str, int]]:
    """Marks from low to high, words by how often they were chosen."""
    if all(option.replace(".", "", 1).isdigit() for option in options):
        return sorted(options.items(), key=lambda pair: float(pair[0]))
    return options.most_common()


def rate_options(row: Row) -> None:
    """Of those who answered the question."""
    row["rate"] = share(row["count"], row["people"]) if "people" in row else None


def contrast(ask: Ask) -> sa.Select[Any]:
    """Campaigns that were surveyed: how satisfied the guests are beside what it brought (R05-4)."""
    row, head, run = Campaign, Survey, CampaignEffect
    newest = (
        sa.select(run.campaign_id, sa.func.max(run.run_date).label("run_date"))
        .where(run.workspace_id == workspace.current())
        .group_by(run.campaign_id)
        .subquery()
    )
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), head.title_text.label("survey"),
            head.counted.label("answers"), row.expected_satisfaction.label("hoped"),
            head.score.label("score"), run.leads.label("leads"),
            run.order_amount.label("amount"), row.expected_amount.label("expected"),
            row.spent.label("spent"),
        )
        .select_from(row)
        .join(head, head.campaign_id == row.id)
        .outerjoin(newest, newest.c.campaign_id == row.id)
        .outerjoin(run, (run.campaign_id == row.id) & (run.run_date == newest.c.run_date))
        .where(*within(ask, row), head.score.is_not(None), *ask.period.days(row.start_on))
        .order_by(row.start_on.desc(), row.id.desc(), head.id)
    )  # fmt: skip


def rate_contrast(row: Row) -> None:
    """Score as a share of the best, orders against the expected."""
    row["felt"] = share(row.get("score"), BEST)
    row["rate"] = share(row.get("amount"), row.get("expected"))


REPORTS = (
    Report("051-02/R05-1", _l("回收率与有效率"), _l("问了多少人，多少人答了，多少答卷算数。"),
           (c.KEY, c.count("asked", _l("发出数")), c.count("answered", _l("收回数")),
            c.count("valid", _l("有效数")), c.count("bounced", _l("退信")),
            c.count("refused", _l("拒访")), c.count("reminders", _l("提醒")),
            c.rate("rate", _l("回收率")), c.rate("good", _l("有效率"))),
           returned, READERS, Chart("plan", "key", ("asked", "answered")), rate_returned,
           of_survey, {"by": ASKED_BY}),
    Report("051-02/R05-2", _l("满意度分析"), _l("客户打了多少分，谁不满意。满分五分。"),
           (c.KEY, c.count("count", _l("答卷数")), c.days("mean", _l("平均得分")),
            c.count("low", _l("两分以下")), c.count("high", _l("四分以上")),
            c.rate("rate", _l("满意率")), c.count("followed", _l("已跟进"))),
           felt, READERS, Chart("bars", "key", ("mean",)), rate_felt, of_survey,
           {"by": FELT_BY}, parts=("points", "scored")),
    Report("051-02/R05-3", _l("问卷题目分布"), _l("每道题的每个选项有多少人选。"),
           (c.text("question", _l("题目")), c.text("survey", _l("调查")),
            c.word("option", _l("选项")), c.count("count", _l("人次"), total=False),
            c.count("people", _l("答题人数"), total=False), c.rate("rate", _l("占比"))),
           answers, READERS, derive=rate_options, link=of_survey, unfold=count_options,
           finds=_l("调查")),
    Report("051-02/R05-4", _l("活动效果与调查对照"), _l("来宾满意的活动，是不是也带来了订单。"),
           (c.text("name", _l("活动")), c.text("survey", _l("调查")),
            c.count("answers", _l("答卷数")), c.rate("hoped", _l("期望满意度")),
            c.rate("felt", _l("满意度")), c.count("leads", _l("线索数")),
            c.money("expected", _l("期望订单额")), c.money("amount", _l("订单额")),
            c.rate("rate", _l("完成"))),
           contrast, READERS, Chart("bars", "name", ("felt",)), rate_contrast, to("campaign", key="number")),
)  # fmt: skip

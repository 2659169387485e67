"""调查结果：统计答卷、发布报告（051-02-05、051-04-04）。"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.records import write
from app.records.survey import Survey, SurveyRecipient, SurveyResponse
from handlers import questions, steps
from handlers import survey as surveys

NONE = Decimal(0)


@handler(topic="survey.compute_statistics", outputs=("statistics", "counted", "score_text"))
def compute_statistics(step: Step, *, survey_no: str) -> dict[str, Any]:
    """统计答卷：每题、每个等级和区域，平均分和回收率；无效、迟到的不算。

    Can be run again: the figures are those of now.
    """
    survey = write.need("survey", survey_no)
    rows = _counted(survey)
    sheet = surveys.questionnaire(survey).questions or []
    sent = _sent(survey)
    average = _average([row.score for row in rows])
    figures = {
        "sent": sent, "counted": len(rows), "score": average,
        "rate": (Decimal(len(rows)) / sent).quantize(Decimal("0.0001")) if sent else NONE,
        "questions": [_of_question(number, one, rows) for number, one in enumerate(sheet, 1)],
        "by_grade": _segments(rows, "grade"), "by_region": _segments(rows, "region"),
    }  # fmt: skip
    how = steps.writing(step)
    write.change(survey, {"stats": figures, "counted": len(rows), "score": average}, **how)
    if survey.state != "已停止":
        write.move(survey, "统计中", **how)
    return {"statistics": figures, "counted": len(rows), "score_text": str(average or "—")}


def _counted(survey: Survey) -> list[SurveyResponse]:
    query = sa.select(SurveyResponse).where(
        SurveyResponse.survey_id == survey.id, SurveyResponse.valid, ~SurveyResponse.late
    )
    return list(db.session.scalars(query.order_by(SurveyResponse.id)))


def _sent(survey: Survey) -> int:
    query = sa.select(sa.func.count(SurveyRecipient.id)).where(
        SurveyRecipient.survey_id == survey.id, SurveyRecipient.asked_at.is_not(None)
    )
    return int(db.session.scalar(query) or 0)


def _average(scores: Sequence[Decimal | None]) -> Decimal | None:
    known = [score for score in scores if score is not None]
    return (sum(known, NONE) / len(known)).quantize(Decimal("0.01")) if known else None


def _of_question(
    number: int, question: Mapping[str, Any], rows: list[SurveyResponse]
) -> dict[str, Any]:
    given = [row.answers.get(str(number)) for row in rows]
    given = [one for one in given if one not in (None, "", [], {})]
    found = {"seq": number, "text": question.get("text"), "answered": len(given)}
    if question.get("qtype") in questions.RATED:
        mean = _average([Decimal(str(one)) for one in given])
        return found | {"result": str(mean) if mean is not None else "—"}
    if question.get("qtype") in questions.CHOICES:
        counts = Counter(one for answer in given for one in _listed(answer))
        return found | {"result": "；".join(f"{key} {n}" for key, n in counts.most_common())}
    return found | {"result": f"{len(given)}"}


def _listed(answer: Any) -> list[str]:
    return [str(one) for one in answer] if isinstance(answer, list) else [str(answer)]


def _segments(rows: list[SurveyResponse], name: str) -> list[dict[str, Any]]:
    groups: dict[str, list[Decimal | None]] = {}
    for row in rows:
        groups.setdefault(getattr(row, name) or "—", []).append(row.score)
    return [
        {"segment": key, "count": len(scores), "score": _average(scores)}
        for key, scores in sorted(groups.items())
    ]


@handler(topic="survey.publish_report", outputs=("result", "satisfaction"))
def publish_report(step: Step, *, survey_no: str, report: dict) -> dict[str, Any]:
    """发布调查报告：结论写进调查，活动的效果评估从这里取满意度。"""
    survey, how = write.need("survey", survey_no), steps.writing(step)
    given = {name: report.get(name) for name in ("summary", "findings", "lessons")}
    write.change(survey, given, **how)
    write.move(survey, "已完成", **how)
    share = satisfaction(survey.campaign_id) if survey.campaign_id else None
    return {"result": "调查完成", "satisfaction": share}


def satisfaction(campaign_id: int) -> Decimal | None:
    """What the campaign's guests thought of it, 0..1: the score of its newest survey (R05-4)."""
    query = (
        sa.select(Survey.score)
        .where(Survey.campaign_id == campaign_id, Survey.score.is_not(None))
        .order_by(Survey.id.desc())
        .limit(1)
    )
    score = db.session.scalar(query)
    return (score / 5).quantize(Decimal("0.0001")) if score is not None else None

"""调查：计划、问卷、审核、冻结、停止（051-02-05、051-04-04）。"""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.survey import OPEN, Questionnaire, Survey, SurveyRecipient
from handlers import profile, questions, steps

EVENING = dt.time(23, 59, 59)
PHONE = "电话"


@handler(
    outputs=("run_mode", "survey_plan", "survey_no", "released", "subject", "problems", "choices",
             "sheet", "past_lessons", "recipients", "counted", "valid", "extension", "report",
             "statistics", "starter", "comment", "quota", "min_answers", "deadline", "by_phone",
             "deadline_at", "purpose", "title"),
)  # fmt: skip
def prepare(
    step: Step, *, mode: str | None = None, campaign_no: str | None = None,
    survey_no: str | None = None, starter: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备调查：带上活动和以往的经验；活动事先备好的问卷直接发放。

    Every variable of the flow is set. `run_mode` prepare ends at 问卷就绪, run uses the prepared
    questionnaire of the campaign if there is one (051-02-05).
    """
    row = write.find("survey", survey_no) or _prepared(campaign_no if mode == "run" else None)
    empty = ("problems", "recipients", "extension", "comment", "quota", "min_answers", "deadline",
             "deadline_at", "purpose", "title", "statistics")  # fmt: skip
    found: dict[str, Any] = dict.fromkeys(empty) | {
        "run_mode": mode, "survey_no": row.number if row else None, "report": {},
        "released": row is not None and row.state == "已发布", "choices": profile.choices(),
        "subject": row.title_text if row else _("新调查"), "sheet": {"questions": []},
        "survey_plan": {"campaign_id": campaign_no,
                        "purpose": "活动效果" if campaign_no else None},
        "past_lessons": _lessons(), "counted": 0, "valid": 0, "by_phone": False,
        "starter": starter or step.started_by,
    }  # fmt: skip
    if row is not None:
        step.set_business_key(row.number)
        found |= facts(row)
    return found


def _prepared(campaign_no: str | None) -> Survey | None:
    campaign = write.find("campaign", campaign_no)
    if campaign is None:
        return None
    query = sa.select(Survey).where(Survey.campaign_id == campaign.id, Survey.state == "已发布")
    return db.session.scalar(query.order_by(Survey.id.desc()).limit(1))


def _lessons() -> list[dict[str, Any]]:
    query = sa.select(Survey).where(Survey.state == "已完成", Survey.lessons.is_not(None))
    rows = db.session.scalars(query.order_by(Survey.id.desc()).limit(5))
    return [{"title": row.title_text, "lessons": row.lessons} for row in rows]


def facts(row: Survey) -> dict[str, Any]:
    """What the flow asks about a survey."""
    return {
        "title": row.title_text, "purpose": row.purpose, "quota": row.target_quota,
        "min_answers": row.min_answers, "deadline_at": row.deadline,
        "by_phone": PHONE in (row.channels or []),
    }  # fmt: skip


@handler(
    topic="survey.open",
    outputs=("survey_no", "subject", "problems", "title", "purpose", "quota", "min_answers",
             "deadline_at", "by_phone", "sheet"),
)  # fmt: skip
def open_survey(step: Step, *, survey_plan: dict, starter: str | None = None) -> dict[str, Any]:
    """登记调查：编号，开始设计。"""
    given = dict(survey_plan)
    owner = starter or steps.actor(step)
    values = {name: given.get(name) for name in
              ("title_text", "purpose", "goal", "audience", "region", "grade", "target_quota",
               "min_answers", "channels", "anonymous", "gift")}  # fmt: skip
    values |= {
        "campaign_id": given.get("campaign_id"), "deadline": end_of(step, given.get("deadline")),
        "owner_id": owner, "department_id": steps.department_of(owner),
    }  # fmt: skip
    row: Survey = write.create("survey", values, **steps.writing(step))
    write.move(row, "设计中", **steps.writing(step))
    step.set_business_key(row.number)
    return facts(row) | {
        "survey_no": row.number, "subject": row.title_text, "problems": None,
        "sheet": {"intro": None, "questions": []},
    }  # fmt: skip


def end_of(step: Step, day: dt.date | None) -> dt.datetime | None:
    """The end of the day in the company's zone, as a moment."""
    if day is None:
        return None
    shift = step.now.astimezone(_zone()).utcoffset() or dt.timedelta()
    return dt.datetime.combine(day, EVENING, dt.timezone(shift)).astimezone(dt.UTC)


def _zone() -> dt.tzinfo:
    return ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])


@handler(outputs=("problems", "sheet"))
def validate(step: Step, *, survey_no: str, sheet: dict) -> dict[str, Any]:
    """校验问卷：题数、选项、跳题、权重都要对；送审的问卷存成一个版本。

    Raises E_SURVEY_INVALID with everything that is wrong (051-04 §5).
    """
    rows = [dict(row) for row in sheet.get("questions") or []]
    wrong = questions.problems(rows)
    if wrong:
        text = "\n".join(f"- {line}" for line in wrong) if len(wrong) > 1 else wrong[0]
        raise BpmnError("E_SURVEY_INVALID", text, problems=text)
    survey, how = write.need("survey", survey_no), steps.writing(step)
    version = _versions(survey_no) + 1
    made = write.create(
        "questionnaire",
        {"title_text": survey.title_text, "version": version, "intro": sheet.get("intro"),
         "questions": rows, "owner_id": survey.owner_id, "department_id": survey.department_id},
        number=f"{survey_no}-v{version}", **how,
    )  # fmt: skip
    write.move(made, "审批中", **how)
    write.change(survey, {"questionnaire_id": made.id}, **how)
    write.move(survey, "审批中", **how)
    return {"problems": None, "sheet": sheet | {"questions": rows}}


def _versions(survey_no: str) -> int:
    query = sa.select(sa.func.count(Questionnaire.id)).where(
        Questionnaire.number.startswith(f"{survey_no}-v", autoescape=True)
    )
    return int(db.session.scalar(query) or 0)


def questionnaire(row: Survey) -> Questionnaire:
    """The version that the survey uses."""
    found: Questionnaire = write.get("questionnaire", row.questionnaire_id or 0)
    return found


@handler()
def reopen_design(step: Step, *, survey_no: str) -> None:
    """退回设计：这一版问卷作废，改好后是新的一版。"""
    _step_back(step, survey_no, "设计中")


@handler(outputs=("result",))
def reject(step: Step, *, survey_no: str) -> dict[str, Any]:
    """登记驳回：调查不做了。"""
    _step_back(step, survey_no, "已驳回")
    return {"result": "调查驳回"}


def _step_back(step: Step, survey_no: str, state: str) -> None:
    survey, how = write.need("survey", survey_no), steps.writing(step)
    write.move(questionnaire(survey), "已驳回", **how)
    write.move(survey, state, **how)


@handler(outputs=("released", "result"))
def freeze_questionnaire(step: Step, *, survey_no: str) -> dict[str, Any]:
    """冻结问卷：题目不能再改，调查可以发放。"""
    survey, how = write.need("survey", survey_no), steps.writing(step)
    write.move(questionnaire(survey), "已冻结", **how)
    write.move(survey, "已发布", **how)
    return {"released": True, "result": "问卷就绪"}


@handler(outputs=("deadline_at", "extension"))
def extend(step: Step, *, survey_no: str, extension: dict) -> dict[str, Any]:
    """延期：定新的截止日，没答的人再问一次。"""
    survey = write.need("survey", survey_no)
    deadline = end_of(step, extension["new_deadline"])
    write.change(survey, {"deadline": deadline}, **steps.writing(step))
    return {"deadline_at": deadline, "extension": None}


@handler(outputs=("result",))
def stop(step: Step, *, survey_no: str) -> dict[str, Any]:
    """停止调查：链接失效，已有的答卷保留。"""
    survey = write.need("survey", survey_no)
    close(survey, "已关闭")
    write.move(survey, "已停止", **steps.writing(step))
    return {"result": "调查停止"}


def close(survey: Survey, state: str) -> None:
    """Whoever has not answered yet is in this state now."""
    db.session.execute(
        sa.update(SurveyRecipient)
        .where(SurveyRecipient.survey_id == survey.id, SurveyRecipient.state.in_(OPEN))
        .values(state=state)
    )

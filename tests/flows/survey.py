"""What the survey tests share: guests, questions, answers, and a survey that has been sent out."""

import datetime as dt
from typing import Any

from app import clock
from app.db import db
from app.records import write
from app.records.survey import SurveyRecipient, SurveyResponse
from tests.flows.stage import Stage

FLOW = "p_051_02_05"
HENGYUAN = "CU-202501-0001"


def question(**other: Any) -> dict[str, Any]:
    return {"text": "您对展会的总体评价？", "qtype": "评分1-10", "required": True, "weight": 100,
            **other}  # fmt: skip


SHEET = [question(), {"text": "还有什么建议？", "qtype": "填空", "required": False, "weight": 0}]


def people(count: int, customer: str = HENGYUAN) -> None:
    for number in range(count):
        given = {"customer_id": customer, "name": f"访客{number}", "owner_id": "zhangwei",
                 "mobile": f"137{number:08d}", "email": f"guest{number}@example.com"}  # fmt: skip
        write.create("contact", given, by="zhangwei", state="在职")
    db.session.commit()


def plan(**other: Any) -> dict[str, Any]:
    return {"title_text": "展销会满意度", "purpose": "客户满意度", "goal": "办得好不好",
            "audience": "客户联系人", "target_quota": 60, "min_answers": 3, "channels": ["邮件"],
            "deadline": clock.now().date() + dt.timedelta(days=20), **other}  # fmt: skip


def until_listed(stage: Stage, sheet: list[dict[str, Any]] | None = None, **other: Any) -> int:
    case = stage.start(FLOW, "wuhao")
    stage.do("plan", "wuhao", "submit", case=case, survey_plan=plan(**other))
    stage.do("design", "wuhao", case=case, sheet={"intro": "您好", "questions": sheet or SHEET})
    stage.do("review", "zhengjie", "approve", case=case)
    return case


def until_sent(stage: Stage, **other: Any) -> int:
    case = until_listed(stage, **other)
    stage.do("confirm_list", "wuhao", case=case)
    return case


def asked() -> list[SurveyRecipient]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(SurveyRecipient).order_by(SurveyRecipient.id)))


def responses() -> list[SurveyResponse]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(SurveyResponse).order_by(SurveyResponse.id)))


def reply(stage: Stage, row: SurveyRecipient, mark: int, text: str = "", seconds: int = 90) -> None:
    answers = {"1": str(mark)} | ({"2": text} if text else {})
    stage.message("msg_survey_reply", row.token, answers=answers, duration_s=seconds)

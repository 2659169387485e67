"""问卷发放与收集：邀请、提醒、答卷、拒访、未答（051-04-04R）。"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.survey import OPEN, Survey, SurveyRecipient, SurveyResponse
from handlers import questions, steps
from handlers import survey as surveys

TOO_FAST = 20  # seconds in which nobody reads a questionnaire (051-04 §5)
OVER = ("统计中", "已完成", "已停止")
OUTSIDE = {"邮件": "邮件", "短信": "短信"}


@handler(
    topic="survey.open_run",
    outputs=("title", "survey_type", "counted", "valid", "refused", "no_answer", "open_people",
             "sheet", "by_phone", "result", "follow_refs", "subject"),
)  # fmt: skip
def open_run(step: Step, *, survey_no: str) -> dict[str, Any]:
    """准备发放：调查进行中，数一数已有的有效答卷。"""
    survey = write.need("survey", survey_no)
    write.move(survey, "进行中", **steps.writing(step))
    sheet = surveys.questionnaire(survey)
    return totals(survey) | {
        "title": survey.title_text, "survey_type": survey.purpose, "open_people": [],
        "sheet": {"intro": sheet.intro, "questions": sheet.questions or []}, "follow_refs": [],
        "by_phone": surveys.PHONE in (survey.channels or []), "result": "收集结束",
        "subject": survey.title_text,
    }  # fmt: skip


def totals(survey: Survey) -> dict[str, int]:
    """How many answered in a way that counts, refused, and did not answer."""
    states = dict(
        tuple(row)
        for row in db.session.execute(
            sa.select(SurveyRecipient.state, sa.func.count())
            .where(SurveyRecipient.survey_id == survey.id)
            .group_by(SurveyRecipient.state)
        )
    )
    counted = sa.select(sa.func.count(SurveyResponse.id)).where(
        SurveyResponse.survey_id == survey.id, SurveyResponse.valid, ~SurveyResponse.late
    )
    number = int(db.session.scalar(counted) or 0)
    return {"counted": number, "valid": number, "refused": states.get("拒访", 0),
            "no_answer": states.get("未答", 0)}  # fmt: skip


def _recipient(given: Mapping[str, Any]) -> SurveyRecipient:
    row: SurveyRecipient = write.get("survey_recipient", int(given["id"]))
    return row


@handler(topic="survey.send_invitation")
def send_invitation(step: Step, *, recipient: dict, survey_no: str) -> None:
    """发送邀请：按名单上的渠道发出个人链接。"""
    row = _recipient(recipient)
    row.state, row.asked_at = "已发", step.now
    _write_to(step, row, "survey_invite", f"survey:{row.id}:{row.asked_at:%Y%m%d}")


@handler(topic="survey.remind", outputs=("reminders",))
def remind(step: Step, *, recipient: dict, reminders: int = 0) -> dict[str, Any]:
    """提醒答卷：最多两次。"""
    row = _recipient(recipient)
    row.reminders = min(row.reminders + 1, 2)
    key = f"survey:{row.id}:{step.now:%Y%m%d}:{row.reminders}"
    _write_to(step, row, "survey_reminder", key)
    return {"reminders": reminders + 1}


def _write_to(step: Step, row: SurveyRecipient, template: str, key: str) -> None:
    channel = OUTSIDE.get(row.channel)
    if channel is None:
        return
    contact, survey = db.session.get_one(Contact, row.contact_id), _survey_of(row)
    link = f"{current_app.config['SETTINGS'].base_url}/survey/{row.token}"
    context = {"name": contact.name, "title": survey.title_text, "link": link,
               "gift": survey.gift, "until": surveys_day(survey)}  # fmt: skip
    deliver.deliver(person_of(contact), template, context, (channel,), key=key, at=step.now,
                    origin=vars(steps.origin(step)) | {"by": steps.actor(step)})  # fmt: skip


def surveys_day(survey: Survey) -> str:
    """The last day on which answers count, in words."""
    return f"{survey.deadline:%Y-%m-%d}" if survey.deadline else "—"


def person_of(contact: Contact) -> dict[str, Any]:
    """The contact as somebody who can be written to."""
    return {"login": None, "name": contact.name, "email": contact.email, "mobile": contact.mobile,
            "is_customer": True, "consent": not contact.care_optout, "locale": "zh"}  # fmt: skip


def _survey_of(row: SurveyRecipient) -> Survey:
    return db.session.get_one(Survey, row.survey_id)


@handler(
    topic="survey.save_response", outputs=("response", "problems", "counted", "valid", "spoken")
)
def save_response(
    step: Step, *, recipient: dict, survey_no: str, answers: dict | None = None,
    duration_s: int | None = None, spoken: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """保存答卷：一个答卷码只算一份；太快或缺答的请客户重答，迟到的存下不算。

    Raises E_RESPONSE_INVALID, E_ALREADY_ANSWERED, E_SURVEY_CLOSED. Who did the work may not
    ask about it (051-04-04R).
    """
    row = _recipient(recipient)
    survey = _survey_of(row)
    if step.by is not None and step.by == row.doer_id:
        raise Invalid(_("给这位客户服务的人不能回访他，请换一位同事。"))
    given = _heard(survey, spoken) if spoken else answers or {}
    made = keep(survey, row, given, duration_s, at=step.now, by=steps.actor(step))
    if step.by is not None:
        row.caller_id = step.by
    return {"response": _facts(survey, row, made), "problems": None, "spoken": None} | {
        name: value for name, value in totals(survey).items() if name in ("counted", "valid")
    }


def _heard(survey: Survey, spoken: list[dict[str, Any]]) -> dict[str, Any]:
    """What was said on the telephone, as answers; several choices stand between semicolons."""
    sheet = surveys.questionnaire(survey).questions or []
    found: dict[str, Any] = {}
    for row in spoken:
        number, text = int(row["seq"]), str(row.get("answer") or "").strip()
        several = number <= len(sheet) and sheet[number - 1].get("qtype") == "多选"
        parts = [part.strip() for part in text.replace("；", ";").split(";") if part.strip()]
        found[str(number)] = parts if several else text
    return found


def keep(
    survey: Survey, row: SurveyRecipient, answers: Mapping[str, Any], duration_s: int | None, *,
    at: dt.datetime, by: str,
) -> SurveyResponse:  # fmt: skip
    """The recipient has answered; the response is stored. Raises as `save_response`."""
    if row.state == "已答":
        raise _refused("E_ALREADY_ANSWERED", _("这份问卷已经答过了，谢谢。"))
    late = survey.deadline is not None and at > survey.deadline
    if survey.state in OVER and not late:
        raise _refused("E_SURVEY_CLOSED", _("这次调查已经结束，谢谢您的关心。"))
    sheet = surveys.questionnaire(survey).questions or []
    if questions.wrong_answers(sheet, answers):
        raise _refused("E_RESPONSE_INVALID", _("有必答的题没有答，或者答案不在选项里。"))
    if duration_s is not None and duration_s < TOO_FAST:
        raise _refused("E_RESPONSE_INVALID", _("答得太快了，请看清题目再答。"))
    made = write.create("survey_response", _values(survey, row, answers, at, late), by=by, at=at)
    made.duration_s = duration_s
    if not late:
        row.state = "已答"
    db.session.flush()
    return made


def _refused(code: str, text: str) -> BpmnError:
    # a telephone answer that was refused must not stand in for the next one on the page
    return BpmnError(code, text, problems=text, spoken=None)


def _values(
    survey: Survey, row: SurveyRecipient, answers: Mapping[str, Any], at: dt.datetime, late: bool
) -> dict[str, Any]:
    customer = db.session.get(Customer, row.customer_id) if row.customer_id else None
    text, flags = questions.words(answers), []
    if questions.COMPLAINT.search(text):
        flags.append("含投诉词")
    if questions.WANTS.search(text):
        flags.append("有购买意向")
    whose = {} if survey.anonymous else {"recipient_id": row.id, "customer_id": row.customer_id}
    return whose | {
        "survey_id": survey.id, "answers": dict(answers), "answered_at": at, "late": late,
        "flags": flags, "valid": True,
        "score": questions.score(surveys.questionnaire(survey).questions or [], answers),
        "region": customer.region if customer else None,
        "grade": customer.grade if customer else None,
    }  # fmt: skip


def _facts(survey: Survey, row: SurveyRecipient, made: SurveyResponse) -> dict[str, Any]:
    contact = db.session.get_one(Contact, row.contact_id)
    customer = db.session.get(Customer, row.customer_id) if row.customer_id else None
    known = None if survey.anonymous else customer
    text = questions.words(made.answers) or survey.title_text
    flags = made.flags or []
    return {
        "id": made.id, "score": made.score, "grade": made.grade, "summary": text[:500],
        "flag": "含投诉词" if "含投诉词" in flags else None,
        "intent": "有购买意向" if "有购买意向" in flags else None,
        "customer_id": known.number if known else None,
        "contact_id": contact.number if known else None,
        "managers": _managers(known),
        "notice": {"customer": known.name if known else _("匿名客户"), "score": made.score,
                   "title": survey.title_text},
        "lead": _lead(contact, known, text),
    }  # fmt: skip


def _managers(customer: Customer | None) -> list[str]:
    above = people.manager_of(customer.owner_id) if customer and customer.owner_id else None
    return [above] if above else people.holders("sales_manager")[:3]


def _lead(contact: Contact, customer: Customer | None, text: str) -> dict[str, Any] | None:
    if customer is None:
        return None
    return {"company": customer.name, "contact_name": contact.name, "mobile": contact.mobile,
            "email": contact.email, "region": customer.region, "industry": customer.industry,
            "source": "调查", "need": text[:500]}  # fmt: skip


@handler(topic="survey.note_follow")
def note_follow(step: Step, *, response: dict, follow: dict | None = None) -> None:
    """登记跟进：低分、投诉词或购买意向引出了什么。"""
    given = follow or {}
    if given.get("follow") not in (None, "none"):
        row = write.get("survey_response", int(response["id"]))
        row.follow, row.follow_priority = given["follow"], given.get("priority")


@handler(topic="survey.mark_refused", outputs=("refused",))
def mark_refused(step: Step, *, recipient: dict, survey_no: str) -> dict[str, Any]:
    """登记拒访：客户在电话里说不愿意答。"""
    row = _recipient(recipient)
    row.state, row.caller_id = "拒访", step.by
    db.session.flush()
    return {"refused": totals(_survey_of(row))["refused"]}


@handler(topic="survey.mark_no_answer", outputs=("no_answer",))
def mark_no_answer(
    step: Step, *, recipient: dict, survey_no: str, attempts: int = 0
) -> dict[str, Any]:
    """登记未答：提醒和电话都试过了。"""
    row = _recipient(recipient)
    row.state, row.call_attempts = "未答", min(attempts, 3)
    db.session.flush()
    return {"no_answer": totals(_survey_of(row))["no_answer"]}


@handler(topic="survey.thank_open", outputs=("open_people", "counted", "valid", "thanks"))
def thank_open(step: Step, *, survey_no: str) -> dict[str, Any]:
    """够数了：还没答的关闭，备好致谢名单。"""
    survey = write.need("survey", survey_no)
    query = (
        sa.select(Contact)
        .join(SurveyRecipient, SurveyRecipient.contact_id == Contact.id)
        .where(SurveyRecipient.survey_id == survey.id, SurveyRecipient.state.in_(OPEN))
    )
    left = [person_of(contact) for contact in db.session.scalars(query.order_by(Contact.id))]
    surveys.close(survey, "已关闭")
    found = totals(survey)
    return {"open_people": left, "counted": found["counted"], "valid": found["valid"],
            "thanks": {"title": survey.title_text}}  # fmt: skip


@handler(
    topic="survey.close_unanswered",
    outputs=("counted", "valid", "refused", "no_answer", "open_people"),
)
def close_unanswered(step: Step, *, survey_no: str) -> dict[str, Any]:
    """到期了：还没答的登记为未答。"""
    survey = write.need("survey", survey_no)
    surveys.close(survey, "未答")
    return totals(survey) | {"open_people": []}

"""调查的名单：数对象、抽样、去掉不该打扰的人、确认（051-02-05、051-04-04）。"""

import datetime as dt
import random
import secrets
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.records import write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.survey import Survey, SurveyRecipient
from app.records.target_list import TargetList
from handlers import steps

REST = dt.timedelta(days=90)  # nobody is asked twice within (051-02-05 step 05.07)
MOST = 2000
GUESTS = "活动参加者"


def _population(survey: Survey) -> list[tuple[Contact, Customer]]:
    """Everybody whom the survey is about."""
    query = (
        sa.select(Contact, Customer)
        .join(Customer, Customer.id == Contact.customer_id)
        .where(Contact.state == "在职", Customer.state.in_(("有效", "公海")))
        .order_by(Contact.id)
    )
    if survey.audience == GUESTS:
        guests = sa.select(TargetList.contact_id).where(
            TargetList.campaign_id == survey.campaign_id, TargetList.reply != "不参加"
        )
        query = query.where(Contact.id.in_(guests))
    if survey.region:
        query = query.where(Customer.region == survey.region)
    if survey.grade:
        query = query.where(Customer.grade == survey.grade)
    return [tuple(row) for row in db.session.execute(query)]


@handler(topic="survey.count_population", outputs=("population", "purpose"), pure=True)
def count_population(step: Step, *, survey_no: str) -> dict[str, Any]:
    """统计调查对象一共多少人。"""
    survey = write.need("survey", survey_no)
    return {"population": len(_population(survey)), "purpose": survey.purpose}


@handler(
    topic="survey.build_recipients",
    outputs=("recipients", "min_answers", "dropped", "problems"),
    pure=True,
)
def build_recipients(
    step: Step, *, survey_no: str, sampling: dict | None = None, min_answers: int | None = None
) -> dict[str, Any]:
    """生成受访名单：去掉拒收、联系不上、同一人和九十天内问过的，再抽样。

    The draw depends on the survey only, so a retry draws the same people. Who has not answered
    this survey yet is asked again after an extension. `dropped` counts who was left out.
    """
    survey = write.need("survey", survey_no)
    rows, asked = _population(survey), _asked(survey, step.now - REST)
    answered = _answered(survey)
    free, seen = [], set(answered)
    for contact, customer in rows:
        person = contact.mobile_key or contact.email or contact.id
        channel = _channel(survey, contact)
        barred = contact.care_optout or contact.id in asked or contact.id in answered
        if channel is None or barred or person in seen:
            continue
        seen.add(person)
        free.append(_row(contact, customer, channel))
    given = sampling or {}
    size = min(int(given.get("sample") or len(free)), MOST)
    drawn = free if len(free) <= size else random.Random(survey.number).sample(free, size)
    least = survey.min_answers or int(given.get("min_answers") or 0)
    return {
        "recipients": drawn, "min_answers": least, "dropped": len(rows) - len(free),
        "problems": None,
    }  # fmt: skip


def _asked(survey: Survey, since: dt.datetime) -> set[int]:
    query = sa.select(SurveyRecipient.contact_id).where(
        SurveyRecipient.survey_id != survey.id, SurveyRecipient.asked_at > since
    )
    return set(db.session.scalars(query))


def _answered(survey: Survey) -> set[Any]:
    query = sa.select(SurveyRecipient.contact_id).where(
        SurveyRecipient.survey_id == survey.id, SurveyRecipient.state.in_(("已答", "拒访"))
    )
    return set(db.session.scalars(query))


def _channel(survey: Survey, contact: Contact) -> str | None:
    """The first channel of the survey on which the person can be reached."""
    reached = {"邮件": contact.email, "短信": contact.mobile, "电话": contact.mobile or contact.phone,
               "链接": True, "现场": True}  # fmt: skip
    return next((one for one in survey.channels or ["链接"] if reached.get(one)), None)


def _row(contact: Contact, customer: Customer, channel: str) -> dict[str, Any]:
    return {"contact_id": contact.number, "name": contact.name, "customer": customer.name,
            "channel": channel, "include": True}  # fmt: skip


@handler(topic="survey.keep_list", outputs=("sendable", "recipients", "problems"))
def keep_list(step: Step, *, survey_no: str, recipients: list | None = None) -> dict[str, Any]:
    """保存名单：每人一个猜不到的答卷码；没有勾选的不打扰。

    `sendable` holds one context per person whom the run block asks.
    """
    survey = write.need("survey", survey_no)
    chosen = [row for row in recipients or [] if row.get("include")]
    return {"sendable": [_kept(step, survey, row) for row in chosen], "recipients": [],
            "problems": None}  # fmt: skip


def _kept(step: Step, survey: Survey, row: dict[str, Any]) -> dict[str, Any]:
    contact = write.need("contact", row["contact_id"])
    query = sa.select(SurveyRecipient).filter_by(survey_id=survey.id, contact_id=contact.id)
    made = db.session.scalar(query)
    if made is None:
        made = write.create(
            "survey_recipient",
            {"survey_id": survey.id, "contact_id": contact.id, "customer_id": contact.customer_id,
             "token": secrets.token_urlsafe(24), "channel": row.get("channel") or "链接"},
            **steps.writing(step),
        )  # fmt: skip
    else:
        made.state, made.reminders, made.call_attempts = "待发", 0, 0
    return {"id": made.id, "token": made.token, "name": contact.name, "subject": contact.name}

"""Surveys (SV): a frozen questionnaire, who is asked, and what they answered (051-02-05, 051-04-04)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related, unique

READERS = ("marketing_specialist", "marketing_manager", "marketing_director", "survey_officer",
           "service_manager", "callback_agent")  # fmt: skip
PURPOSES = ("客户满意度", "需求", "活动效果", "竞争", "促销", "回访", "派工", "投诉")
OPEN = ("待发", "已发", "退信")


class Questionnaire(Entity, db.Model):
    """The questions of one version of a survey; a change after 已冻结 is a new version."""

    __tablename__ = "questionnaire"
    record = Record(
        "调查问卷", area="market", title="title_text", icon="list-check", readers=READERS,
        columns=("title_text", "version", "state", "owner_id"), filters=("state",),
        search=("title_text", "number"), listed=False,
        states={"草稿": ("审批中",), "审批中": ("已冻结", "已驳回", "草稿"), "已冻结": ("停用",),
                "已驳回": (), "停用": ()},
        sections=(("问卷", ("title_text", "version", "intro")),),
    )  # fmt: skip
    title_text: Mapped[str] = fields.text("标题", 100, required=True)
    version: Mapped[int] = fields.whole("版本", required=True, default=1)
    intro: Mapped[str | None] = fields.long("说明")
    questions: Mapped[list[Any] | None] = fields.json("题目")


class Survey(Entity, db.Model):
    """A survey; its links work from 已发布 until 统计中."""

    __tablename__ = "survey"
    record = Record(
        "调查", area="market", prefix="SV", title="title_text", icon="list-check", readers=READERS,
        columns=("title_text", "purpose", "deadline", "target_quota", "counted", "score",
                 "owner_id", "state"),
        filters=("state", "purpose", "owner_id", "deadline"), search=("title_text", "number"),
        states={"计划": ("设计中",), "设计中": ("审批中",), "审批中": ("已发布", "已驳回", "设计中"),
                "已发布": ("进行中", "统计中", "已停止"), "进行中": ("统计中", "已停止"),
                "统计中": ("已完成", "进行中"), "已完成": (), "已驳回": (), "已停止": ()},
        sections=(
            ("调查", ("title_text", "purpose", "campaign_id", "goal", "start_at", "deadline",
                      "channels", "anonymous", "gift")),
            ("样本与结果", ("audience", "region", "grade", "target_quota", "min_answers",
                            "counted", "score", "summary", "findings", "lessons", "remark")),
        ),
        related=(Related("survey_recipient", "survey_id"), Related("survey_response", "survey_id")),
    )  # fmt: skip
    title_text: Mapped[str] = fields.text("名称", 100, required=True)
    purpose: Mapped[str] = fields.choice("目的", PURPOSES, required=True)
    goal: Mapped[str | None] = fields.long("想知道什么")
    kind: Mapped[str] = fields.choice("种类", ("批量", "单次"), required=True, default="批量")
    campaign_id: Mapped[int | None] = fields.ref("市场活动", "campaign")
    questionnaire_id: Mapped[int | None] = fields.ref("问卷", "questionnaire")
    source_type: Mapped[str | None] = fields.text("来源种类", 20)
    source_no: Mapped[str | None] = fields.text("来源编号", 40)
    audience: Mapped[str | None] = fields.text("对象", 40)
    region: Mapped[str | None] = fields.text("区域", 40, form="code", target="region")
    grade: Mapped[str | None] = fields.text("等级", 10)
    target_quota: Mapped[int | None] = fields.whole("目标份数", least=1)
    min_answers: Mapped[int | None] = fields.whole("最低份数", least=0)
    start_at: Mapped[dt.datetime | None] = fields.moment("开始")
    deadline: Mapped[dt.datetime | None] = fields.moment("截止")
    channels: Mapped[list[Any] | None] = fields.json("渠道", form="list")
    anonymous: Mapped[bool] = fields.flag("匿名")
    gift: Mapped[str | None] = fields.text("答谢", 200)
    counted: Mapped[int] = fields.whole("有效答卷", required=True, default=0, derived=True,
                                        quiet=True)  # fmt: skip
    score: Mapped[Decimal | None] = fields.qty("平均分", derived=True)
    stats: Mapped[dict[str, Any] | None] = fields.json("统计", quiet=True)
    summary: Mapped[str | None] = fields.long("摘要")
    findings: Mapped[str | None] = fields.long("主要发现")
    lessons: Mapped[str | None] = fields.long("经验教训")


class SurveyRecipient(Line, db.Model):
    """One person who is asked; the token in his link is all he needs."""

    __tablename__ = "survey_recipient"
    record = Record(
        "受访人", area="market", title="contact_id", sight="survey_id", listed=False,
        columns=("contact_id", "customer_id", "channel", "state", "reminders", "call_attempts",
                 "asked_at"),
        filters=("survey_id", "state"),
    )  # fmt: skip
    __rules__ = (
        unique("survey_id", "contact_id"),
        # a link must find its workspace by itself: the token is unique everywhere
        sa.Index("uq_survey_recipient_token", "token", unique=True),
        sa.Index("ix_survey_recipient_asked", "workspace_id", "contact_id", "asked_at"),
        sa.CheckConstraint("reminders <= 2", name="reminders"),
        sa.CheckConstraint("call_attempts <= 3", name="attempts"),
        sa.CheckConstraint("caller_id IS NULL OR caller_id <> doer_id", name="caller"),
    )
    survey_id: Mapped[int] = fields.ref("调查", "survey", required=True)
    contact_id: Mapped[int] = fields.ref("联系人", "contact", required=True)
    customer_id: Mapped[int | None] = fields.ref("客户", "customer")
    token: Mapped[str] = fields.text("答卷码", 60, required=True, private=True)
    channel: Mapped[str] = fields.text("渠道", 20, required=True)
    state: Mapped[str] = fields.choice(
        "状态", ("待发", "已发", "退信", "已答", "拒访", "未答", "已关闭"), required=True, default="待发",
    )  # fmt: skip
    asked_at: Mapped[dt.datetime | None] = fields.moment("发出时间")
    reminders: Mapped[int] = fields.whole("提醒次数", required=True, default=0)
    call_attempts: Mapped[int] = fields.whole("电话次数", required=True, default=0)
    doer_id: Mapped[str | None] = fields.person("服务人")
    caller_id: Mapped[str | None] = fields.person("回访人")


class SurveyResponse(Line, db.Model):
    """One answered questionnaire. Of an anonymous survey only the segment is known."""

    __tablename__ = "survey_response"
    record = Record(
        "答卷", area="market", title="survey_id", sight="survey_id", listed=False,
        columns=("survey_id", "answered_at", "score", "valid", "late", "follow"),
        filters=("survey_id", "valid", "late", "follow"),
    )  # fmt: skip
    __rules__ = (unique("recipient_id", where="valid AND NOT late AND recipient_id IS NOT NULL"),)
    survey_id: Mapped[int] = fields.ref("调查", "survey", required=True)
    recipient_id: Mapped[int | None] = fields.ref("受访人", "survey_recipient")
    customer_id: Mapped[int | None] = fields.ref("客户", "customer")
    region: Mapped[str | None] = fields.text("区域", 40)
    grade: Mapped[str | None] = fields.text("等级", 10)
    answered_at: Mapped[dt.datetime] = fields.moment("答卷时间", required=True)
    answers: Mapped[dict[str, Any]] = fields.json("答案", required=True)
    score: Mapped[Decimal | None] = fields.qty("得分")
    flags: Mapped[list[Any] | None] = fields.json("标记", form="list")
    valid: Mapped[bool] = fields.flag("有效", default=True)
    late: Mapped[bool] = fields.flag("迟到")
    duration_s: Mapped[int | None] = fields.whole("用时秒数", least=0)
    follow: Mapped[str | None] = fields.text("跟进", 20)
    follow_priority: Mapped[str | None] = fields.text("优先级", 10)

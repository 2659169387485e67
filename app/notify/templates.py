"""What notifications say. The texts are Chinese; English comes from the catalogue."""

from collections.abc import Mapping
from typing import Any

from flask_babel import force_locale

from app.i18n import _


class TemplateMissing(KeyError):
    """No notification has this name."""


# name: (subject, text); %(name)s are filled from the context
TEXTS: dict[str, tuple[str, str]] = {
    "customer_merged": (
        "客户资料有补充：%(customer)s",
        "%(who)s 登记时发现与您负责的客户 %(customer)s（%(number)s）是同一家，"
        "已把新资料和联系人补充进去；原有内容没有改动。",
    ),
    "claim_denied": (
        "不能领取客户：%(customer)s",
        "您申请领取的客户 %(customer)s 没有通过：%(reason)s",
    ),
    "customer_assigned": (
        "客户分配完成：%(number)s",
        "分配单 %(number)s 已%(ending)s，共 %(count)s 个客户。",
    ),
    "opportunity_duplicate": (
        "机会撞单提醒：%(name)s",
        "%(who)s 也报备了 %(customer)s，已按与您的机会 %(name)s（%(number)s）重复驳回。",
    ),
    "opportunity_cost": (
        "机会费用偏高：%(name)s",
        "%(customer)s 的机会 %(name)s（%(number)s）费用合计 %(cost)s，占预计金额 %(rate)s。",
    ),
    "recycle_warning": (
        "客户即将回收：%(customer)s",
        "您负责的客户 %(customer)s（%(number)s）已 %(days)s 天没有跟进，七天内不跟进将被收回重新分配。",
    ),
    "account_papers": (
        "请补账务资料：%(customer)s",
        "客户 %(customer)s（%(number)s）还没有建好账务，财务在等开票和银行资料，请尽快交给财务。",
    ),
    "statement": (
        "对账单 %(number)s",
        "%(customer)s：%(month)s 月底贵公司在我们账上的余额为 %(balance)s 元，请在十天内核对并回复。",
    ),
    "customer_overdue": (
        "客户逾期：%(customer)s",
        "您负责的客户 %(customer)s（%(number)s）有 %(amount)s 元逾期，最长 %(days)s 天，请催收。",
    ),
    "credit_changed": (
        "信用变更：%(customer)s",
        "客户 %(customer)s（%(number)s）的信用额度现在是 %(limit)s，控制方式：%(control)s。",
    ),
    "price_list_active": (
        "价格表生效：%(name)s",
        "价格表 %(name)s（%(number)s）从 %(day)s 起生效，报价和订单按新价格执行。",
    ),
    "price_changed_for_quote": (
        "价格已调整：%(quote)s",
        "价格表 %(list)s 已调整，您的报价单 %(quote)s 保留原来的价格；需要时请出新版本。",
    ),
    "lead_touched": (
        "线索有新接触：%(name)s",
        "%(who)s 又收到 %(name)s 的需求：%(need)s（来源：%(source)s）。它已记在您负责的 %(number)s 名下。",
    ),
    "unbilled_list": (
        "本月未开票：%(count)s 张订单",
        "有 %(count)s 张订单已经交付还没有开票，共 %(amount)s：%(orders)s。请在月底前申请开票。",
    ),
    "billing_incomplete": (
        "开票资料不全：%(customer)s",
        "客户 %(customer)s 的开票资料缺 %(missing)s，开票申请被挡下了。请在客户账务里补上。",
    ),
    "payment_due": (
        "付款提醒：%(customer)s",
        "%(customer)s 的货款 %(amount)s（%(row)s）将在 %(due)s 到期。",
    ),
    "payment_dispute": (
        "货款有争议：%(customer)s",
        "%(customer)s 对货款 %(amount)s（%(row)s）有争议：%(dispute)s。请对账并答复客户。",
    ),
    "payment_overdue": (
        "货款逾期：%(customer)s",
        "%(customer)s 有货款 %(amount)s 逾期 %(days)s 天，请联系客户并登记结果。",
    ),
    "prepay_idle": (
        "预收款闲置：%(customer)s",
        "%(customer)s 还有预收余额 %(amount)s，已经 %(days)s 天没有用过。请和客户商量怎么用。",
    ),
    "receipt_surplus": (
        "客户多付了货款：%(customer)s",
        "%(customer)s 的收款 %(number)s（%(amount)s）多出一千元以上，已转成预收款。要退给客户的，请发起退款。",
    ),
    "refund_paid": (
        "退款已付：%(number)s",
        "退款 %(number)s 已付给 %(customer)s，金额 %(amount)s，账号 %(account)s。",
    ),
    "campaign_invitation": (
        "邀请：%(campaign)s",
        "邀请您参加 %(campaign)s，时间 %(start)s 至 %(end)s，地点 %(place)s。\n%(text)s\n"
        "您的邀请码：%(token)s",
    ),
    "campaign_moved": (
        "活动安排有变：%(campaign)s",
        "您受邀参加的 %(campaign)s 安排有变：时间 %(start)s 至 %(end)s，地点 %(place)s。",
    ),
    "campaign_cost_warn": (
        "活动费用预警：%(campaign)s",
        "活动 %(campaign)s 的任务“%(task)s”费用已用到 %(rate)s，请留意。",
    ),
    "campaign_goes_on": (
        "活动继续执行：%(campaign)s",
        "活动 %(campaign)s 的取消申请没有通过，活动继续执行。%(reason)s",
    ),
    "competitor_discarded": (
        "竞争信息没有采纳：%(name)s",
        "您提交的竞争信息“%(name)s”没有采纳：%(reason)s",
    ),
    "competitor_published": (
        "竞争信息：%(name)s",
        "竞争对手 %(name)s（%(number)s）有新的%(kind)s信息，威胁程度：%(threat)s。",
    ),
    "competitor_report": (
        "竞争分析报告：%(period)s",
        "%(period)s 的竞争分析报告已经发布，可在报表快照里查看。",
    ),
    "survey_invite": (
        "请您答一份问卷：%(title)s",
        "%(name)s 您好，请您花几分钟回答“%(title)s”：%(link)s 截止 %(until)s，谢谢。",
    ),
    "survey_reminder": (
        "问卷还等着您：%(title)s",
        "%(name)s 您好，“%(title)s”还没有收到您的回答：%(link)s 截止 %(until)s，谢谢。",
    ),
    "survey_closed": (
        "问卷已经收齐：%(title)s",
        "“%(title)s”的答卷已经收齐，不用再答了，谢谢您的关心。",
    ),
    "survey_low_score": (
        "重点客户不满意：%(customer)s",
        "客户 %(customer)s 在“%(title)s”里只打了 %(score)s 分，已转服务请求，请您关注。",
    ),
    "task_reminder": (
        "待办到期：%(task)s",
        "待办“%(task)s”（%(subject)s）已到期，请尽快处理。",
    ),
    "task_escalated": (
        "待办升级：%(task)s",
        "待办“%(task)s”（%(subject)s）一直没有完成，请您协助；您也可以直接处理它。",
    ),
    "order_cancel_refused": (
        "订单不取消：%(number)s",
        "取消订单 %(number)s 的申请没有批准（取消原因：%(reason)s）；订单照常履行。",
    ),
    "return_refused": (
        "退货没有通过：%(number)s",
        "%(customer)s 的退货 %(number)s 没有通过，请告诉客户并说明原因。",
    ),
    "template_missing": (
        "通知没有发出",
        "流程要发的通知 %(template)s 没有模板，没有发出。请补上模板；流程已继续。",
    ),
}


def render(template: str, context: Mapping[str, Any], locale: str = "zh") -> tuple[str, str]:
    """(subject, text) in a language. Raises TemplateMissing; an unknown value shows as a dash."""
    if template not in TEXTS:
        raise TemplateMissing(template)
    subject, text = TEXTS[template]
    values = _Filled(context)
    with force_locale(locale):
        return _(subject) % values, _(text) % values


class _Filled(dict[str, str]):
    def __init__(self, context: Mapping[str, Any]) -> None:
        super().__init__({k: "—" if v is None else str(v) for k, v in context.items()})

    def __missing__(self, name: str) -> str:
        return "—"

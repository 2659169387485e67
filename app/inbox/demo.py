"""Cases of the demo company, so that no inbox is empty: one waits at every interesting task, a few
are finished. Each is started and moved by the demo people, through the verbs that the pages use.
"""

from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine import run
from app.engine.models import Instance, UserTask

CUSTOMER_FLOW, ASSIGNMENT_FLOW = "p_051_01_01", "p_051_01_02"

PLACES = {
    "上海": ("上海", "华东"), "杭州": ("浙江", "华东"), "宁波": ("浙江", "华东"),
    "无锡": ("江苏", "华东"), "苏州": ("江苏", "华东"), "合肥": ("安徽", "华东"),
}  # fmt: skip


def load_cases() -> int:
    """The demo's cases exist, the caller commits; how many were started (0 the second time)."""
    if db.session.scalar(sa.select(Instance.id).limit(1)) is not None:
        return 0
    for tell in _STORIES:
        tell()
    return len(_STORIES)


def _enter(
    who: str, name: str, city: str, industry: str, contact: str, mobile: str, **other: Any
) -> int:
    """Somebody enters a customer and submits; the case."""
    province, region = PLACES[city]
    case = run.start(CUSTOMER_FLOW, by=who).id
    customer = {
        "name": name, "customer_type": "企业", "industry": industry, "region": region,
        "province": province, "city": city, "address": f"{city}市科技路 {len(name) * 18} 号",
        "source": "自行开发", "life_stage": "潜在", **other,
    }  # fmt: skip
    people = [{"name": contact, "mobile": mobile, "decision_role": "决策者", "is_primary": True,
               "consent": "未取得", "status": "在职"}]  # fmt: skip
    _do(case, "edit_profile", who, outcome="submit", mode="create", customer=customer,
        contacts=people)  # fmt: skip
    return case


def _do(case: int, element: str, who: str, **values: Any) -> None:
    task = db.session.scalar(
        sa.select(UserTask).where(
            UserTask.instance_id == case, UserTask.element_id == element, UserTask.state == "open"
        )
    )
    if task is not None:
        run.complete(task.id, values, by=who)


def _approved(*given: str) -> int:
    case = _enter(*given)
    _do(case, "review", "sunli", outcome="approve", comment="资料齐全")
    return case


def _a_finished_one() -> None:
    _approved("zhangwei", "杭州启明精密有限公司", "杭州", "精密加工", "钱进", "13800000001")


def _another_finished_one() -> None:
    _approved("lina", "宁波海川液压有限公司", "宁波", "液压", "孙海川", "13800000002")


def _one_to_review() -> None:
    _enter("zhangwei", "无锡锐进数控设备有限公司", "无锡", "数控机床", "周锐", "13800000003")


def _another_to_review() -> None:
    _enter("lina", "合肥长丰装备制造有限公司", "合肥", "装备制造", "丁长丰", "13800000004")


def _one_returned() -> None:
    case = _enter("zhangwei", "上海申达模具厂", "上海", "精密加工", "沈达", "13800000005")
    _do(case, "review", "sunli", outcome="return", comment="请写营业执照上的全称")


def _one_to_judge() -> None:
    _enter(
        "machao", "苏州明达自动化科技", "苏州", "自动化", "明春", "13800000006",
        source="客户介绍", address="苏州市工业园区星湖街 328 号 B 座",
    )  # fmt: skip


def _a_blocked_one() -> None:
    _enter(
        "lina", "上海恒远机械（有限公司）", "上海", "数控机床", "何远", "13800000007",
        unified_code="91310115MA1K0TYX07",
    )  # fmt: skip


def _one_without_owner() -> None:
    case = _enter("machao", "合肥新桥电子有限公司", "合肥", "电子", "乔新", "13800000008",
                  source="网站")  # fmt: skip
    _do(case, "review", "sunli", outcome="approve", comment="")


def _one_handed_over() -> None:
    case = run.start(ASSIGNMENT_FLOW, by="wangqiang").id
    row = {"customer_id": "CU-202502-0007", "mode": "指定", "reason": "业务调整",
           "new_owner": "zhangwei", "move_open_docs": "全部", "contacts_follow": True}  # fmt: skip
    _do(case, "plan", "wangqiang", outcome="submit", rows=[row])


def _a_draft() -> None:
    run.start(CUSTOMER_FLOW, {"customer": {"name": "宁波东港机电有限公司"}}, by="lina")


_STORIES = (
    _a_finished_one, _another_finished_one, _one_to_review, _another_to_review, _one_returned,
    _one_to_judge, _a_blocked_one, _one_without_owner, _one_handed_over, _a_draft,
)  # fmt: skip

"""What the tests of leads share: a lead, a call, a lead that somebody follows."""

import datetime as dt
from typing import Any

from app import clock
from app.records.lead import Lead
from tests.flows.stage import Stage

FLOW = "p_051_02_01"


def chuangzhi(**other: Any) -> dict[str, Any]:
    return {
        "company": "南京创智科技有限公司", "contact_name": "范明", "mobile": "13900000001",
        "region": "华东", "source": "网站", "need": "需要两台数控主轴，替换旧设备",
        "budget": 120000, "timeframe": "3月内", "authority": True, **other,
    }  # fmt: skip


def call(**other: Any) -> dict[str, Any]:
    return {"action_type": "电话", "content": "介绍了产品", "result": "有兴趣",
            "next_date": clock.now().date() + dt.timedelta(days=2), **other}  # fmt: skip


def lead_of(stage: Stage, case: int) -> Lead:
    return stage.record("lead", stage.variables(case)["lead_no"])


def until_followed(stage: Stage, by: str = "wuhao", owner: str = "zhangwei", **other: Any) -> int:
    """A lead that its owner has accepted."""
    case = stage.start(FLOW, by)
    stage.do("enter_lead", by, "submit", case=case, lead=chuangzhi(**other))
    stage.do("distribute", "wangqiang", case=case,
             assignment={"way": "指定", "new_owner": owner})  # fmt: skip
    stage.do("accept", owner, "accept", case=case)
    return case


def own(stage: Stage, by: str = "zhangwei") -> int:
    """A lead that its owner found himself: nobody distributes it."""
    case = stage.start(FLOW, by)
    stage.do("enter_lead", by, "submit", case=case, lead=chuangzhi(source="自行开发"))
    return case

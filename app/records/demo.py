"""The catalogue's records (conventions §12): customers, contacts, regions, industries, holidays."""

import datetime as dt
from typing import Any

from app.db import db
from app.records import calendar, completeness, demo_budget, demo_trade, numbers, write

BY = "sunli"
START = dt.datetime(2025, 1, 6, 2, 0, tzinfo=dt.UTC)

REGIONS = [("华东", "east"), ("华南", "south"), ("华北", None), ("华中", None), ("西南", None),
           ("西北", None), ("东北", None)]  # fmt: skip
INDUSTRIES = ["数控机床", "自动化", "液压", "精密加工", "装备制造", "置业", "游艇与旅游", "政府", "教育",
              "电子", "汽车零部件", "其他"]  # fmt: skip

# the State Council's calendar: first day, last day, name; and the weekends that are worked
HOLIDAYS = [
    ("2025-01-01", "2025-01-01", "元旦"), ("2025-01-28", "2025-02-04", "春节"),
    ("2025-04-04", "2025-04-06", "清明节"), ("2025-05-01", "2025-05-05", "劳动节"),
    ("2025-05-31", "2025-06-02", "端午节"), ("2025-10-01", "2025-10-08", "国庆节、中秋节"),
    ("2026-01-01", "2026-01-03", "元旦"), ("2026-02-15", "2026-02-23", "春节"),
    ("2026-04-04", "2026-04-06", "清明节"), ("2026-05-01", "2026-05-05", "劳动节"),
    ("2026-06-19", "2026-06-21", "端午节"), ("2026-09-25", "2026-09-27", "中秋节"),
    ("2026-10-01", "2026-10-07", "国庆节"),
]  # fmt: skip
WORKED = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04",
          "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]  # fmt: skip

CUSTOMERS: list[dict[str, Any]] = [
    {
        "number": "CU-202501-0001", "name": "上海恒远机械有限公司", "customer_type": "企业",
        "unified_code": "91310115MA1K0TYX07", "industry": "数控机床", "region": "华东",
        "province": "上海", "city": "上海", "address": "上海市嘉定区沪宜公路 1188 号",
        "phone": "021-59160001", "website": "www.hengyuan-sh.example.cn", "legal_rep": "何远",
        "source": "自行开发", "registered_capital": "20000000", "employees": 180,
        "ownership": "有限责任", "life_stage": "成交", "grade": "A", "service_level": "专属",
        "price_policy": "A级协议价", "owner_id": "zhangwei", "discoverer_id": "zhangwei",
        "department_id": "east",
    },
    {
        "number": "CU-202502-0007", "name": "苏州明达自动化有限公司", "customer_type": "企业",
        "unified_code": "91320594MA1M0MDX0X", "industry": "自动化", "region": "华东",
        "province": "江苏", "city": "苏州", "address": "苏州市工业园区星湖街 328 号",
        "phone": "0512-62880007", "website": "www.mingda-sz.example.cn", "legal_rep": "明达",
        "source": "客户介绍", "registered_capital": "5000000", "employees": 60,
        "ownership": "有限责任", "life_stage": "成交", "grade": "C", "service_level": "标准",
        "price_policy": "标准价", "owner_id": "lina", "discoverer_id": "lina",
        "department_id": "east",
    },
    {
        "number": "CU-202503-0002", "name": "青岛蓝湾置业有限公司", "customer_type": "企业",
        "industry": "置业", "region": "华东", "province": "山东", "city": "青岛",
        "address": "青岛市崂山区海尔路 61 号", "phone": "0532-88990002", "legal_rep": "蓝湾",
        "source": "市场活动", "registered_capital": "50000000", "employees": 320,
        "ownership": "股份", "life_stage": "成交", "grade": "B", "service_level": "优先",
        "price_policy": "B级折扣", "owner_id": "zhangwei", "discoverer_id": "zhangwei",
        "department_id": "east",
    },
]  # fmt: skip
CONTACTS: list[dict[str, Any]] = [
    {"customer_id": "CU-202501-0001", "name": "秦嘉", "title_text": "采购经理",
     "decision_role": "决策者", "mobile": "13800000101", "is_primary": True},
    {"customer_id": "CU-202501-0001", "name": "何平", "title_text": "仓储主管",
     "decision_role": "使用者", "mobile": "13800000102"},
    {"customer_id": "CU-202502-0007", "name": "明秋", "title_text": "采购主管",
     "decision_role": "决策者", "mobile": "13800000201", "is_primary": True},
    {"customer_id": "CU-202503-0002", "name": "王海", "title_text": "总经理",
     "decision_role": "决策者", "mobile": "13800000301", "is_primary": True,
     "consent": "已取得", "birthday": "1978-03-12"},
]  # fmt: skip


def load_records() -> None:
    """The demo records exist; those that exist already are left as they are. Not committed."""
    _codes()
    _holidays()
    for given in CUSTOMERS:
        _customer(given)
    for given in CONTACTS:
        _contact(given)
    for given in CUSTOMERS:
        completeness.refresh(write.need("customer", given["number"]))
    demo_trade.load()
    demo_budget.load()


def _codes() -> None:
    for name, department in REGIONS:
        if write.find("region", name) is None:
            write.create(
                "region", {"name": name, "department_id": department}, by=BY, at=START, number=name
            )
    for name in INDUSTRIES:
        if write.find("industry", name) is None:
            write.create("industry", {"name": name}, by=BY, at=START, number=name)


def _holidays() -> None:
    known = set(db.session.scalars(db.select(calendar.CalendarDay.on)))
    days = [(dt.date.fromisoformat(day), "上班", "调休上班") for day in WORKED]
    for first, last, name in HOLIDAYS:
        day = dt.date.fromisoformat(first)
        while day <= dt.date.fromisoformat(last):
            days.append((day, "休息", name))
            day += dt.timedelta(1)
    for day, kind, name in days:
        if day not in known:
            write.create("calendar_day", {"on": day, "kind": kind, "name": name}, by=BY)


def _customer(given: dict[str, Any]) -> None:
    if write.find("customer", given["number"]) is not None:
        return
    values = {name: value for name, value in given.items() if name != "number"}
    owner = given["owner_id"]
    row = write.create("customer", values, by=owner, at=START, number=given["number"])
    write.move(row, "有效", by=BY, at=START)
    numbers.skip_to(given["number"])


def _contact(given: dict[str, Any]) -> None:
    customer = write.need("customer", given["customer_id"])
    model = write.record.entity("contact")
    exists = db.select(model).filter_by(customer_id=customer.id, name=given["name"])
    if db.session.scalar(exists) is None:
        whose = {"owner_id": customer.owner_id, "department_id": customer.department_id,
                 "discoverer_id": customer.discoverer_id}  # fmt: skip
        write.create("contact", {**given, **whose}, by=customer.owner_id, at=START)

"""Budgets of the demo company: what the marketing department may spend this year."""

import datetime as dt

from app import clock
from app.records import numbers, write

BY = "liuyang"
AMOUNT = 600000  # 051-07-01 T1


def load() -> None:
    """The marketing department has its yearly budget; one that exists is left as it is."""
    today = numbers.local_date(clock.now())
    for year in (today.year, today.year + 1):
        number = f"FB-{year}01-0001"
        if write.find("expense_budget", number) is not None:
            continue
        write.create(
            "expense_budget",
            {
                "name": f"{year} 年市场部费用预算", "type": "年度部门", "object_no": "market",
                "period_start": dt.date(year, 1, 1), "period_end": dt.date(year, 12, 31),
                "approved": AMOUNT, "owner_id": "zhengjie", "department_id": "market",
            },
            by=BY, number=number, state="已生效",
        )  # fmt: skip
        numbers.skip_to(number)

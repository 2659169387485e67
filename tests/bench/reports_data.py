"""Everything that reports read, made up in bulk: about thirty rows for each order."""

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.models import (
    Definition,
    Deployment,
    DeploymentFile,
    FileContent,
    Instance,
    UserTask,
)
from app.records.account_snapshot import AccountSnapshot
from app.records.action import Action
from app.records.assignment_history import AssignmentHistory
from app.records.delivery import Delivery, DeliveryLine
from app.records.lead import Lead
from app.records.log import ApprovalLog, StateHistory
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.quotation import Quotation
from app.records.receipt import Receipt, ReceiptAllocation
from app.records.refund import Refund
from app.records.sales_return import ReturnLine, SalesReturn
from app.records.statement import Statement

AT = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
BASE = {"workspace_id": 1, "row_version": 1, "created_at": AT, "updated_at": AT,
        "created_by": "sunli", "updated_by": "sunli", "department_id": "east"}  # fmt: skip
OWNERS = ("zhangwei", "lina", "wangqiang", "zhaomin")
Rows = Iterator[dict[str, Any]]
BATCH = 5_000


def write(model: Any, rows: Any) -> None:
    """The rows are in the table and committed."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            db.session.execute(sa.insert(model), batch)
            batch = []
    if batch:
        db.session.execute(sa.insert(model), batch)
    db.session.commit()


def fill(orders: list[dict[str, Any]], buyers: int) -> None:
    """What became of these orders, what came before them, and what was logged about it all."""
    random_ = random.Random(5)
    write(Delivery, (_delivery(o) for o in orders))
    write(DeliveryLine, (
        {"workspace_id": 1, "id": o["id"], "delivery_id": o["id"], "order_line_id": o["id"],
         "product_id": 1, "qty": Decimal(1), "picked": Decimal(1), "accepted": Decimal(1)}
        for o in orders))  # fmt: skip
    write(Quotation, (_quotation(o, random_) for o in orders[: len(orders) // 2]))
    write(Lead, (_lead(n, random_) for n in range(1, len(orders) // 4 + 1)))
    write(Action, (_action(n, buyers, random_) for n in range(1, len(orders) + 1)))
    write(AssignmentHistory, (
        {"workspace_id": 1, "id": n, "customer_id": n, "from_id": "lina", "to_id": "zhangwei",
         "reason": "业务调整", "mode": "指定", "decided_by": "wangqiang", "result": "已接收",
         "created_at": _day(n % 400), "created_by": "wangqiang"}
        for n in range(1, buyers + 1)))  # fmt: skip
    write(Receipt, (_receipt(o) for o in orders))
    write(ReceiptAllocation, (
        {"workspace_id": 1, "id": o["id"], "receipt_id": o["id"], "invoice_id": o["id"],
         "plan_id": o["id"], "amount": o["total"]} for o in orders))  # fmt: skip
    _seldom(orders[::10])
    _months(buyers)
    _logs(orders, random_)


def _day(n: int) -> dt.datetime:
    return AT + dt.timedelta(days=n, hours=3)


def _at(o: dict[str, Any], days: int, hours: int = 0) -> dt.datetime:
    return dt.datetime.combine(o["order_date"], dt.time(2), dt.UTC) + dt.timedelta(
        days=days, hours=hours
    )


def _delivery(o: dict[str, Any]) -> dict[str, Any]:
    return BASE | {
        "id": o["id"], "number": f"DN-{o['id']:06d}", "order_id": o["id"],
        "state": "已签收" if o["id"] % 50 else "已出库", "customer_id": o["customer_id"],
        "source": "订单", "warehouse": "WH01", "owner_id": o["owner_id"], "carrier": "顺丰",
        "shipped_at": _at(o, 10), "signed_at": _at(o, 10 + o["id"] % 9),
    }  # fmt: skip


def _quotation(o: dict[str, Any], random_: random.Random) -> dict[str, Any]:
    return BASE | {
        "id": o["id"], "number": f"QT-{o['id']:06d}-v1", "base_no": f"QT-{o['id']:06d}",
        "version": 1, "state": random_.choice(("已下单", "已拒绝", "已过期")),
        "customer_id": o["customer_id"], "valid_until": o["order_date"], "total": o["total"],
        "discount_rate": Decimal(random_.randrange(-2, 20)) / 100, "margin": Decimal("0.2"),
        "min_line_flag": "ok" if o["id"] % 20 else "below_floor", "owner_id": o["owner_id"],
        "created_at": _at(o, -9), "sent_at": _at(o, -7),
    }  # fmt: skip


def _lead(n: int, random_: random.Random) -> dict[str, Any]:
    return BASE | {
        "id": n, "number": f"LD-{n:06d}", "title_text": f"线索 {n}", "contact_name": "某人",
        "source": random_.choice(("展会", "网站", "电话")), "need": "要", "level": "温",
        "state": random_.choice(("跟进中", "已转化", "无效")), "rounds": n % 4,
        "owner_id": random_.choice(OWNERS), "created_at": _day(n % 400), "region": "华东",
    }  # fmt: skip


def _action(n: int, buyers: int, random_: random.Random) -> dict[str, Any]:
    of_lead = n % 4 == 0
    return {
        "workspace_id": 1, "id": n, "target": "线索" if of_lead else "客户",
        "target_no": f"LD-{n // 4:06d}" if of_lead else f"CU-{n}", "action_type": "电话",
        "customer_id": None if of_lead else n % buyers + 1, "at": _day(n % 420),
        "content": "谈", "result": "好", "owner_id": random_.choice(OWNERS),
        "created_at": _day(n % 420), "created_by": "lina",
    }  # fmt: skip


def _receipt(o: dict[str, Any]) -> dict[str, Any]:
    return BASE | {
        "id": o["id"], "number": f"RC-{o['id']:06d}", "customer_id": o["customer_id"],
        "state": "已入账" if o["id"] % 100 else "待认领", "amount": o["total"],
        "received_at": _at(o, 40), "method": "电汇", "payer": f"付款方 {o['id'] % 900}",
        "owner_id": "xufeng",
    }  # fmt: skip


def _seldom(orders: list[dict[str, Any]]) -> None:
    """Returns, prepayments and refunds of one order in ten."""
    write(SalesReturn, (BASE | {
        "id": o["id"], "number": f"RT-{o['id']:06d}", "state": "已完成", "order_id": o["id"],
        "customer_id": o["customer_id"], "reason": "质量" if o["id"] % 3 else "发错",
        "expect": "退款", "owner_id": "machao", "created_at": _at(o, 20),
    } for o in orders))  # fmt: skip
    write(ReturnLine, ({
        "workspace_id": 1, "id": o["id"], "return_id": o["id"], "order_line_id": o["id"],
        "product_id": 1, "q_received": Decimal(1), "q_good": Decimal(1),
    } for o in orders))  # fmt: skip
    write(Prepayment, (BASE | {
        "id": o["id"], "number": f"PR-{o['id']:06d}", "state": "部分冲抵", "order_id": o["id"],
        "customer_id": o["customer_id"], "amount": o["total"], "balance": Decimal(100),
        "owner_id": o["owner_id"], "created_at": _at(o, 1),
    } for o in orders))  # fmt: skip
    write(PrepayOffset, ({
        "workspace_id": 1, "id": o["id"], "prepayment_id": o["id"], "invoice_id": o["id"],
        "amount": o["total"] - 100, "proposal": "-",
    } for o in orders))  # fmt: skip
    write(Refund, (BASE | {
        "id": o["id"], "number": f"RF-{o['id']:06d}", "state": "已退款", "order_id": o["id"],
        "customer_id": o["customer_id"], "source": "退货", "source_ref": f"RT-{o['id']:06d}",
        "amount": o["total"], "payee_account": "6222", "owner_id": "chenjing",
        "created_at": _at(o, 25),
    } for o in orders))  # fmt: skip


def _months(buyers: int) -> None:
    """A statement and a snapshot of each customer for each of the last twelve months."""
    periods = [f"2025-{month:02d}" for month in range(1, 13)]
    write(Statement, (BASE | {
        "id": n * 12 + month, "number": f"ST-{n * 12 + month:07d}", "customer_id": n + 1,
        "state": ("已确认", "未对账", "有差异")[n % 3], "period": period, "balance": Decimal(1000),
        "confirmed_balance": Decimal(990), "owner_id": "chenjing",
    } for n in range(buyers) for month, period in enumerate(periods, 1)))  # fmt: skip
    write(AccountSnapshot, ({
        "workspace_id": 1, "id": n * 12 + month, "customer_id": n + 1, "period": period,
        "receivable": Decimal(1000), "turnover_y": Decimal(9000), "taken_at": AT,
    } for n in range(buyers) for month, period in enumerate(periods, 1)))  # fmt: skip


# entity, prefix of the number, its states with the days after the order
WAYS = (
    ("sales_order", "SO-202501-", (("审批中", 0), ("待签约", 1), ("已生效", 3), ("履约中", 3))),
    ("invoice", "IV-202501-", (("审核中", 30), ("待开具", 31), ("已入账", 32))),
    ("quotation", "QT-", (("审批中", -9), ("已批准", -8), ("已发送", -7))),
    ("sales_return", "RT-", (("待到货", 21), ("已收货", 24), ("已入库", 25), ("已完成", 26))),
    ("refund", "RF-", (("待付款", 26), ("已退款", 28))),
)


def _logs(orders: list[dict[str, Any]], random_: random.Random) -> None:
    few = {"quotation": 2, "sales_return": 10, "refund": 10}
    for entity, prefix, states in WAYS:
        write(StateHistory, (
            {"workspace_id": 1, "entity": entity, "record_id": o["id"], "new": state,
             "number": f"{prefix}{o['id']:06d}", "at": _at(o, days), "by": "sunli"}
            for o in orders[:: few.get(entity, 1)] for state, days in states
        ))  # fmt: skip
    write(ApprovalLog, (
        {"workspace_id": 1, "entity": entity, "number": f"{prefix}{o['id']:06d}", "level": 1,
         "role": "sales_manager", "decision": "approve", "by": random_.choice(OWNERS),
         "at": _at(o, days, o["id"] % 30)}
        for entity, prefix, days in (("sales_order", "SO-202501-", 0), ("quotation", "QT-", -9))
        for o in orders
    ))  # fmt: skip
    _tasks(orders, random_)


def _tasks(orders: list[dict[str, Any]], random_: random.Random) -> None:
    """A finished case of five flows for each order, each with one task."""
    db.session.add_all([
        FileContent(hash="0", content=b""),
        Deployment(id=1, content_hash="0", created_at=AT),
    ])  # fmt: skip
    db.session.flush()
    db.session.add(DeploymentFile(id=1, deployment_id=1, name="p", kind="bpmn", content_hash="0"))
    db.session.flush()
    made = Definition(
        id=1, process_id="p", version=1, deployment_id=1, file_id=1, content_hash="0", name="p",
        starter_groups=[], starter_users=[], uses={}, created_at=AT,
    )  # fmt: skip
    db.session.add(made)
    db.session.commit()
    flows = ("p_051_03_03", "p_051_03_04", "p_051_03_07", "p_051_03_09", "p_051_02_04")
    cases = [(n * len(flows) + k + 1, o, flow) for n, o in enumerate(orders)
             for k, flow in enumerate(flows)]  # fmt: skip
    write(Instance, (
        {"workspace_id": 1, "id": id, "definition_id": 1, "process_id": flow, "state": "ended",
         "started_by": random_.choice(OWNERS), "started_at": _at(o, 0), "ended_at": _at(o, 3),
         "end_event": "published"} for id, o, flow in cases))  # fmt: skip
    write(UserTask, (
        {"workspace_id": 1, "id": id, "instance_id": id, "token_id": 1, "definition_id": 1,
         "process_id": flow, "element_id": "fill", "name": "填写", "state": "done",
         "created_at": _at(o, 0), "completed_at": _at(o, 0, id % 60), "due_at": _at(o, 1),
         "completed_by": random_.choice(OWNERS)} for id, o, flow in cases))  # fmt: skip

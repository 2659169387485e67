"""How fast the reports answer with 100,000 orders: `python -m tests.bench reports`.

Makes customers, orders with lines and all that hangs on them in a database of its own, then asks
every report as a director and as a seller, about all time. Figures are milliseconds of processor
time: SQLite works in the same process, and other programs do not disturb it.
"""

import datetime as dt
import random
import sys
import tempfile
import time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import create_app, viewer
from app.accounts import demo, people
from app.db import db
from app.records.ar_entry import ArEntry
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.opportunity import STAGES, Opportunity
from app.records.product import Product
from app.records.sales_order import OrderLine, ReceiptPlan, SalesOrder
from app.reports import answer, asking
from app.reports.catalogue import REPORTS
from tests.bench import reports_data

OWNERS = ("zhangwei", "lina", "wangqiang", "zhaomin")
AT = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
BASE = {"workspace_id": 1, "row_version": 1, "created_at": AT, "updated_at": AT,
        "created_by": "sunli", "updated_by": "sunli"}  # fmt: skip


def fill(count: int) -> None:
    """`count` orders of a tenth as many customers, with everything that follows from them."""
    random_ = random.Random(3)
    buyers = max(count // 10, 1)
    reports_data.write(Customer, (_customer(n, random_) for n in range(1, buyers + 1)))
    reports_data.write(Product, [BASE | {
        "id": 1, "number": "P-1", "name": "数控主轴", "uom": "台", "state": "在售",
        "std_cost": Decimal(8000), "std_price": Decimal(12000), "floor_price": Decimal(10200),
        "tax_rate": Decimal("0.13"), "over_delivery_rate": Decimal(0),
    }])  # fmt: skip
    orders = [_order(n, buyers, random_) for n in range(1, count + 1)]
    reports_data.write(SalesOrder, orders)
    reports_data.write(OrderLine, ({
        "workspace_id": 1, "id": o["id"], "order_id": o["id"], "seq": 1, "product_id": 1,
        "q_ordered": Decimal(1), "price": o["total"], "resolved_price": Decimal(12000),
        "amount": o["total"], "q_shipped": Decimal(1), "q_delivered": Decimal(o["id"] % 3 > 0),
        "promised_date": o["order_date"] + dt.timedelta(days=14),
    } for o in orders))  # fmt: skip
    reports_data.write(Invoice, (_invoice(o, random_) for o in orders))
    reports_data.write(ArEntry, ({
        "workspace_id": 1, "id": o["id"], "customer_id": o["customer_id"], "type": "invoice",
        "ledger": "应收", "amount": o["total"], "doc_type": "invoice", "doc_no": f"IV-{o['id']}",
        "line": 1, "value_date": o["order_date"], "created_at": AT, "created_by": "chenjing",
    } for o in orders))  # fmt: skip
    reports_data.write(ReceiptPlan, (BASE | {
        "id": o["id"], "number": f"{o['number']}-1", "state": "待回款", "seq": 1, "kind": "应收",
        "customer_id": o["customer_id"], "order_id": o["id"], "basis": "开票后N天",
        "amount": o["total"], "received": Decimal(0), "due_date": o["order_date"],
    } for o in orders))  # fmt: skip
    reports_data.fill(orders, buyers)
    reports_data.write(
        Opportunity, (_opportunity(n, buyers, random_) for n in range(1, count // 4 + 1))
    )
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()


def _customer(n: int, random_: random.Random) -> dict[str, Any]:
    return BASE | {
        "id": n, "number": f"CU-202501-{n:05d}", "state": "有效", "name": f"客户 {n}",
        "name_key": f"客户{n}", "customer_type": "企业", "region": random_.choice(("华东", "华南")),
        "industry": random_.choice(("数控机床", "液压", "电子")), "source": "导入",
        "life_stage": "成交", "grade": random_.choice("ABCD"), "blacklist": False,
        "completeness": Decimal("0.8"), "owner_id": random_.choice(OWNERS),
        "department_id": "east",
    }  # fmt: skip


def _order(n: int, buyers: int, random_: random.Random) -> dict[str, Any]:
    total, owner = Decimal(random_.randrange(9000, 14000)), random_.choice(OWNERS)
    return BASE | {
        "id": n, "number": f"SO-202501-{n:06d}", "state": random_.choice(("履约中", "已完成")),
        "customer_id": random_.randrange(1, buyers + 1), "sales_rep_id": owner, "owner_id": owner,
        "department_id": "east", "total": total, "delivered_amount": total,
        "order_date": dt.date(2025, 1, 1) + dt.timedelta(days=random_.randrange(430)),
    }  # fmt: skip


def _invoice(order: dict[str, Any], random_: random.Random) -> dict[str, Any]:
    return BASE | {
        "id": order["id"], "number": f"IV-202501-{order['id']:06d}", "state": "已入账",
        "kind": "专票", "customer_id": order["customer_id"], "order_id": order["id"],
        "title_text": "客户", "gross": order["total"],
        "open": random_.choice((Decimal(0), order["total"])), "invoice_date": order["order_date"],
        "due_date": order["order_date"] + dt.timedelta(days=30), "owner_id": order["owner_id"],
        "department_id": "east",
    }  # fmt: skip


def _opportunity(n: int, buyers: int, random_: random.Random) -> dict[str, Any]:
    amount = Decimal(random_.randrange(9000, 90000))
    return BASE | {
        "id": n, "number": f"OP-202501-{n:06d}", "name": f"机会 {n}", "stage": random_.choice(STAGES),
        "state": random_.choice(("跟进中", "丢单", "赢单")), "amount": amount, "weighted": amount / 2,
        "probability": 50, "customer_id": random_.randrange(1, buyers + 1),
        "lost_reason": random_.choice(("价格", "交期")), "owner_id": random_.choice(OWNERS),
        "close_date": dt.date(2026, 1, 1) + dt.timedelta(days=random_.randrange(300)),
        "department_id": "east", "cost": Decimal(100),
    }  # fmt: skip


def run(count: int = 100_000) -> dict[str, float]:
    """{report and who asks: milliseconds}, the faster of two."""
    with tempfile.TemporaryDirectory() as folder:
        return _all(folder, count)


def _all(folder: str, count: int) -> dict[str, float]:
    app = create_app({"instance_path": folder, "job_runner": "inline", "secret_key": "bench"})
    with app.app_context():
        db.create_all()
        demo.load_people()
        db.session.commit()
        fill(count)
        found = {
            f"{report.id} {report.name} as {login}, ms": _timed(report, login)
            for report in REPORTS.values()
            for login in ("zhaomin", "lina")
        }
        db.session.remove()
        db.engine.dispose()
    return found


def _timed(report: Any, login: str) -> float:
    looks = viewer.of(people.get(login))  # type: ignore[arg-type]
    spent = []
    for _turn in range(2):
        begin = time.process_time()
        answer.of(report, asking.of(report, {"period": "all"}, looks))
        spent.append((time.process_time() - begin) * 1000)
        db.session.rollback()
    return min(spent)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for figure, value in run(wanted).items():
        sys.stdout.write(f"{figure:60} {value:8.1f}\n")

"""Orders as the delivery and return tests find them: confirmed, with stock reserved."""

import datetime as dt
from decimal import Decimal
from typing import Any

from app.db import db
from app.engine import waits
from app.engine.models import MessageWait
from app.records import audit, write
from app.records.sales_order import OrderLine
from app.records.stock_move import StockMove
from app.records.warehouse_stock import WarehouseStock

HENGYUAN, MINGDA = "CU-202501-0001", "CU-202502-0007"
BY = "linyue"


def order(
    qty: int = 10, price: int = 11400, *, customer: str = HENGYUAN, product: str = "P-1001",
    reserve: int | None = None, **given: Any,
) -> str:  # fmt: skip
    """A running order of one line; `reserve` pieces are reserved (all, if left out)."""
    owner = write.need("customer", customer)
    header = {
        "customer_id": owner.id, "order_date": dt.date(2026, 3, 10), "sales_rep_id": "zhangwei",
        "owner_id": "zhangwei", "department_id": "east", "released": True,
        "ship_to": "上海市嘉定区沪宜公路 1188 号", **given,
    }  # fmt: skip
    made = write.create("sales_order", header, by=BY)
    line = write.create("order_line", {
        "order_id": made.id, "seq": 1, "product_id": product, "q_ordered": qty, "price": price,
    }, by=BY)  # fmt: skip
    write.change(made, {"total": line.amount}, by=BY)
    for state in ("审批中", "待签约", "已生效", "履约中"):
        write.move(made, state, by=BY)
    _reserve(made.number, line, qty if reserve is None else reserve)
    db.session.commit()
    return made.number


def _reserve(number: str, line: OrderLine, qty: int) -> None:
    if qty:
        stock = stock_row(line.product_id)
        write.change(stock, {"reserved": stock.reserved + qty}, by=BY)
        write.change(line, {"q_reserved": qty}, by=BY)
        write.create("stock_move", {
            "kind": "预留", "product_id": line.product_id, "qty": qty, "warehouse": "WH01",
            "reserved_delta": qty, "ref_doc": number, "ref_line": line.seq,
        }, by=BY)  # fmt: skip


def stock_row(product_id: int, bin: str = "可用") -> WarehouseStock:
    query = db.select(WarehouseStock).filter_by(product_id=product_id, bin=bin)
    return db.session.scalars(query).one()


def stock(product: str = "P-1001", bin: str = "可用") -> tuple[Decimal, Decimal]:
    """(on hand, reserved) of one bin; nothing is (0, 0)."""
    db.session.expire_all()
    found = db.session.scalar(
        db.select(WarehouseStock).filter_by(product_id=write.need("product", product).id, bin=bin)
    )
    return (found.on_hand, found.reserved) if found is not None else (Decimal(0), Decimal(0))


def line(order_no: str, seq: int = 1) -> OrderLine:
    db.session.expire_all()
    number = write.need("sales_order", order_no).id
    return db.session.scalars(db.select(OrderLine).filter_by(order_id=number, seq=seq)).one()


def moves(kind: str) -> list[StockMove]:
    return list(db.session.scalars(db.select(StockMove).filter_by(kind=kind)))


def set_stock(on_hand: int, product: str = "P-1001") -> None:
    """The warehouse counted again."""
    row = stock_row(write.need("product", product).id)
    delta = on_hand - row.on_hand
    write.change(row, {"on_hand": on_hand}, by=BY)
    write.create("stock_move", {
        "kind": "移库", "product_id": row.product_id, "qty": abs(delta), "warehouse": "WH01",
        "on_hand_delta": delta, "ref_doc": "盘点",
    }, by=BY)  # fmt: skip
    db.session.commit()


def waits_for(name: str) -> list[str | None]:
    """The keys that tokens wait for this message with."""
    assert waits.KEPT_FOR
    return list(db.session.scalars(db.select(MessageWait.key).filter_by(name=name)))


def sound() -> bool:
    """Every invariant of the records holds."""
    found = list(audit.check_all())
    assert not found, found
    return True

"""库存动作：每次变动写一条流水，同时改现存和预留；冲销是原流水的相反数（records §6 规则 6）。"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step
from app.i18n import _
from app.records import write
from app.records.product import Product
from app.records.stock_move import StockMove
from app.records.warehouse_stock import WarehouseStock
from handlers import steps

HOME = "WH01"
FREE, HELD, SCRAP = "可用", "待检", "报废"
NONE = Decimal(0)


def row_of(product_id: int, warehouse: str = HOME, bin: str = FREE) -> WarehouseStock | None:
    """The stock row, locked until the transaction ends."""
    query = sa.select(WarehouseStock).where(
        WarehouseStock.product_id == product_id, WarehouseStock.warehouse == warehouse,
        WarehouseStock.bin == bin, WarehouseStock.batch == "-",
    )  # fmt: skip
    return db.session.scalar(query.with_for_update())


def available(product_id: int, warehouse: str = HOME) -> Decimal:
    """What can still be promised of a product in one warehouse."""
    row = row_of(product_id, warehouse)
    return row.available if row is not None else NONE


def warehouses() -> list[str]:
    """Every warehouse that has stock, sorted; the home warehouse if there is none."""
    found = db.session.scalars(sa.select(WarehouseStock.warehouse).distinct())
    return sorted({HOME, *found})


def post(
    step: Step, kind: str, product_id: int, qty: Decimal, *, doc: str, line: int | None = None,
    warehouse: str = HOME, bin: str = FREE, on_hand: int = 0, reserved: int = 0,
    reverses: StockMove | None = None,
) -> StockMove:  # fmt: skip
    """One move of `qty` pieces; `on_hand` and `reserved` are -1, 0 or 1.

    Raises E_STOCK_SHORT with the missing quantity when stock would fall below zero.
    """
    row = row_of(product_id, warehouse, bin) or write.create(
        "warehouse_stock", {"warehouse": warehouse, "product_id": product_id, "bin": bin},
        by=steps.actor(step), at=step.now,
    )  # fmt: skip
    new_hand, new_reserved = row.on_hand + on_hand * qty, row.reserved + reserved * qty
    if new_hand < 0 or new_reserved < 0 or new_reserved > new_hand:
        raise short(product_id, qty, row)
    write.change(row, {"on_hand": new_hand, "reserved": new_reserved}, **steps.writing(step))
    given = {
        "kind": kind, "product_id": product_id, "qty": qty, "warehouse": warehouse, "bin": bin,
        "on_hand_delta": on_hand * qty, "reserved_delta": reserved * qty, "ref_doc": doc,
        "ref_line": line, "reverses_id": reverses.id if reverses is not None else None,
    }  # fmt: skip
    return write.create("stock_move", given, **steps.writing(step))


def short(product_id: int, qty: Decimal, row: WarehouseStock) -> BpmnError:
    """E_STOCK_SHORT that says which product, how much is wanted and how much there is."""
    product = db.session.get_one(Product, product_id)
    text = _(
        "%(name)s（%(number)s）库存不足：需要 %(wanted)s，可用 %(free)s。",
        name=product.name, number=product.number, wanted=shown(qty), free=shown(row.available),
    )  # fmt: skip
    return BpmnError("E_STOCK_SHORT", text, problems=text)


def moves(doc: str, kinds: Iterable[str], line: int | None = None) -> list[StockMove]:
    """The moves of a document that nobody has reversed, oldest first."""
    reversed_ids = sa.select(StockMove.reverses_id).where(StockMove.reverses_id.is_not(None))
    query = sa.select(StockMove).where(
        StockMove.ref_doc == doc, StockMove.kind.in_(tuple(kinds)),
        StockMove.id.not_in(reversed_ids), StockMove.reverses_id.is_(None),
    )  # fmt: skip
    if line is not None:
        query = query.where(StockMove.ref_line == line)
    return list(db.session.scalars(query.order_by(StockMove.id)))


def reverse(step: Step, move: StockMove, kind: str = "冲销") -> StockMove:
    """The exact negative of a move is posted."""
    return post(
        step, kind, move.product_id, move.qty, doc=move.ref_doc, line=move.ref_line,
        warehouse=move.warehouse, bin=move.bin, on_hand=-_sign(move.on_hand_delta),
        reserved=-_sign(move.reserved_delta), reverses=move,
    )  # fmt: skip


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)


def shown(qty: Any) -> str:
    """A quantity without needless noughts: 10, 2.5."""
    return f"{Decimal(qty).normalize():f}"

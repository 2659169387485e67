"""/records/stock: what lies where, how much of it is promised, what is free; the latest moves."""

from typing import Any

import sqlalchemy as sa
from flask import render_template, request
from flask_login import login_required

from app import errors, viewer
from app.db import db
from app.records.product import Product
from app.records.stock_move import StockMove
from app.records.warehouse_stock import WarehouseStock
from app.registry import routes

MOST, MOVES = 200, 20
FREE_BIN = "可用"


@routes.pages.get("/stock")
@login_required
def stock() -> str:
    """Each product by warehouse: on hand, reserved, available, and what is held back."""
    if viewer.here().is_outside:
        raise errors.NotFound()
    words = request.args.get("q", "").strip()[:60]
    warehouse = request.args.get("warehouse", "")[:20]
    return render_template(
        "registry/stock.html", room="records", q=words, warehouse=warehouse, most=MOST,
        rows=_rows(words, warehouse), moves=_moves(words, warehouse), warehouses=_warehouses(),
    )  # fmt: skip


def _fits(words: str, warehouse: str, model: Any) -> list[Any]:
    wanted = []
    if words:
        wanted.append(
            sa.or_(Product.number == words, Product.name.contains(words, autoescape=True))
        )
    if warehouse:
        wanted.append(model.warehouse == warehouse)
    return wanted


def _rows(words: str, warehouse: str) -> list[Any]:
    """(product, warehouse, on hand, reserved, held back) of each pair, in one query."""
    row = WarehouseStock
    free = row.bin == FREE_BIN
    query = (
        sa.select(
            Product, row.warehouse,
            sa.func.sum(sa.case((free, row.on_hand), else_=0)),
            sa.func.sum(sa.case((free, row.reserved), else_=0)),
            sa.func.sum(sa.case((free, 0), else_=row.on_hand)),
        )
        .join(Product, Product.id == row.product_id)
        .where(*_fits(words, warehouse, row))
        .group_by(Product.id, row.warehouse)
        .order_by(Product.number, row.warehouse)
        .limit(MOST)
    )  # fmt: skip
    return list(db.session.execute(query))


def _moves(words: str, warehouse: str) -> list[Any]:
    query = (
        sa.select(StockMove, Product)
        .join(Product, Product.id == StockMove.product_id)
        .where(*_fits(words, warehouse, StockMove))
        .order_by(StockMove.id.desc())
        .limit(MOVES)
    )
    return list(db.session.execute(query))


def _warehouses() -> list[str]:
    query = sa.select(WarehouseStock.warehouse).distinct().order_by(WarehouseStock.warehouse)
    return list(db.session.scalars(query.limit(100)))

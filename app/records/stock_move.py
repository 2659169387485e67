"""Stock moves: every change of stock, append-only; a reversal is the exact negative."""

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entry, Record
from app.records.warehouse_stock import BINS

KINDS = ("预留", "释放", "出库", "退回入库", "拒收入库", "移库", "冲销", "期初")


class StockMove(Entry, db.Model):
    """One move. `on_hand_delta` and `reserved_delta` are what it did to the stock row."""

    __tablename__ = "stock_move"
    record = Record(
        "库存流水", area="stock", title="kind", sight="open", icon="arrows-exchange",
        columns=("created_at", "kind", "product_id", "qty", "warehouse", "bin", "ref_doc",
                 "created_by"),
        filters=("kind", "product_id", "warehouse", "bin"), search=("ref_doc",),
    )  # fmt: skip
    __rules__ = (
        sa.Index("ix_stock_move_doc", "workspace_id", "ref_doc"),
        sa.CheckConstraint("qty > 0", name="qty"),
    )
    kind: Mapped[str] = fields.choice("类型", KINDS, required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    qty: Mapped[Decimal] = fields.qty("数量", required=True, least=0)
    warehouse: Mapped[str] = fields.text("仓库", 20, required=True)
    bin: Mapped[str] = fields.choice("货位", BINS, required=True, default="可用")
    batch: Mapped[str] = fields.text("批次", 40, required=True, default="-")
    on_hand_delta: Mapped[Decimal] = fields.qty("现存变化", required=True, default=0)
    reserved_delta: Mapped[Decimal] = fields.qty("预留变化", required=True, default=0)
    ref_doc: Mapped[str] = fields.text("单据", 60, required=True)
    ref_line: Mapped[int | None] = fields.whole("行号")
    reverses_id: Mapped[int | None] = fields.ref("冲销", "stock_move")

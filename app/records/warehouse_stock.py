"""Stock: what lies where, and how much of it is promised. Only bin 可用 may be reserved."""

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Line, Record, unique

BINS = ("可用", "待检", "报废")


class WarehouseStock(Line, db.Model):
    """One product in one bin of one warehouse; available = on_hand - reserved."""

    __tablename__ = "warehouse_stock"
    record = Record(
        "库存", area="stock", title="warehouse", sight="open", icon="building-warehouse",
        columns=("product_id", "warehouse", "bin", "batch", "on_hand", "reserved"),
        filters=("warehouse", "bin", "product_id"), search=("warehouse", "batch"),
        totals=("on_hand", "reserved"),
    )  # fmt: skip
    __rules__ = (
        unique("warehouse", "product_id", "bin", "batch"),
        sa.CheckConstraint("on_hand >= 0", name="on_hand"),
        sa.CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
        sa.CheckConstraint("bin = '可用' OR reserved = 0", name="bin_reserved"),
    )
    warehouse: Mapped[str] = fields.text("仓库", 20, required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    bin: Mapped[str] = fields.choice("货位", BINS, required=True, default="可用")
    batch: Mapped[str] = fields.text("批次", 40, required=True, default="-")
    on_hand: Mapped[Decimal] = fields.qty("现存", required=True, default=0, least=0)
    reserved: Mapped[Decimal] = fields.qty("预留", required=True, default=0, least=0)

    @property
    def available(self) -> Decimal:
        """What can still be promised."""
        return self.on_hand - self.reserved

"""Products: what is sold; the code is the number (records_sales §2)."""

from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Record, Related


class Product(Entity, db.Model):
    """A product. Prices include tax; the rate sits here."""

    __tablename__ = "product"
    record = Record(
        "产品", area="stock", title="name", sight="open", icon="package",
        columns=("number", "name", "category", "uom", "std_price", "floor_price", "tax_rate",
                 "state"),
        filters=("state", "category", "serial_managed", "custom_made"),
        search=("number", "name", "category"),
        states={"在售": ("停售",), "停售": ("在售",)},
        sections=(("产品", ("name", "category", "uom", "std_price", "floor_price", "tax_rate",
                            "serial_managed", "custom_made", "over_delivery_rate", "remark")),),
        related=(Related("warehouse_stock", "product_id"), Related("stock_move", "product_id")),
    )  # fmt: skip
    name: Mapped[str] = fields.text("名称", 100, required=True)
    category: Mapped[str | None] = fields.text("类别", 40, index=True)
    uom: Mapped[str] = fields.text("单位", 10, required=True, default="台")
    std_cost: Mapped[Decimal] = fields.money("标准成本", required=True, default=0, least=0,
                                             private=True)  # fmt: skip
    std_price: Mapped[Decimal | None] = fields.price("标准价", least=0)
    floor_price: Mapped[Decimal | None] = fields.price("底价", least=0)
    tax_rate: Mapped[Decimal] = fields.rate("税率", required=True, default=Decimal("0.13"), least=0)
    serial_managed: Mapped[bool] = fields.flag("序列号管理")
    custom_made: Mapped[bool] = fields.flag("定制")
    over_delivery_rate: Mapped[Decimal] = fields.rate("超交比例", required=True, default=0, least=0)

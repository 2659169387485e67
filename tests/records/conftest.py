"""The demo records, and a customer made on the spot."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import records
from app.db import db


@pytest.fixture
def demo(app: Flask) -> None:
    """The catalogue's records are in the database."""
    records.demo.load_records()
    db.session.commit()


@pytest.fixture
def customer(app: Flask) -> Callable[..., Any]:
    """`customer("杭州启明精密有限公司", owner_id="lina")` is a live customer."""

    def make(name: str, **given: Any) -> Any:
        facts = {"name": name, "customer_type": "企业", "source": "自行开发", "region": "华东",
                 "owner_id": "zhangwei", "department_id": "east", **given}  # fmt: skip
        row = records.create("customer", facts, by="zhangwei")
        records.move(row, "有效", by="sunli")
        return row

    return make

"""The demo records behind the pages."""

import pytest
from flask import Flask

from app import records
from app.db import db


@pytest.fixture
def demo(app: Flask) -> None:
    """The catalogue's records are in the database."""
    records.demo.load_records()
    db.session.commit()

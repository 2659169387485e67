"""A case that has ended, and one that is archived."""

import pytest

from app import clock
from app.db import db
from app.engine.archived import ArchivedCase
from tests.operate import old


@pytest.fixture
def case(app):
    old.publish()
    return old.finish()


@pytest.fixture
def archived(case):
    clock.stop_at(old.LATER)
    old.look()
    assert db.session.get(ArchivedCase, case) is not None
    return case

"""The panel of the record that a case is about, beside its tasks."""

import pytest

from app.db import db
from tests.flows.conftest import app, published, stage  # noqa: F401 - the company and its stage
from tests.flows.test_051_01_01 import qian

RECORD = "/records/customer/CU-202501-0001"


@pytest.fixture
def task(stage):  # noqa: F811 - the fixture
    """张伟 adds a contact to 上海恒远; the case is about that customer."""
    case = stage.start("p_051_01_01", "zhangwei")
    stage.do("edit_profile", "zhangwei", "load", case=case, mode="add_contact",
             customer_id="CU-202501-0001", contacts=[qian()])  # fmt: skip
    return stage.task("edit_profile", case)


def test_the_record_stands_beside_the_task_for_those_who_may_see_it(task, as_user):
    task.instance.business_key = "CU-202501-0001"
    db.session.commit()
    page = as_user("zhangwei").get(f"/tasks/{task.id}").text
    assert f'href="{RECORD}"' in page and "上海恒远机械有限公司" in page


def test_a_record_that_the_reader_may_not_see_is_not_shown(task, as_user):
    task.instance.business_key = "CU-202502-0007"  # 李娜's
    db.session.commit()
    assert (
        "CU-202502-0007" not in as_user("zhangwei").get(f"/tasks/{task.id}").text.split("<aside")[1]
    )

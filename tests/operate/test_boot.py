"""The server is there again soon after it died: it loads what it needs, and nothing looks for garbage
meanwhile."""

import gc
import subprocess
import sys

import pytest
from werkzeug.security import generate_password_hash

import config
from app import loading, pinyin
from app.accounts import routes

LATER = ("alembic", "celery", "mako", "openpyxl", "playwright", "pygments", "pypinyin",
         "weasyprint")  # fmt: skip


@pytest.fixture
def collecting():
    """The collector is at work, as it is again afterwards."""
    gc.enable()
    yield
    gc.enable()


def test_what_a_server_may_never_need_is_not_loaded(tmp_path):
    program = (
        "import gc, sys; from app import create_app\n"
        f"create_app({{'instance_path': {str(tmp_path)!r}, 'job_runner': 'local'}})\n"
        f"print(sorted(set({LATER!r}) & set(sys.modules)), gc.isenabled())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=config.ROOT, capture_output=True, text=True
    )
    assert done.stdout == "[] True\n", done.stderr


def test_the_collector_rests_while_something_loads(collecting):
    with loading.undisturbed():
        assert not gc.isenabled()
        with loading.undisturbed():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the outer one is not done"
    assert gc.isenabled()


def test_it_works_again_when_loading_failed(collecting):
    with pytest.raises(ImportError), loading.undisturbed():
        raise ImportError
    assert gc.isenabled()


def test_the_dictionary_of_pinyin_is_there_when_it_is_needed(collecting):
    assert [pinyin.initials(name) for name in ("张伟", "重庆 A1", "")] == ["zw", "cq a1", ""]
    assert pinyin.initials("行-x", lambda text: text.strip("-")) == "xx"
    assert gc.isenabled()


def test_a_login_that_nobody_has_is_compared_as_slowly_as_a_persons():
    method = generate_password_hash("x").split("$")[0]
    assert routes.NOBODY.split("$")[0] == method

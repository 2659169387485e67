"""Forms to test with, and a directory that knows two people and one customer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.engine import forms

SAMPLES = Path(__file__).parent / "samples"
PEOPLE = {"zhangwei": ("张伟", {"sales_rep"}), "wangqiang": ("王强", {"sales_manager"})}
LEAST = {
    "customer.name": "杭州启明", "customer.kind": "企业", "customer.licence": "A1",
    "agreed": "true", "contacts[0].name": "钱进", "contacts[0].is_primary": "true",
}  # fmt: skip


class Known:
    """The people above, and CU-1."""

    def record(self, entity: str, key: str) -> dict[str, Any] | None:
        known = (entity, key) == ("customer", "CU-1")
        return {"value": key, "label": "恒远机械", "meta": "CU-1"} if known else None

    def person(self, login: str, group: str | None) -> dict[str, Any] | None:
        name, groups = PEOPLE.get(login, ("", set()))
        return {"value": login, "label": name, "meta": ""} if name and (
            not group or group in groups
        ) else None  # fmt: skip

    def panel(self, entity: str, key: str) -> dict[str, Any] | None:
        if self.record(entity, key) is None:
            return None
        return {"label": "恒远机械", "href": "/records/customer/CU-1",
                "facts": [{"label": "区域", "value": "华东"}]}  # fmt: skip


@pytest.fixture
def directory() -> Known:
    return Known()


@pytest.fixture
def form(app: Any) -> Callable[..., forms.Form]:
    """`form("every")` is a sample; `form([component, …])` is made of these components."""

    def make(what: str | list[dict[str, Any]]) -> forms.Form:
        if isinstance(what, str):
            return forms.load((SAMPLES / f"{what}.form").read_bytes(), f"{what}.form")
        return forms.load(_text(what), "made.form")

    return make


@pytest.fixture
def findings(app: Any) -> Callable[[list[dict[str, Any]]], list[str]]:
    """The codes of what is wrong with a form of these components."""

    def check(components: list[dict[str, Any]]) -> list[str]:
        return [finding.code for finding in forms.check(_text(components), "made.form")]

    return check


def _text(components: list[dict[str, Any]]) -> str:
    import json

    return json.dumps({"type": "default", "id": "made", "components": components})


@pytest.fixture
def judged(app: Any, directory: Known) -> Callable[..., forms.Judged]:
    """The sample of every component, with the least that it wants and these texts over it."""
    schema = forms.load((SAMPLES / "every.form").read_bytes(), "every.form")

    def judge(texts: dict[str, Any] | None = None, **how: Any) -> forms.Judged:
        context = {"least": 5, "most": 3, "all_areas": ["华东", "华南"], "who": "他",
                   **how.pop("context", {})}  # fmt: skip
        posted = {k: v for k, v in {**LEAST, **(texts or {})}.items() if v is not None}
        outcome = how.pop("outcome", "approve")
        return forms.judge(
            schema, posted, how.pop("files", None), context, outcome,
            directory=directory, **how,
        )  # fmt: skip

    return judge

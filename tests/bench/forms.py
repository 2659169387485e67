"""A form of twenty fields: judged when it is handed in, drawn when its page is refreshed."""

import json
import tempfile
from typing import Any

from flask import render_template

from app import feel
from app.engine import forms
from tests.bench.engine import application
from tests.bench.feel import CONTEXT, TEXT, microseconds

FIELDS = 20


def made() -> forms.Form:
    """Twenty fields that must be filled in, two of them only sometimes shown."""
    fields = []
    for number in range(FIELDS):
        key = f"a{number}"
        field = {"type": "number" if number % 2 else "textfield", "id": key, "key": key,
                 "label": "甲", "validate": {"required": True}}  # fmt: skip
        if number >= FIELDS - 2:
            field["conditional"] = {"hide": '=a0 = "x"'}
        fields.append(field)
    text = {"type": "default", "id": "twenty", "schemaVersion": 18, "components": fields}
    return forms.load(json.dumps(text).encode(), "twenty.form")


def run() -> dict[str, Any]:
    """Microseconds to judge and to draw it, and how many FEEL conditions take as long."""
    form, posted = made(), {f"a{number}": str(number) for number in range(FIELDS)}
    assert forms.judge(form, posted).ok
    condition = feel.compile(TEXT)

    def draw() -> None:
        view = forms.view(form, {})
        render_template("form/refresh.html", tf={"view": view, "saved_at": None})

    with tempfile.TemporaryDirectory() as folder:
        app = application(folder)
        with app.test_request_context():
            one = microseconds(lambda: condition(CONTEXT))
            judged = microseconds(lambda: forms.judge(form, posted), 50)
            drawn = microseconds(draw, 20)
    return {
        "judge_us": round(judged, 1),
        "draw_us": round(drawn, 1),
        "judged_as_so_many_conditions": round(judged / one, 1),
        "drawn_as_so_many_conditions": round(drawn / one, 1),
        "within_limits": judged <= 1000 and drawn <= 5000,
    }

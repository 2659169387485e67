"""Task forms: what a `.form` file (Camunda Forms JSON) asks, shows and accepts.

`load` reads a file or says what is wrong with it, `judge` turns what a browser posted into typed
values or errors beside the fields, `judge_values` does the same for values of a program, `view`
is what a template draws. No request, no database, no records: those come in as arguments.
"""

from app.engine.forms.component import Button, Component, Form, Option
from app.engine.forms.directory import Directory
from app.engine.forms.drawing import view
from app.engine.forms.reading import check, load, load_file
from app.engine.forms.verdict import Judged, judge, judge_values

__all__ = [
    "Button", "Component", "Directory", "Form", "Judged", "Option",
    "check", "judge", "judge_values", "load", "load_file", "view",
]  # fmt: skip

"""What a task's form shows, read as its person reads it: nothing stands there as it is stored."""

import re
from collections.abc import Iterable, Iterator

from app.accounts.models import User
from app.engine.forms.drawing import Field, View
from app.engine.models import UserTask
from app.inbox import forms as inbox_forms

STORED = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d"  # a moment, in UTC
    r"|\d\d:\d\d:\d\d"
    r"|[+]00:00"
    r"|Decimal\(|datetime\.|\bNone\b|\b[Tt]rue\b|\b[Ff]alse\b|\bnull\b|[{}\[\]]|=FEEL"
    r"|\d\.\d{5,}"  # a quotient nobody rounded
    r"|(?<![\d,.])\d{5,}\.\d{2}(?!\d)"  # an amount without its commas
)
CODE = re.compile(r"[a-z]{3,}(_[a-z0-9]+)*")  # approve, sales_manager, zhangwei


def raw(task: UserTask, user: User) -> list[str]:
    """Every text of the task's form that is a stored value and no word or number of a person's."""
    form = inbox_forms.form_of(task)
    drawn = inbox_forms.drawn_in(form, task, user, None, None, False)
    return [f"{where}: {text}" for where, text in texts(drawn) if is_raw(text)]


def is_raw(text: str) -> bool:
    """Would nobody but a programmer write it so?"""
    return bool(STORED.search(text) or CODE.fullmatch(text.strip()))


def texts(view: View) -> Iterator[tuple[str, str]]:
    """(where, text) of all that is shown, without what stands in a field to be typed over."""
    for section in view.sections:
        yield section.id, section.title
        yield section.id, section.hint
        yield from _of_fields((*section.fields, *section.totals))


def _of_fields(fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    for one in fields:
        if one.hidden:
            continue
        where = one.name or one.id
        yield from ((where, text) for text in (one.label, one.hint, one.suffix, one.prefix))
        yield from ((where, option["label"]) for option in one.options)
        yield from ((where, cell) for row in one.cells for cell in row)
        yield from ((where, str(fact["value"])) for fact in (one.panel or {}).get("facts", ()))
        if one.prose:
            yield where, re.sub(r"<[^>]+>", " ", str(one.prose))
        if one.kind == "computed" or (one.locked and one.kind == "textfield" and not one.source):
            if one.mode not in ("date", "time", "datetime-local"):
                yield where, one.text
        yield from _of_fields(one.fields)
        for line in one.rows:
            yield from _of_fields(line.fields)

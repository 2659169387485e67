"""What a survey page shows, and what a browser handed in as answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from app.db import db
from app.records.survey import Questionnaire, Survey, SurveyRecipient
from handlers import questions

LONGEST = 2000


def recipient(token: str) -> SurveyRecipient | None:
    """Whose link this is."""
    if not 20 <= len(token) <= 60:
        return None
    return db.session.scalar(sa.select(SurveyRecipient).where(SurveyRecipient.token == token))


def of(row: SurveyRecipient) -> tuple[Survey, Questionnaire | None]:
    """The survey that the link belongs to, and its questions."""
    survey = db.session.get_one(Survey, row.survey_id)
    return survey, db.session.get(Questionnaire, survey.questionnaire_id or 0)


def shown(sheet: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each question as the page draws it: number, kind of field, what to choose from."""
    return [
        {
            "number": str(number), "text": one.get("text"), "kind": one.get("qtype"),
            "required": bool(one.get("required")), "options": questions.options(one),
            "scale": _scale(one), "jumps": questions.pairs(one.get("jump_rule")),
        }
        for number, one in enumerate(sheet, 1)
    ]  # fmt: skip


def _scale(question: Mapping[str, Any]) -> list[int]:
    kind = question.get("qtype")
    low, high = questions.RATED.get(str(kind), questions.GRID)
    return list(range(low, high + 1)) if kind in questions.RATED or kind == "矩阵" else []


def read(sheet: Sequence[Mapping[str, Any]], given: MultiDict[str, str]) -> dict[str, Any]:
    """{question number: answer} of what was handed in; unanswered questions are left out."""
    found: dict[str, Any] = {}
    for number, one in enumerate(sheet, 1):
        key = f"q{number}"
        answer: Any
        if one.get("qtype") == "多选":
            answer = given.getlist(key)[:100]
        elif one.get("qtype") == "矩阵":
            rows = enumerate(questions.options(one), 1)
            marks = {row: given.get(f"{key}_{n}") for n, row in rows}
            answer = {row: mark for row, mark in marks.items() if mark}
        else:
            answer = (given.get(key) or "").replace("\x00", "").strip()[:LONGEST]
        if answer:
            found[str(number)] = answer
    return found

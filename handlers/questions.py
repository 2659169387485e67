"""问卷的规则：题目合不合格，答卷全不全，怎么计分（051-04 §5）。只有函数，没有流程步骤。"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from app.i18n import _

MOST = 40
CHOICES = ("单选", "多选")
RATED = {"评分1-10": (1, 10), "评分1-5": (1, 5), "NPS0-10": (0, 10)}
GRID = (1, 5)
COMPLAINT = re.compile("投诉|差评|骗|退货|退款")
WANTS = re.compile("想买|购买|采购|报价|合作意向")
Question = Mapping[str, Any]


def options(question: Question) -> list[str]:
    """The choices, one per line in the form."""
    return [
        line.strip() for line in str(question.get("options") or "").splitlines() if line.strip()
    ]


def pairs(text: Any) -> dict[str, str]:
    """`满意=5；一般=3` as {满意: 5, 一般: 3}."""
    parts = re.split(r"[;；,，\n]", str(text or ""))
    return {
        left.strip(): right.strip()
        for left, sign, right in (part.partition("=") for part in parts)
        if sign
    }


def is_scored(question: Question) -> bool:
    """Does the answer count towards the score?"""
    return question.get("qtype") in RATED or bool(pairs(question.get("score_map")))


def problems(questions: Sequence[Question]) -> list[str]:
    """Everything that forbids publishing the questionnaire, in sentences (E_SURVEY_INVALID)."""
    if not questions:
        return [_("问卷至少要有一题。")]
    found = []
    if len(questions) > MOST:
        found.append(_("题目最多 %(most)s 题，现在有 %(now)s 题。", most=MOST, now=len(questions)))
    for number, question in enumerate(questions, 1):
        found += _wrong(number, question, len(questions))
    scored = [question for question in questions if is_scored(question)]
    weights = sum(Decimal(question.get("weight") or 0) for question in scored)
    if scored and weights != 100:
        found.append(_("计分题的权重合计要是 100，现在是 %(now)s。", now=weights))
    return found


def _wrong(number: int, question: Question, count: int) -> list[str]:
    found = []
    if question.get("qtype") in (*CHOICES, "矩阵") and len(options(question)) < 2:
        found.append(_("第 %(n)s 题至少要有两个选项。", n=number))
    for target in pairs(question.get("jump_rule")).values():
        if not target.isdigit() or not number < int(target) <= count:
            found.append(_("第 %(n)s 题跳到的题目不存在或在前面：%(to)s。", n=number, to=target))
    for score in pairs(question.get("score_map")).values():
        if _number(score) is None or not 0 <= (_number(score) or 0) <= 5:
            found.append(_("第 %(n)s 题的分值要在 0 到 5 之间。", n=number))
    return found


def _number(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def asked(questions: Sequence[Question], answers: Mapping[str, Any]) -> list[int]:
    """The numbers of the questions that are to be answered: those that no answer jumps over."""
    found, number = [], 1
    while number <= len(questions):
        found.append(number)
        jumps = pairs(questions[number - 1].get("jump_rule"))
        target = jumps.get(str(answers.get(str(number)) or ""))
        number = int(target) if target else number + 1
    return found


def wrong_answers(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, str]:
    """{question number: what is wrong with its answer}; empty when all is well."""
    found = {}
    for number in asked(questions, answers):
        question, given = questions[number - 1], answers.get(str(number))
        if given in (None, "", [], {}):
            if question.get("required"):
                found[str(number)] = _("这一题必须回答。")
        elif not fits(question, given):
            found[str(number)] = _("请从给出的答案里选。")
    return found


def fits(question: Question, given: Any) -> bool:
    """Is this an answer to the question?"""
    kind = question.get("qtype")
    if kind == "单选":
        return given in options(question)
    if kind == "多选":
        return isinstance(given, list) and set(given) <= set(options(question))
    if kind in RATED:
        return _within(given, RATED[kind])
    if kind == "矩阵":
        rows = options(question)
        return isinstance(given, Mapping) and all(
            row in rows and _within(value, GRID) for row, value in given.items()
        )
    if kind == "数字":
        return _number(given) is not None
    return isinstance(given, str) and len(given) <= 2000


def _within(value: Any, bounds: tuple[int, int]) -> bool:
    number = _number(value)
    return number is not None and number == int(number) and bounds[0] <= number <= bounds[1]


def score(questions: Sequence[Question], answers: Mapping[str, Any]) -> Decimal | None:
    """The weighted score, 0..5 with two places; None if nothing that counts was answered.

    A 1-10 question counts half (051-04 §5).
    """
    total, weights = Decimal(0), Decimal(0)
    for number, question in enumerate(questions, 1):
        points = _points(question, answers.get(str(number)))
        weight = Decimal(question.get("weight") or 0)
        if points is not None and weight:
            total, weights = total + points * weight, weights + weight
    return (total / weights).quantize(Decimal("0.01")) if weights else None


def _points(question: Question, given: Any) -> Decimal | None:
    if given in (None, "", []):
        return None
    mapped = pairs(question.get("score_map"))
    if mapped:
        return _number(mapped.get(str(given), ""))
    if question.get("qtype") not in RATED:
        return None
    value = Decimal(str(given))
    return value if question["qtype"] == "评分1-5" else value / 2


def words(answers: Mapping[str, Any]) -> str:
    """Everything that was written in words."""
    return "；".join(str(value) for value in answers.values() if isinstance(value, str))

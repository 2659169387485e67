"""GET shows the questions, POST takes the answers; every ending has a page of its own."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request
from flask_babel import force_locale
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from app import clock
from app.db import db
from app.engine import run
from app.engine.handlers import BpmnError
from app.i18n import _
from app.records.survey import OPEN, Questionnaire, Survey, SurveyRecipient
from app.survey import pace, sheet
from handlers import questions, survey_run

survey = Blueprint("survey", __name__, url_prefix="/survey")
SYSTEM = "system"
OLDEST = 30 * 24 * 3600  # seconds for which an opened page may be handed in


@survey.before_request
def _not_too_often() -> None:
    if pace.too_often(request.remote_addr or ""):
        abort(429)


@survey.after_request
def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@survey.get("/<token>")
def ask(token: str) -> tuple[str, int]:
    """The questions of this link, or why there are none any more."""
    row = sheet.recipient(token)
    if row is None:
        return _page("unknown", 404)
    found, paper = sheet.of(row)
    over = _over(row, found)
    if over or paper is None:
        return _page(over or "closed", 200, survey=found)
    return _questions(token, found, paper, {}, {})


@survey.post("/<token>")
def answer(token: str) -> tuple[str, int]:
    """The answers are stored once, and the case that waits for them goes on."""
    row = sheet.recipient(token)
    if row is None:
        return _page("unknown", 404)
    found, paper = sheet.of(row)
    if row.state == "已答" or paper is None:
        return _page("answered", 200, survey=found)
    given = sheet.read(paper.questions or [], request.form)
    took = _seconds(token)
    with _speaking():
        wrong = questions.wrong_answers(paper.questions or [], given)
    if took is None or took < survey_run.TOO_FAST or wrong:
        fast = "" if wrong else _fast()
        return _questions(token, found, paper, given, wrong, notice=fast)
    return _page(_keep(row, found, token, given, took), 200, survey=found)


def _keep(row: SurveyRecipient, found: Survey, token: str, given: dict[str, Any], took: int) -> str:
    try:
        run.correlate("msg_survey_reply", token, {"answers": given, "duration_s": took})
    except run.NobodyWaits:
        # past the deadline, or a colleague is just about to telephone
        try:
            survey_run.keep(found, row, given, took, at=clock.now(), by=SYSTEM)
        except BpmnError as error:
            return "answered" if error.code == "E_ALREADY_ANSWERED" else "closed"
    try:
        db.session.commit()
    except StaleDataError:
        db.session.rollback()
        return "answered"
    return "thanks"


def _over(row: SurveyRecipient, found: Survey) -> str | None:
    if row.state == "已答":
        return "answered"
    late = found.deadline is not None and clock.now() > found.deadline
    return "closed" if late or row.state not in OPEN or found.state in survey_run.OVER else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="survey")


def _seconds(token: str) -> int | None:
    """How long the page was open; None if it was not opened by us."""
    try:
        began = _signer().loads(request.form.get("began", ""), max_age=OLDEST)
    except BadData:
        return None
    return max(0, int(clock.real_now().timestamp()) - int(began["at"])) if (
        began.get("token") == token) else None  # fmt: skip


def _speaking() -> AbstractContextManager[None]:
    """Texts are in the language that the address names, else in the browser's."""
    chosen = request.args.get("lang")
    return force_locale(chosen) if chosen in ("zh", "en") else nullcontext()


def _fast() -> str:
    with _speaking():
        return _("您答得很快，请再看一遍题目，然后提交。")


def _questions(
    token: str, found: Survey, paper: Questionnaire, given: dict[str, Any],
    wrong: dict[str, str], notice: str = "",
) -> tuple[str, int]:  # fmt: skip
    began = request.form.get("began") or _signer().dumps(
        {"token": token, "at": int(clock.real_now().timestamp())}
    )
    return _page(
        "ask", 422 if wrong else 200, survey=found, intro=paper.intro, given=given, wrong=wrong,
        questions=sheet.shown(paper.questions or []), began=began, notice=notice,
    )  # fmt: skip


def _page(name: str, status: int, **context: Any) -> tuple[str, int]:
    with _speaking():
        return render_template(f"survey/{name}.html", **context), status

"""What is found wrong while a form is read, each with its place and the way out."""

from decimal import Decimal, InvalidOperation
from typing import Any

import regex

from app import feel
from app.engine.findings import ERROR, WARNING, Finding
from app.engine.forms.component import Rule
from app.i18n import _, language

# written like this only in Python or .NET: the browser's preview would refuse it
_FOREIGN = regex.compile(r"\(\?(?:P[<=>]|[aiLmsux]+[):-]|#|>|R|&|\()|\\[AZzGKQE]|[*+?}]\+|\[\[:")


class Notes:
    """Findings about one file; `at` says which component is being read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.names: set[str] = set()  # every free name that an expression reads
        self.texts: list[str] = []  # every expression
        self._element: str | None = None
        self._name: str | None = None

    def at(self, raw: dict[str, Any]) -> None:
        """What follows is about this component."""
        self._element = str(raw.get("key") or raw.get("path") or raw.get("id") or "") or None
        self._name = str(raw.get("label") or "") or None

    def add(
        self, code: str, message: str, remedy: str, *, line: int = 0, severity: str = ERROR
    ) -> None:
        """One more finding about the present component."""
        self.findings.append(
            Finding(self.file, f"form.{code}", message, remedy, self._element, self._name, line,
                    severity)
        )  # fmt: skip

    def warn(self, code: str, message: str, remedy: str) -> None:
        """Worth knowing, but the form can be used."""
        self.add(code, message, remedy, severity=WARNING)

    def once(self, code: str, message: str, remedy: str) -> None:
        """As `add`, unless it has been said already."""
        if not any(finding.code == f"form.{code}" for finding in self.findings):
            self.add(code, message, remedy)

    def rule(self, value: Any) -> Rule:
        """A constant, or the expression after a leading `=`."""
        if not isinstance(value, str) or not value.lstrip().startswith("="):
            return Rule(value)
        return self.expression(value.lstrip()[1:])

    def expression(self, text: str) -> Rule:
        """A FEEL expression; one that does not compile is a finding."""
        try:
            expression = feel.compile(text)
        except feel.FeelError as error:
            problem = error.message if language() == "zh" else error.message_en
            self.add(
                "feel", _("表达式“%(text)s”：%(problem)s", text=text[:80], problem=problem),
                _("按 FEEL 改写表达式"),
            )  # fmt: skip
            return Rule()
        self.names |= set(expression.names)
        self.texts.append(text)
        return Rule(expression=expression)

    def bound(self, value: Any) -> Rule:
        """A limit: a number, text that is one, or `=FEEL`."""
        if value is None or value == "":
            return Rule()
        rule = self.rule(value)
        if rule.expression is not None or rule.constant is None:
            return rule
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            self.add(
                "bound", _("界限“%(value)s”不是数字", value=str(value)[:40]),
                _("写数字，或写以 = 开头的 FEEL"),
            )  # fmt: skip
            return Rule()
        return Rule(int(number) if number == number.to_integral_value() else number)

    def step(self, value: Any) -> str:
        """The increment of a number field, as text; empty when there is none."""
        if value in (None, ""):
            return ""
        try:
            if Decimal(str(value)) > 0:
                return str(value)
        except InvalidOperation:
            pass
        self.add("step", _("步长“%(value)s”不是正数", value=str(value)[:40]), _("写大于 0 的数字"))
        return ""

    def pattern(self, text: Any) -> "regex.Pattern[str] | None":
        """The regular expression of a text field, as browsers write them."""
        if not isinstance(text, str) or not text:
            return None
        found = _FOREIGN.search(text)
        try:
            if found is None:
                return regex.compile(text, regex.V0 | regex.ASCII)
            problem = found[0]
        except regex.error as error:
            problem = str(error)
        self.add(
            "pattern", _("格式规则“%(text)s”浏览器不认识：%(problem)s", text=text[:80],
                         problem=problem),
            _("按 JavaScript 的正则表达式改写"),
        )  # fmt: skip
        return None

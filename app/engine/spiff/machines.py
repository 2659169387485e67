"""Tasks that machines do: handlers, messages, decision tables and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.engine.expression import Expression
from app.engine.spiff import loops, parameters, throwing
from app.engine.spiff.activities import Activity
from app.engine.spiff.host import Call
from app.engine.spiff.spec import NOTHING, Trigger
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.spiff.token import Token

SCRIPT_LANGUAGES = frozenset({"feel", "juel", ""})


def call(token: Token, topic: str) -> Mapping[str, Any] | None:
    """What the handler of this topic answers."""
    top, node, home, names = token.top, token.task_spec, token.workflow.home, token.names()
    if not top.host.handles(topic):
        raise token.stuck("no_handler", _("没有处理“%(topic)s”的程序。", topic=topic))

    def set_business_key(key: str) -> None:
        home.business_key = key
        home.touch()

    return top.host.call(
        Call(
            topic,
            token.id,
            node.name,
            node.bpmn_name,
            home.spec.id,
            home.spec.key,
            home.business_key,
            names.get(loops.INDEX),
            parameters.Copies(names),
            set_business_key,
        )
    )


class ServiceTask(Activity):
    """A service or send task: its handler (`topic`), else its expression, else the message that it
    sends.
    """

    formula: Expression | None = None
    sends: Trigger = NOTHING

    def behave(self, token: Token) -> bool | None:
        topic, target = self.x.get("topic"), self.x.get("resultVariable")
        if topic:
            answer = call(token, topic)
            token.set({target: answer} if target else answer)
        elif self.formula is not None:
            value = token.evaluate(self.formula)
            token.set({target: value} if target else None)
        elif self.sends.kind == "message":
            throwing.send(token, self.sends)
        else:
            raise token.stuck(
                "no_handler", _("“%(name)s”没有处理程序。", name=self.bpmn_name or self.name)
            )
        return True


class ScriptTask(Activity):
    """One FEEL expression. A context without result variable sets one variable per entry."""

    script: Expression | None = None
    language = "feel"

    def behave(self, token: Token) -> bool | None:
        if self.script is None:
            raise token.stuck(
                "script", _("脚本语言“%(language)s”不被执行。", language=self.language)
            )
        value, target = token.evaluate(self.script), self.x.get("resultVariable")
        if target:
            token.set({target: value})
        elif isinstance(value, dict):
            token.set(value)
        return True


class RuleTask(Activity):
    """A decision table's answer, mapped as Camunda 7 maps it."""

    decision: Expression | None = None
    version: Expression | None = None
    binding = "latest"

    def behave(self, token: Token) -> bool | None:
        decision = token.text(self.decision)
        if decision is None:
            raise token.stuck(
                "no_decision", _("“%(name)s”没有指明决策表。", name=self.bpmn_name or self.name)
            )
        home = token.workflow.home
        rows = token.top.host.decide(
            decision, self.binding, token.text(self.version), home.spec.key, token.names()
        )
        token.top.note("decided", token, token.top.host.explain())
        value, target = self._mapped(token, rows), self.x.get("resultVariable")
        token.set({target or "decisionResult": value}, local=not target)
        return True

    def _mapped(self, token: Token, rows: list[dict[str, Any]]) -> Any:
        wanted = self.x.get("mapDecisionResult", "resultList")
        if wanted == "resultList":
            return rows
        if wanted == "collectEntries":
            return [self._only(token, row, wanted) for row in rows]
        if len(rows) > 1:
            raise token.stuck(
                "decision",
                _(
                    "决策表命中了 %(n)s 条规则，而“%(wanted)s”只接受一条。",
                    n=len(rows),
                    wanted=wanted,
                ),
            )
        if not rows:
            return None
        return rows[0] if wanted == "singleResult" else self._only(token, rows[0], wanted)

    def _only(self, token: Token, row: dict[str, Any], wanted: str) -> Any:
        if len(row) != 1:
            raise token.stuck(
                "decision",
                _("决策表有 %(n)s 个输出，而“%(wanted)s”只接受一个。", n=len(row), wanted=wanted),
                row,
            )
        return next(iter(row.values()))

"""Compiling one model's texts: which names it knows, which types, and every error found on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app import feel
from app.feel.builtins import registry
from app.feel.dmn import read
from app.feel.dmn.errors import DmnError
from app.feel.dmn.types import Allowed, Type, Types

Scope = dict[str, Any]
Formula = Callable[[Scope], Any]

_PLAIN_NAME = re.compile(r"[^\W\d]\w*$")
_FEEL = re.compile(r"feel|s-feel|https?://www\.omg\.org/spec/(FEEL|DMN)/.*", re.IGNORECASE)
_NAMED = ("itemComponent", "inputData", "decision", "businessKnowledgeModel", "decisionService", "variable",
          "parameter", "formalParameter", "contextEntry", "column", "output", "itemDefinition")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands, in both languages, for messages to people."""

    zh: str = ""
    en: str = ""

    def at(self, zh: str, en: str) -> Place:
        return Place(f"{self.zh}，{zh}" if self.zh else zh, f"{self.en}, {en}" if self.en else en)


def nothing(_scope: Scope) -> None:
    """The formula of a missing or broken expression: null."""


@dataclass(slots=True)
class Build:
    """State of one load: names with blanks, types, errors. `lenient`: what is broken is null instead."""

    root: read.Element
    lenient: bool
    names: tuple[str, ...] = ()
    types: Types = field(init=False)
    errors: list[DmnError] = field(default_factory=list)
    language: str = ""
    defined: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.defined = _every_name(self.root)
        self.names = tuple(sorted(filter(_is_odd, self.defined)))
        self.language = self.root.get("expressionLanguage") or ""
        self.types = Types(self.allowed)
        self.types.define(read.kids(self.root, "itemDefinition"))

    def refuse(
        self,
        element: read.Element,
        place: Place,
        zh: str,
        en: str,
        code: str = "dmn",
        cause: feel.FeelError | None = None,
    ) -> None:
        """Notes an error of the file; the load is refused with all of them at its end."""
        self.errors.append(
            DmnError(zh, en, code=code, element_id=element.get("id") or "", line=element.sourceline,
                     place=(place.zh, place.en), cause=cause)
        )  # fmt: skip

    def expression(self, element: read.Element, place: Place) -> Formula:
        """The text of a literal expression, input expression or output entry, compiled."""
        text = read.text(element)
        if not text:
            return nothing
        return self._compile(element, text, place, feel.compile)

    def tests(self, element: read.Element, text: str, place: Place) -> Formula:
        """Unary tests; the tested value is `?` in the scope."""
        return self._compile(element, text, place, feel.compile_unary)

    def is_feel(self, element: read.Element) -> bool:
        """Whether the element's text is FEEL (the default)."""
        language = element.get("expressionLanguage") or self.language
        return not language or bool(_FEEL.match(language))

    def _compile(
        self,
        element: read.Element,
        text: str,
        place: Place,
        compiler: Callable[..., feel.Expression],
    ) -> Formula:
        language = element.get("expressionLanguage") or self.language
        try:
            if language.lower() == "juel":
                juel = text if "${" in text else f"${{{text}}}"
                return feel.compile_value(juel, strict=not self.lenient)
            if not self.is_feel(element):
                self.refuse(element, place, f"不支持表达式语言“{language}”，请改用 FEEL。",
                            f"The language “{language}” is not supported; use FEEL.", "language")  # fmt: skip
                return nothing
            return self._known(compiler(text, self.names, strict=not self.lenient), element, place)
        except feel.FeelError as error:
            self.refuse(element, place, error.message, error.message_en, error.code, error)
            return nothing

    def _known(
        self, expression: feel.Expression, element: read.Element, place: Place
    ) -> feel.Expression:
        """The expression, after a look at its functions: the model's own or FEEL's."""
        if not self.lenient:
            for name, meant in feel.unknown_functions(expression, self.defined):
                hint, hint_en = (
                    (f"是不是“{meant}”？", f"Did you mean “{meant}”?") if meant else ("", "")
                )
                self.refuse(element, place, f"没有函数“{name}”。{hint}",
                            f"There is no function “{name}”. {hint_en}".strip(), "function")  # fmt: skip
        return expression

    def type_of(self, element: read.Element | None, place: Place = Place()) -> Type | None:
        """The type an element refers to; None when it names none."""
        name = read.type_ref(element)
        if element is None or not name:
            return None
        found = self.types.get(name)
        if found is None and not self.lenient:
            self.refuse(element, place, f"类型“{name}”没有定义。请选择已有的数据类型。",
                        f"The type “{name}” is not defined. Choose an existing type.", "type")  # fmt: skip
        return found

    def allowed(self, holder: read.Element) -> tuple[Allowed, tuple[Any, ...]]:
        """The test that allowed, input or output values state, and those values in order."""
        text = read.text(holder)
        place = Place("允许值", "allowed values")
        test = self.tests(holder, text, place) if text else None
        try:
            if test is not None:
                test({"?": None})
        except feel.FeelError as error:  # they must be constants: nothing else is known to them
            self.refuse(holder, place, error.message, error.message_en, "allowed", error)
            test = nothing
        return (lambda value: test is None or test({"?": value}) is True), self._order(text)

    def _order(self, text: str) -> tuple[Any, ...]:
        try:
            values = feel.compile(f"[{text}]", self.names, strict=not self.lenient)({})
        except feel.FeelError:
            return ()
        return tuple(values) if isinstance(values, list) else ()


def _is_odd(name: str) -> bool:
    """Whether the language must be told of it: with blanks or operators, or hiding a built-in function."""
    return bool(name) and (not _PLAIN_NAME.match(name) or name in registry.FUNCTIONS)


def _every_name(root: read.Element) -> set[str]:
    """Every name that the model defines."""
    return {read.name(element) for element in root.iter() if read.local(element) in _NAMED}

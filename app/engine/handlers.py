"""Python that service tasks call: `@handler` makes a function the topic `<module>.<function>`.

A handler runs in the transaction of its step and never commits. Everything it is told comes as
arguments; what it returns becomes variables.
"""

import datetime as dt
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import values
from app.engine.failures import BpmnError

__all__ = ["BpmnError", "Handler", "HandlerError", "Parameter", "Step", "handler"]


class HandlerError(Exception):
    """A handler is declared or used wrongly: a fault for its programmer, never a business error."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One variable that a handler reads. `type` is the annotation as text."""

    name: str
    type: str
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class Handler:
    """A registered handler; everything an element template shows about it."""

    topic: str
    function: Callable[..., Mapping[str, Any] | None]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    pure: bool
    documentation: str


@dataclass(slots=True)
class Step:
    """The step that calls a handler: who, when, where, and what it may ask of the platform."""

    instance_id: int
    process_id: str
    element_id: str
    element_name: str | None
    token_id: int
    loop_index: int | None  # from 0; None outside of a multi-instance
    by: str | None  # who acts; None for timers and jobs
    started_by: str | None
    now: dt.datetime
    workspace_id: int
    business_key: str | None
    _visible: Mapping[str, Any] = field(repr=False)
    _platform: Any = field(repr=False)  # app.engine.host.StepHost
    _call: Any = field(repr=False)  # app.engine.spiff.host.Call

    @property
    def variables(self) -> dict[str, Any]:
        """A deep copy of every variable that the service task sees."""
        return dict(self._visible)

    def set_business_key(self, key: str) -> None:
        """The case carries this business key from now on."""
        self._call.set_business_key(key)
        self.business_key = key

    def send(
        self, message: str, key: str | None = None, variables: Mapping[str, Any] | None = None
    ) -> None:
        """The message goes out when the step is written, in the same transaction."""
        self._platform.send_from(self, message, key, dict(variables or {}))

    def send_every(
        self, message: str, key: str, variables: Mapping[str, Any] | None = None
    ) -> None:
        """Each case that waits for the message with this key has it; with nobody waiting it is
        gone (all running orders of a customer hear that his credit was stopped)."""
        self._platform.send_from(self, message, key, dict(variables or {}), True)

    def signal(self, name: str, variables: Mapping[str, Any] | None = None) -> None:
        """The signal goes to everybody who listens when the step is written."""
        self._platform.broadcast(name, dict(variables or {}))

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rules of the newest published decision table that hit these inputs, as dicts of its
        outputs. Every input of the table is in `context`; None stands for nothing."""
        return self._platform.decide(decision_id, "latest", None, None, dict(context))

    def effect(self, kind: str, payload: Mapping[str, Any], *, key: str | None = None) -> None:
        """A job does something outside the database (mail, webhook) after the commit, at least
        once. `kind` is a registered job kind; the same `key` is done once only."""
        self._platform.effect(self, kind, dict(payload), key)


_registry: dict[str, Handler] = {}


def handler(
    *, outputs: tuple[str, ...] = (), pure: bool = False, topic: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a handler; `pure` promises that it writes nothing.

    Raises HandlerError when the topic is taken or the signature cannot be filled from variables;
    then nothing is registered.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name = topic or f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        made = Handler(
            topic=name,
            function=function,
            parameters=_parameters(name, function),
            outputs=tuple(outputs),
            pure=pure,
            documentation=inspect.getdoc(function) or "",
        )
        before = _registry.get(name)
        if before is not None and _origin(before.function) != _origin(function):
            raise HandlerError(
                f"topic {name} is taken by {'.'.join(_origin(before.function))}; "
                "rename one of the two functions"
            )
        _registry[name] = made
        return function

    return register


def _origin(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def _parameters(topic: str, function: Callable[..., Any]) -> tuple[Parameter, ...]:
    first, *others = inspect.signature(function).parameters.values()
    if first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        raise HandlerError(f"{topic}: the first parameter must be `step: Step`")
    hints = typing.get_type_hints(function)
    found = []
    for parameter in others:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise HandlerError(f"{topic}: write a `*` before `{parameter.name}`")
        required = parameter.default is parameter.empty
        kind = hints.get(parameter.name, Any)
        text = kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
        found.append(
            Parameter(parameter.name, text, required, None if required else parameter.default)
        )
    return tuple(found)


def get(topic: str) -> Handler | None:
    """The handler of this topic, if any."""
    return _registry.get(topic)


def forget(topic: str) -> None:
    """The topic is free again, for tests and for a module that is loaded anew."""
    _registry.pop(topic, None)


def every() -> dict[str, Handler]:
    """All handlers by topic, sorted."""
    return dict(sorted(_registry.items()))


def load(package: str) -> int:
    """Import every module of a package, so that its handlers are known; returns how many are."""
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        importlib.import_module(module.name)
    return len(_registry)


def invoke(called: Handler, step: Step, visible: Mapping[str, Any]) -> dict[str, Any]:
    """Call a handler; the result is a plain copy that nobody else holds.

    Raises HandlerError when a variable it needs is missing or its result cannot be stored;
    BpmnError and technical failures of the handler pass through.
    """
    arguments = {}
    for parameter in called.parameters:
        if parameter.name in visible:
            arguments[parameter.name] = visible[parameter.name]
        elif parameter.required:
            raise HandlerError(
                f"{called.topic} needs the variable `{parameter.name}`, which is not set here"
            )
    return _result(called, called.function(step, **arguments))


def _result(called: Handler, result: Any) -> dict[str, Any]:
    if result is None:
        return {}
    if not isinstance(result, Mapping):
        raise HandlerError(f"{called.topic} must return a dict, not {type(result).__name__}")
    unknown = sorted(set(result) - set(called.outputs)) if called.outputs else []
    if unknown:
        raise HandlerError(
            f"{called.topic} returned {', '.join(unknown)}; declare it in outputs=(…)"
        )
    try:
        return values.loads(values.dumps(dict(result)))
    except TypeError as error:
        reason = error.__cause__ or error
        raise HandlerError(
            f"{called.topic} returned something that cannot be stored: {reason}"
        ) from error

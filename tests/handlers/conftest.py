"""Handlers are called as a service task calls them, over the company of the flow tests."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import clock, workspace
from app.engine import handlers
from app.engine.host import StepHost
from app.engine.spiff.host import Call, Limits
from tests.flows.conftest import app, published

__all__ = ["app", "published"]
Run = Callable[..., dict[str, Any]]


def call(topic: str, by: str | None = None, **variables: Any) -> dict[str, Any]:
    """The variables that the handler of this topic sets, given these."""
    handler = handlers.get(topic)
    assert handler is not None, topic
    return handlers.invoke(handler, _step(topic, by, variables), variables)


def _step(topic: str, by: str | None, variables: dict[str, Any]) -> handlers.Step:
    host = StepHost(1, workspace.current(), by=by, started_by=by, at=clock.now(), limits=Limits())
    place = Call(topic, 1, "test", None, "p_test", "1", None, None, variables, lambda _key: None)
    return host._step(place)


@pytest.fixture
def step(app: Flask) -> handlers.Step:
    """A step in which 张伟 acts at the sample time, for functions that are called directly."""
    return _step("test", "zhangwei", {})


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("credit.check", by="zhangwei", customer_id="…")` gives the handler's variables."""
    return call

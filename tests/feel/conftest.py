"""What the tests of the language share."""

from collections.abc import Callable
from typing import Any

import pytest

from app import feel


@pytest.fixture
def value() -> Callable[..., Any]:
    """The value of an expression with the given variables, as the platform reads it."""
    return lambda text, names=(), **variables: feel.compile(text, names)(variables)


@pytest.fixture
def standard() -> Callable[..., Any]:
    """The value of an expression as the standard reads it: null for what is missing."""
    return lambda text, names=(), **variables: feel.compile(text, names, strict=False)(variables)

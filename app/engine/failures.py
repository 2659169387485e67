"""How a step can fail. Both are raised through the engine; the caller rolls the step back and
forgets the live instance.
"""

from __future__ import annotations

from typing import Any


class BpmnError(Exception):
    """A business error of a handler: it goes to the nearest error event that catches `code`;
    `variables` go with it.

    Inside the engine it is caught by the diagram. When no error event catches it, `Stuck` leaves
    the engine instead.
    """

    def __init__(self, code: str, message: str = "", **variables: Any) -> None:
        super().__init__(message or code)
        self.code, self.message, self.variables = code, message or code, variables


class Stuck(Exception):
    """The diagram cannot go on: no way out of a gateway, an expression that fails, an uncaught BPMN
    error, a used-up budget.

    Becomes an incident. `reason` is a stable word (`no_way_out`, `expression`, `uncaught_error`,
    `budget`, `limit`, `not_deployed`, `deadlock`), `values` are the variables that the element
    looked at.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        element: str | None = None,
        name: str | None = None,
        token: int | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason, self.message, self.element, self.name = reason, message, element, name
        self.token, self.values = token, values or {}

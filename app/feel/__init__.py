"""FEEL, the expression language of flows, forms and decisions. Uses nothing of the app.

    expression = feel.compile('amount > 100 and status = "open"')
    expression({"amount": 120, "status": "open"})  # True

See docs/feel.md. Only FeelError (and its kind BudgetExceeded) leaves this package.
"""

from app.feel.builtins.extension import register, unregister
from app.feel.clock import use as use_clock
from app.feel.errors import BudgetExceeded, FeelError
from app.feel.expression import (
    Expression,
    compile,
    compile_condition,
    compile_unary,
    compile_value,
)
from app.feel.unknown import unknown_functions
from app.feel.values import Function, Range, YearsMonths

__all__ = [
    "BudgetExceeded",
    "Expression",
    "FeelError",
    "Function",
    "Range",
    "YearsMonths",
    "compile",
    "compile_condition",
    "compile_unary",
    "compile_value",
    "register",
    "unknown_functions",
    "unregister",
    "use_clock",
]

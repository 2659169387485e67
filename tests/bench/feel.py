"""How fast expressions are, beside Python's own eval of the same condition in the same run."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from app import feel
from app.feel import expression

TEXT = 'amount > 100 and status = "open" and customer.age >= 18'
PYTHON = 'amount > 100 and status == "open" and customer["age"] >= 18'
CONTEXT = {"amount": 250, "status": "open", "customer": {"age": 33}}


def microseconds(call: Callable[[], Any], number: int = 2000, repeats: int = 15) -> float:
    """The best of `repeats` measurements of one call, each over `number` calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(number):
            call()
        times.append((time.perf_counter() - start) / number * 1e6)
    times.sort()
    return statistics.mean(times[: max(1, repeats // 3)])


def _compile() -> None:
    expression.forget()
    feel.compile(TEXT)


def run() -> dict[str, Any]:
    """Microseconds per evaluation and compilation, and the ratios to builtin eval."""
    ready = feel.compile(TEXT)
    assert ready(CONTEXT) is True
    code = compile(PYTHON, "<condition>", "eval")
    evaluated = microseconds(lambda: ready(CONTEXT))
    compiled = microseconds(_compile, 50)
    native = microseconds(lambda: eval(code, {"__builtins__": {}}, CONTEXT))
    native_text = microseconds(lambda: eval(PYTHON, {"__builtins__": {}}, CONTEXT), 500)
    cached = microseconds(lambda: feel.compile(TEXT))
    return {
        "evaluate_us": round(evaluated, 2),
        "compile_us": round(compiled, 1),
        "compile_cached_us": round(cached, 2),
        "eval_precompiled_us": round(native, 2),
        "eval_text_us": round(native_text, 2),
        "ratio_to_eval_precompiled": round(evaluated / native, 2),
        "ratio_to_eval_text": round(evaluated / native_text, 3),
        "within_limits": evaluated <= 5 and compiled <= 300,
    }


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(run(), indent=1) + "\n")

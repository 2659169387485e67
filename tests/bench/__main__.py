"""`make bench`: every figure as measured here and now, as a table and as bench.json.

Each module in this folder has `run() -> {figure: value}`. Absolute times depend on the machine;
the ratios are taken within one run and can be compared.
"""

import importlib
import json
import pkgutil
import platform
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent.parent / "bench.json"


def main(names: list[str]) -> int:
    """1 when a module failed; the others are measured all the same."""
    chosen = names or sorted(m.name for m in pkgutil.iter_modules([str(HERE)]) if m.name[0] != "_")
    report: dict[str, object] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    failed = []
    for name in chosen:
        module = importlib.import_module(f"tests.bench.{name}")
        if not hasattr(module, "run"):
            continue
        began = time.perf_counter()
        try:
            report[name] = module.run()
        except Exception:
            failed.append(name)
            report[name] = {"failed": traceback.format_exc()}
        sys.stdout.write(f"\n{name} ({time.perf_counter() - began:.1f} s)\n")
        show(report[name], "  ")
        sys.stdout.flush()
        TARGET.write_text(json.dumps(report, indent=1, default=str, ensure_ascii=False))
    sys.stdout.write(f"\nwritten to {TARGET.name}\n")
    if failed:
        sys.stdout.write(f"FAILED: {', '.join(failed)}\n")
    return 1 if failed else 0


def show(figures: Any, indent: str) -> None:
    """A figure a line; figures within figures stand under their heading."""
    for figure, value in figures.items():
        if isinstance(value, dict):
            sys.stdout.write(f"{indent}{figure}\n")
            show(value, indent + "  ")
        else:
            shown = f"{value:,.3f}" if isinstance(value, float) else str(value)
            sys.stdout.write(f"{indent}{figure:<{56 - len(indent)}} {shown}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

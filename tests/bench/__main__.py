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
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    chosen = names or sorted(m.name for m in pkgutil.iter_modules([str(HERE)]) if m.name[0] != "_")
    report: dict[str, object] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    for name in chosen:
        module = importlib.import_module(f"tests.bench.{name}")
        if not hasattr(module, "run"):
            continue
        began = time.perf_counter()
        figures = module.run()
        report[name] = figures
        sys.stdout.write(f"\n{name} ({time.perf_counter() - began:.1f} s)\n")
        for figure, value in figures.items():
            shown = f"{value:,.3f}" if isinstance(value, float) else str(value)
            sys.stdout.write(f"  {figure:<52} {shown}\n")
    target = HERE.parent.parent / "bench.json"
    target.write_text(json.dumps(report, indent=1, default=str, ensure_ascii=False))
    sys.stdout.write(f"\nwritten to {target.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

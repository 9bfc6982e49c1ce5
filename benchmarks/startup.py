"""How long starting takes: `palate --help` beside a bare `import typer`, and the import of each of our packages.

Prints one JSON object. Each figure is the best of several fresh interpreters, in seconds. Run it on a quiet machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
HEAVY = ("torch", "transformers", "litellm", "chromadb", "streamlit")
HELP_BOUND_S = 0.5


def seconds(*arguments: str) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
        best = min(best, time.perf_counter() - began)
    return round(best, 3)


def heavy_after(package: str) -> list[str]:
    code = f"import json, sys, {package}; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["setuptools"]["packages"]
    bare, typer, asked = seconds("-c", "pass"), seconds("-c", "import typer"), seconds("-m", "palate.cli", "--help")
    heavy = {package: found for package in packages if (found := heavy_after(package))}
    figures = {
        "benchmark": "startup",
        "python_s": bare,
        "import_typer_s": typer,
        "palate_help_s": asked,
        "help_over_typer": round(asked / typer, 2),
        "help_bound_s": max(HELP_BOUND_S, 3 * typer),
        "packages_s": {package: seconds("-c", f"import {package}") for package in packages},
        "heavy_loaded": heavy,
        "met": asked < max(HELP_BOUND_S, 3 * typer) and not heavy,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

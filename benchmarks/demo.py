"""How long `palate demo` takes: the first time, in an empty home, and the second, on what the first left there.

Prints one JSON object. Each runs in a process of its own through the command line, as `make demo` does once everything
is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_BOUND_S, SECOND_BOUND_S = 60, 20


def demo_seconds(home: str) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "palate.cli", "demo"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PALATE_HOME": home}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr or done.stdout)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        first, second = demo_seconds(home), demo_seconds(home)
    figures = {
        "benchmark": "demo",
        "first_s": round(first, 1),
        "first_bound_s": FIRST_BOUND_S,
        "second_s": round(second, 1),
        "second_bound_s": SECOND_BOUND_S,
        "met": first < FIRST_BOUND_S and second < SECOND_BOUND_S,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

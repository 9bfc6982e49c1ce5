"""How long importing 4,624 films with posters and embeddings takes, and how much memory; skips without the data set.

Prints one JSON object. The import runs in a process of its own through the command line, as a user would run it. The
data set is looked for in `$PALATE_DATA`, else in `../shared/data`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("PALATE_DATA", ROOT.parent / "shared" / "data")) / "movielens-posters"
SECONDS_BOUND, MEGABYTES_BOUND = 120, 2000


def main() -> None:
    if not DATA.is_dir():
        print(json.dumps({"benchmark": "films", "skipped": "the films data set is not beside the repository"}))
        return
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        command = [sys.executable, "-m", "palate.cli", "import", str(DATA), "--name", "films"]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"PALATE_HOME": home}, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr or done.stdout)
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures = {
        "benchmark": "films",
        "seconds": round(seconds, 1),
        "seconds_bound": SECONDS_BOUND,
        "memory_mb": round(megabytes),
        "memory_bound_mb": MEGABYTES_BOUND,
        "met": seconds < SECONDS_BOUND and megabytes < MEGABYTES_BOUND,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

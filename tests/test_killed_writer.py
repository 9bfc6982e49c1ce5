"""Killed at any moment, turns and folds under way, the store opens with everything that was acknowledged.

A few kills; `python -m tests.killed_writer HOME --kills 300` is the long run, and `PALATE_KILLS=300 pytest` the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("PALATE_KILLS", "4"))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_nothing_acknowledged_is_lost_whenever_the_writer_is_killed(tmp_path):
    command = [sys.executable, "-m", "tests.killed_writer", str(tmp_path), "--kills", str(KILLS)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    outcome = json.loads(done.stdout.splitlines()[-1])
    print(outcome)
    assert (outcome["lost"], outcome["wrong"], outcome["failed"]) == ([], [], []), done.stderr[-4000:]
    assert outcome["steps_acknowledged"] > KILLS // 2

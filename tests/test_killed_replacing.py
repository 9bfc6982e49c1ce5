"""Killed before any write of a turn that takes the place of another, all is as before it or as after it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.killed_replacing import FEWEST_WRITES


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("by_hand", [False, True])
def test_killed_between_any_two_writes_all_is_as_before_or_as_after(tmp_path, by_hand):
    command = [sys.executable, "-m", "tests.killed_replacing", str(tmp_path), *["--by-hand"] * by_hand]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["writes"] >= FEWEST_WRITES

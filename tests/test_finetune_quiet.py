"""A run tells nobody of itself: TRL's makers would hear of every one."""

import subprocess
import sys
from pathlib import Path

import trl.trainer.base_trainer

from tests.finetune_shop import open_shop, prepared_run, settings, train
from tests.tiny import make_tiny_checkpoint

ROOT = Path(__file__).resolve().parent.parent
ASKED = """
from training.finetune.quiet import keep_quiet
keep_quiet()
from huggingface_hub import constants
print(constants.HF_HUB_DISABLE_TELEMETRY)
"""


def test_a_run_sends_nothing(tmp_path, monkeypatch):
    sent = []
    monkeypatch.delenv("CI", raising=False)  # where TRL keeps silent by itself
    monkeypatch.setattr(trl.trainer.base_trainer, "send_telemetry", lambda *told, **more: sent.append((told, more)))
    session = open_shop(tmp_path / "home")
    chosen = settings(make_tiny_checkpoint(tmp_path / "tiny"), steps=1, lists=1, list_negatives=1, targets_per_user=1)
    run, _ = prepared_run(session, chosen, tmp_path / "run")
    session.services.close()
    train(run, tmp_path / "home")
    assert not sent


def test_the_libraries_of_the_process_that_trains_are_told_to_keep_silent():
    told = {"PATH": "/usr/bin:/bin", "HF_HUB_DISABLE_TELEMETRY": "0"}
    done = subprocess.run(
        [sys.executable, "-c", ASKED], cwd=ROOT, env=told, capture_output=True, text=True, timeout=280
    )
    assert done.stdout.strip() == "True", done.stderr

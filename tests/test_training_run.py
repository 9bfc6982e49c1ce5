"""A training run that goes on from a finished checkpoint."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / "demo"


@pytest.mark.slow
def test_a_run_goes_on_from_the_weights_and_words_of_a_checkpoint(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForImageTextToText

    from training.demo_model import load_tokenizer, start_model

    tokenizer = load_tokenizer(tmp_path, 8, CHECKPOINT)
    model = start_model(tmp_path, tokenizer, seed=8, start=CHECKPOINT)
    kept = AutoModelForImageTextToText.from_pretrained(str(CHECKPOINT), dtype=torch.bfloat16)
    assert {one.dtype for one in model.parameters()} == {torch.float32}
    for own, weights in zip(model.parameters(), kept.parameters(), strict=True):
        assert torch.equal(own.to(torch.bfloat16), weights)
    assert tokenizer("fox")["input_ids"] == load_tokenizer(tmp_path / "other", 9, CHECKPOINT)("fox")["input_ids"]
    assert not list(tmp_path.iterdir())


def test_a_manifest_tells_what_its_run_went_on_from(tmp_path: Path) -> None:
    from training.demo_model import told_of
    from training.manifest import manifest

    first = manifest(seed=7, step=10, seconds=3600, losses={}, before={})
    assert "went_on_from" not in first
    (tmp_path / "palate_manifest.json").write_text(json.dumps(first), encoding="utf-8")
    second = manifest(seed=8, step=5, seconds=1800, losses={}, before=told_of(tmp_path))
    (tmp_path / "palate_manifest.json").write_text(json.dumps(second), encoding="utf-8")
    third = manifest(seed=9, step=1, seconds=60, losses={}, before=told_of(tmp_path))
    assert third["went_on_from"] == {
        "seed": 8,
        "steps": 5,
        "hours": 0.5,
        "went_on_from": {"seed": 7, "steps": 10, "hours": 1.0},
    }
    assert told_of(None) == {}


def test_the_rate_falls_from_the_start_where_something_is_known_already() -> None:
    from training.steps import rate_at

    assert rate_at(0.5, 1000) == 1.0
    assert rate_at(0.5, 1000, fresh=False) == 0.5
    assert rate_at(0.0, 0, fresh=False) < 0.05


def test_what_no_run_has_written_is_nothing_to_go_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import demo_model

    monkeypatch.setattr(sys, "argv", ["demo_model", "--start", str(tmp_path), "--work", str(tmp_path / "work")])
    with pytest.raises(SystemExit):
        demo_model.main()
    assert "has no palate_manifest.json" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()

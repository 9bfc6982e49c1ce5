"""A whole run on a tiny model: what it leaves, and that a kill or a full disk costs nothing that was kept."""

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from safetensors.torch import load_file

from catalog.pictures import PictureStore
from models.local.decider import LocalDecider
from models.manifest import MANIFEST_FILE, read_manifest
from models.spec import ModelSpec
from tests.finetune_shop import copied, kill_at, open_shop, prepared_run, settings, train
from tests.tiny import make_tiny_checkpoint
from training.finetune.base import open_base
from training.finetune.errors import SaveFailed, TrainingRefused
from training.finetune.files import load_prepared
from training.finetune.fit import refuse_finished
from training.finetune.saving import WHOLE, is_whole, last_whole, save_model
from training.finetune.scoring import Scorer, as_record, labels
from training.finetune.trainer import GroupTrainer

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def fresh(home, tiny, tmp_path_factory):
    """A prepared run that nothing was trained in yet; copy it."""
    session = open_shop(home)
    run, _ = prepared_run(session, settings(tiny), tmp_path_factory.mktemp("runs") / "fresh")
    session.services.close()
    return run


@pytest.fixture(scope="module")
def done(fresh, home, tmp_path_factory):
    """A run that went through, and its figures."""
    run = copied(fresh, tmp_path_factory.mktemp("done") / "run")
    return run, train(run, home, keep=True)


def at_the_end(run):
    """The weights after the very last step, which need not be the best, and what the optimizer remembers of them."""
    folder = run / "checkpoints" / "checkpoint-6"
    optimizer = torch.load(folder / "optimizer.pt", weights_only=True)["state"]
    moments = {f"{number}.{name}": one for number, state in optimizer.items() for name, one in state.items()}
    return load_file(folder / "adapter_model.safetensors") | moments


def weights(run):
    return load_file(run / "model" / "adapter_model.safetensors")


def test_a_run_leaves_a_model_with_its_manifest_its_figures_and_its_picture(done, tiny):
    run, figures = done
    manifest = read_manifest(run / "model" / MANIFEST_FILE)
    assert manifest.metrics == figures
    assert manifest.base == str(tiny)
    assert manifest.training["steps"] == 6
    assert set(figures) == {"validation", "test", "test_popularity"}
    for scorers in figures.values():
        assert set(scorers) == {"model", "item_knn", "popularity"}
        assert all(set(one) == {"auc", "hr@5", "mrr@5", "ndcg@5"} for one in scorers.values())
    assert (run / "report.png").read_bytes().startswith(b"\x89PNG")
    assert list((run / "logs").glob("events.out.tfevents.*"))


def test_the_figures_are_those_of_the_model_as_it_is_served(done, home, tiny):
    """The saved adapter, loaded as a profile loads it, ranks the held-out lists to the same AUC."""
    run, figures = done
    from evaluation.metrics import evaluate

    spec = ModelSpec(backend="local", model=str(tiny), adapter=str(run / "model"))
    pictures = PictureStore(home / "pictures")
    runtime = LocalDecider.load(spec, pictures)._runtime
    scorer = Scorer(open_base(settings(tiny)), runtime.model, pictures)
    lists = load_prepared(run).tests["test"]
    judged = [(scorer.p_yes(one.candidates), labels(one)) for one in lists]
    scorer.close()
    assert as_record(evaluate(judged, seed=0)) == figures["test"]["model"]


def test_training_changes_what_the_model_thinks(done):
    assert any(weight.abs().max() > 0 for name, weight in weights(done[0]).items() if "lora_B" in name)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_that_is_killed_and_gone_on_with_gives_the_same_weights(done, fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    kill_at("checkpoints/checkpoint-2", run, home)
    assert last_whole(run / "checkpoints") is not None
    half = run / "checkpoints" / "checkpoint-99"  # what a kill in the middle of a save would leave
    half.mkdir()
    (half / "adapter_model.safetensors").write_bytes(b"half")
    figures = train(run, home, keep=True)
    there, here = at_the_end(done[0]), at_the_end(run)
    assert there.keys() == here.keys()
    assert all(torch.equal(there[name], here[name]) for name in there)
    assert figures == done[1]
    training = read_manifest(run / "model" / MANIFEST_FILE).training
    assert training["resumed_from"].startswith("checkpoint-")
    assert training["rows_read"] == "together"


def full_disk(words=None):
    def fail(self, folder):
        (Path(folder) / "optimizer.pt").write_bytes(b"half")
        raise RuntimeError(words) if words else OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fail


@pytest.mark.parametrize("words", [None, "Error while serializing: I/O error: No space left on device (os error 28)"])
def test_a_full_disk_keeps_the_last_good_checkpoint_and_the_run_goes_on_from_it(
    done, fresh, home, tmp_path, monkeypatch, words
):
    run = copied(fresh, tmp_path / "run")
    real = GroupTrainer._save_optimizer_and_scheduler

    def fails_at_four(self, folder):
        (full_disk(words) if self.state.global_step == 4 else real)(self, folder)

    monkeypatch.setattr(GroupTrainer, "_save_optimizer_and_scheduler", fails_at_four)
    with pytest.raises(SaveFailed, match=r"checkpoint-4 could not be written .* checkpoint-2, is untouched; free some"):
        train(run, home)
    assert [one.name for one in (run / "checkpoints").iterdir()] == ["checkpoint-2"]
    monkeypatch.undo()
    train(run, home, keep=True)
    assert all(torch.equal(weight, at_the_end(run)[name]) for name, weight in at_the_end(done[0]).items())


def test_a_full_disk_while_the_model_is_written_leaves_the_one_before(tmp_path):
    out = tmp_path / "model"
    save_model(out, lambda folder: (folder / "weights").write_text("old") and None)

    def fails(folder):
        (folder / "weights").write_text("half")
        with open("/dev/full", "w") as full:
            full.write("new")

    with pytest.raises(SaveFailed, match=r"the disk is full: .* what was there before is untouched"):
        save_model(out, fails)
    assert (out / "weights").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


def test_other_failures_of_a_save_are_not_called_a_full_disk(tmp_path):
    def fails(folder):
        raise ValueError("something else")

    with pytest.raises(ValueError, match="something else"):
        save_model(tmp_path / "model", fails)


def test_a_checkpoint_counts_only_when_all_its_files_are_there_in_full(tmp_path):
    for step in (2, 10):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "weights").write_bytes(b"12345")
        (folder / WHOLE).write_text(json.dumps({"weights": 5}))
    assert last_whole(tmp_path).name == "checkpoint-10"
    (tmp_path / "checkpoint-10" / "weights").write_bytes(b"123")
    assert last_whole(tmp_path).name == "checkpoint-2"
    assert not is_whole(tmp_path / "checkpoint-10")


def test_training_stops_when_validation_has_not_improved_for_long_enough(fresh, home, tmp_path):
    """With a rate that changes nothing, no validation is better than the first."""
    run = copied(fresh, tmp_path / "run")
    train(run, home, learning_rate=1e-12, patience=1)
    training = read_manifest(run / "model" / MANIFEST_FILE).training
    assert (training["steps"], training["best_step"]) == (4, 2)


def test_what_was_made_of_users_events_goes_when_the_run_ends_well(fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    train(run, home, keep_data=False, steps=2)
    assert not (run / "data").exists()
    assert not (run / "checkpoints").exists()
    told = b"".join(file.read_bytes() for file in run.rglob("*") if file.is_file())
    assert b"liked Print" not in told
    with pytest.raises(TrainingRefused, match="holds a finished run"):
        refuse_finished(run)


def test_a_whole_model_is_trained_and_loads_by_itself(fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    train(run, home, method="full", learning_rate=1e-4, steps=2)
    manifest = read_manifest(run / "model" / MANIFEST_FILE)
    assert manifest.method == "full"
    decider = LocalDecider.load(ModelSpec(backend="local", model=str(run / "model")), PictureStore(home / "pictures"))
    assert decider._runtime.exact


class Stopped(Exception):
    """What a person does in the middle of a run."""


def test_a_whole_model_goes_on_from_its_checkpoint_and_ends_as_the_best_one(fresh, home, tmp_path):
    """Its names in the file are not those in memory, so a careless reader finds nothing and says nothing."""
    whole = {"method": "full", "learning_rate": 1e-3}
    straight, broken = copied(fresh, tmp_path / "straight"), copied(fresh, tmp_path / "broken")
    with patch("training.finetune.ranked.evaluate", falling()):
        train(straight, home, keep=True, **whole)
    assert read_manifest(straight / "model" / MANIFEST_FILE).training["best_step"] == 2
    first, last = (load_file(straight / "checkpoints" / f"checkpoint-{n}" / "model.safetensors") for n in (2, 6))
    kept = load_file(straight / "model" / "model.safetensors")
    assert kept.keys() == first.keys()
    assert all(torch.equal(kept[name], first[name]) for name in kept)
    assert not all(torch.equal(kept[name], last[name]) for name in kept)

    with patch("training.finetune.pace.Pace.on_step_begin", stop_before(4)), pytest.raises(Stopped):
        train(broken, home, keep=True, **whole)
    with patch("training.finetune.ranked.evaluate", falling(since=2)):
        train(broken, home, keep=True, **whole)
    assert read_manifest(broken / "model" / MANIFEST_FILE).training["resumed_from"] == "checkpoint-2"
    again = load_file(broken / "checkpoints" / "checkpoint-6" / "model.safetensors")
    assert all(torch.equal(again[name], last[name]) for name in last)


def falling(since=0):
    """In place of the figures of a validation: each is worse than the one before."""
    told = iter(range(9 - since, 0, -1))
    return lambda judged, **_: {"auc": SimpleNamespace(mean=next(told) / 10)}


def stop_before(step):
    def begin(self, args, state, control, **_):
        if state.global_step == step - 1:
            raise Stopped

    return begin


def test_gradient_checkpointing_learns_the_same(fresh, home, tmp_path):
    run, plain = copied(fresh, tmp_path / "run"), copied(fresh, tmp_path / "plain")
    train(run, home, gradient_checkpointing=True, steps=2, dropout=0.0)
    train(plain, home, steps=2, dropout=0.0)
    for name, weight in weights(plain).items():
        assert torch.allclose(weight, weights(run)[name], atol=1e-5)


@pytest.mark.parametrize("name", ["base", "prompts", "chat template"])
def test_a_run_that_was_begun_by_another_version_is_not_gone_on_with(name, fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    told = json.loads((run / "data" / "about.json").read_text())
    now, told["made_for"][name] = told["made_for"][name], "older"
    (run / "data" / "about.json").write_text(json.dumps(told))
    with pytest.raises(TrainingRefused, match=f"its {name} was 'older', is '{now}'; start anew in another folder"):
        train(run, home)
    assert now
    assert not (run / "checkpoints").exists()


def test_a_run_whose_examples_are_gone_is_refused(tmp_path):
    with pytest.raises(TrainingRefused, match="holds no prepared examples"):
        load_prepared(tmp_path)

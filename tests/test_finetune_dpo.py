"""The second stage: hard negatives found by the model as it is, learned from by TRL's DPO, and kept where it helps."""

import itertools
import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from catalog.pictures import PictureStore
from models.manifest import MANIFEST_FILE, read_manifest
from tests.finetune_shop import copied, kill_at, open_shop, prepared_run, settings, train
from tests.tiny import make_tiny_checkpoint
from training.finetune.adapters import adapted_model
from training.finetune.base import open_base
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Candidates, YesNo
from training.finetune.files import load_prepared, read_hard
from training.finetune.mining import hard_groups
from training.finetune.pace import Pace
from training.finetune.preference import PairBatches, make_pair_trainer
from training.finetune.scoring import Scorer
from training.finetune.settings import DpoSettings, TrainSettings
from training.finetune.stages import FIRST

ROOT = Path(__file__).resolve().parent.parent
DPO = {"pool": 6, "hardest": 2, "likings": 8, "steps": 4, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def fresh(home, tmp_path_factory):
    """A prepared run of two stages that nothing was trained in yet; copy it."""
    tiny = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    session = open_shop(home)
    chosen = settings(tiny, dpo=DPO, steps=4)
    run, _ = prepared_run(session, chosen, tmp_path_factory.mktemp("runs") / "fresh")
    session.services.close()
    return run


@pytest.fixture(scope="module")
def done(fresh, home, tmp_path_factory):
    """A run that went through, and its figures."""
    run = copied(fresh, tmp_path_factory.mktemp("done") / "run")
    return run, train(run, home, keep=True)


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=12), st.integers(1, 5))
def test_the_hardest_are_those_of_highest_p_yes_and_nothing_liked_is_among_them(told, hardest):
    questions = tuple(YesNo(f"{number}", None, yes) for number, (yes, _) in enumerate(told))
    scores = [score / 5 for _, score in told]
    [group] = hard_groups([Candidates("s", questions)], lambda asked: scores, hardest=hardest)
    places = [int(one.text) for one in group.questions]
    assert places == sorted(places)
    assert [one for one in group.questions if one.yes] == [one for one in questions if one.yes]
    taken = [scores[place] for place in places if not questions[place].yes]
    left = [scores[place] for place in range(len(told)) if not questions[place].yes and place not in places]
    assert len(taken) == min(hardest, len(taken) + len(left))
    assert not left or min(taken) >= max(left)


def test_the_pool_holds_a_liking_among_items_its_person_had_not_met(fresh, home):
    pool = load_prepared(fresh).pool
    assert len(pool) == DPO["likings"]
    assert {len(group.questions) for group in pool} == {1 + DPO["pool"]}
    for group in pool:
        assert sum(question.yes for question in group.questions) == 1
        assert len({question.text for question in group.questions}) == len(group.questions)
        met = set(re.findall(r"(?:liked|disliked|viewed) (Print \d+):", group.state))
        assert met
        assert not met & {question.text.splitlines()[0].removeprefix("Candidate: ") for question in group.questions}


def test_a_pair_is_the_right_answer_and_the_wrong_one_after_the_same_tokens_and_picture(fresh, home):
    chosen = TrainSettings.read(fresh)
    base, groups = open_base(chosen), load_prepared(fresh).pool
    encoder = base.encoder(PictureStore(home / "pictures"))
    batch = PairBatches(groups, encoder, pad_id=0, dtype=torch.float32)([{"example": 1}, {"example": 0}])
    asked = [question.yes for group in (groups[1], groups[0]) for question in group.questions]
    right, wrong = batch["input_ids"].chunk(2)
    answers = batch["completion_mask"].bool()
    assert torch.equal(*answers.chunk(2))
    assert torch.equal(right[~answers[: len(asked)]], wrong[~answers[: len(asked)]])
    first = answers[: len(asked)].int().argmax(dim=1)
    yes, no = encoder.yes.token_id, encoder.no.token_id
    assert right[range(len(asked)), first].tolist() == [yes if one else no for one in asked]
    assert wrong[range(len(asked)), first].tolist() == [no if one else yes for one in asked]
    assert "labels" not in batch
    assert torch.equal(*batch["pixel_values"].chunk(2))
    assert len(batch["pixel_values"]) == 2 * len(asked)


def test_what_the_minutes_leave_is_the_second_stages(fresh, home, tmp_path):
    """Time by a clock that runs on 30 s at every look: the first stage ends by the half of it, the second in time."""
    run, now = copied(fresh, tmp_path / "run"), itertools.count(0.0, 30.0)
    chosen = TrainSettings.read(run)
    limits = []

    def noted(*given, minutes=None, **more):
        limits.append(minutes)
        return Pace(*given, minutes=minutes, **more)

    clock = SimpleNamespace(monotonic=now.__next__)
    with patch("training.finetune.ranked.Pace", noted), patch("training.finetune.stages.time", clock):
        train(run, home, minutes=60.0)
    first, second = limits
    assert first == 30.0
    assert 50 < second < 60, "what the first stage took is gone, and no more than that"
    assert chosen.minutes is None


def test_a_second_stage_out_of_time_ends_after_a_step_and_is_judged(fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    figures = train(run, home, minutes=1e-6)
    training = read_manifest(run / "model" / MANIFEST_FILE).training
    assert (training["steps"], training["ended"]) == (1, "out of time")
    assert (training["dpo"]["steps"], training["dpo"]["ended"]) == (1, "out of time")
    assert figures["test"]["model"]["auc"]["lists"]


def test_both_stages_are_in_the_manifest_and_only_the_model_is_left(fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    figures = train(run, home, keep_data=False)
    manifest = read_manifest(run / "model" / MANIFEST_FILE)
    told = manifest.training["dpo"]
    assert manifest.training["steps"] == 4
    assert (told["steps"], told["pairs"]) == (4, 8 * 3)
    assert told["kept"] is (told["validation_auc"]["after"] > told["validation_auc"]["before"])
    assert figures["validation"]["model"]["auc"]["mean"] == pytest.approx(
        max(told["validation_auc"].values()), abs=1e-6
    )
    assert manifest.settings["dpo"] == DpoSettings(**DPO).model_dump()
    assert sorted(one.name for one in run.iterdir()) == ["logs", "model", "report.png", "settings.json"]
    assert not {"ref", "first.json", "README.md"} & {one.name for one in (run / "model").iterdir()}
    assert not any(".ref." in name for name in weights(run / "model"))


def test_the_hard_negatives_are_those_the_first_stage_takes_for_likings(done, home):
    run = done[0]
    chosen = TrainSettings.read(run)
    base, pictures = open_base(chosen), PictureStore(home / "pictures")
    scorer = Scorer(base, adapted_model(base, chosen, run / FIRST), pictures)
    for group, hard in zip(load_prepared(run).pool, read_hard(run), strict=True):
        scores = dict(zip(group.questions, scorer.p_yes(group), strict=True))
        taken = [one for one in hard.questions if not one.yes]
        assert len(taken) == 2
        assert min(scores[one] for one in taken) >= max(
            score for one, score in scores.items() if not one.yes and one not in taken
        )
    scorer.close()


def test_it_begins_as_the_first_stage_and_learns_to_turn_hard_negatives_down(done, home, tmp_path):
    """Where model and reference are the same the loss is that of a coin, and the reference does not move."""
    run = done[0]
    chosen = TrainSettings.read(run)
    base, pictures, prepared = open_base(chosen), PictureStore(home / "pictures"), load_prepared(run)
    model, encoder, groups = adapted_model(base, chosen, run / FIRST), base.encoder(pictures), read_hard(run)
    dpo = DpoSettings(**DPO | {"steps": 8})
    trainer = make_pair_trainer(
        base, model, encoder, chosen.model_copy(update={"evaluate_every": 8}), dpo, groups, prepared.validation,
        pictures, tmp_path,
    )  # fmt: skip

    def margin():
        told = [list(zip(group.questions, trainer.scorer.p_yes(group), strict=True)) for group in groups]
        logits = [[(one.yes, math.log(p / (1 - p))) for one, p in group] for group in told]
        liked = [logit for group in logits for yes, logit in group if yes]
        others = [logit for group in logits for yes, logit in group if not yes]
        return sum(liked) / len(liked) - sum(others) / len(others)

    before = margin()
    reference = {name: one.detach().clone() for name, one in model.named_parameters() if ".ref." in name}
    trainer.args.logging_steps = 1
    trainer.state.logging_steps = 1
    trainer.train()
    logs = [one for one in trainer.state.log_history if "rewards/margins" in one]
    assert logs[0]["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert logs[0]["rewards/margins"] == pytest.approx(0, abs=1e-6)
    assert logs[-1]["rewards/margins"] > 0.01
    assert margin() > before + 0.05
    assert reference
    assert all(torch.equal(one, model.get_parameter(name)) for name, one in reference.items())
    assert all(torch.equal(one, weights(run / FIRST)[name.replace(".ref.", ".")]) for name, one in reference.items())
    trainer.close()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_killed_in_the_second_stage_and_gone_on_with_gives_the_same_weights(done, fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    kill_at("checkpoints_dpo/checkpoint-2", run, home)
    with patch("training.finetune.stages.make_trainer", side_effect=AssertionError("the first stage was begun anew")):
        figures = train(run, home, keep=True)
    last = "checkpoints_dpo/checkpoint-4"
    there, here = weights(done[0] / last), weights(run / last)
    assert there.keys() == here.keys()
    assert all(torch.equal(there[name], here[name]) for name in there)
    assert figures == done[1]
    told = read_manifest(run / "model" / MANIFEST_FILE).training["dpo"]
    assert told["resumed_from"].startswith("checkpoint-")


def test_a_run_stopped_between_the_stages_goes_on_with_the_second(done, fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    with (
        patch("training.finetune.stages.hard_groups", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        train(run, home, keep=True)
    assert (run / FIRST).is_dir()
    assert read_hard(run) is None
    with patch("training.finetune.stages.make_trainer", side_effect=AssertionError("the first stage was begun anew")):
        assert train(run, home, keep=True) == done[1]
    assert all(torch.equal(one, weights(run / "model")[name]) for name, one in weights(done[0] / "model").items())


@pytest.mark.parametrize(("after", "kept"), [(0.4, False), (0.5, False), (0.6, True)])
def test_the_better_of_both_stages_is_kept(done, home, tmp_path, after, kept):
    run = copied(done[0], tmp_path / "run")
    shutil.rmtree(run / "model")
    told = json.loads((run / FIRST / "first.json").read_text())
    (run / FIRST / "first.json").write_text(json.dumps(told | {"auc": 0.5}))
    with patch("training.finetune.ranked.RankedTrainer.auc", return_value=after):
        train(run, home)
    first, last = weights(done[0] / FIRST), weights(run / "model")
    assert all(torch.equal(first[name], last[name]) for name in first) is not kept
    assert read_manifest(run / "model" / MANIFEST_FILE).training["dpo"]["kept"] is kept


def test_what_cannot_be_is_refused_with_the_reason(fresh, home, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="holds them against those of the first stage: not `method: full`"):
        settings("x", method="full", dpo=DPO)
    with pytest.raises(ValueError, match="of a pool of 2 items the hardest 3 cannot be taken"):
        DpoSettings(pool=2, hardest=3)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(TrainingRefused, match="shared out among devices is not proven to work; leave out --dpo"):
        train(copied(fresh, tmp_path / "run"), home)


def test_a_base_of_words_has_a_second_stage_as_well(tmp_path):
    words = make_tiny_checkpoint(tmp_path / "words", vision=False)
    session = open_shop(tmp_path / "home")
    small = {"steps": 2, "lists": 2, "list_negatives": 2, "targets_per_user": 1, "keep_data": False}
    chosen = settings(words, text_only=True, view="summary", dpo=DPO | {"steps": 2, "likings": 2}, **small)
    run, _ = prepared_run(session, chosen, tmp_path / "run")
    session.services.close()
    train(run, tmp_path / "home")
    assert read_manifest(run / "model" / MANIFEST_FILE).training["dpo"]["pairs"] == 6

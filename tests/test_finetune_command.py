"""`palate train` hands on what was written, and says nothing else than the settings do."""

import pytest
from typer.testing import CliRunner

import palate.train
from palate.cli import app
from training.finetune.settings import DpoSettings, TrainSettings


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """Gives the settings that a command line comes to; nothing is trained."""
    monkeypatch.setenv("PALATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(palate.train, "_run", lambda command: None)
    monkeypatch.setattr(palate.train, "_report", lambda out: None)

    def settle(*words):
        command = ["train", str(tmp_path / "run"), "--base", "b", "--catalogue", "c", *words]
        done = CliRunner().invoke(app, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return TrainSettings.read(tmp_path / "run")

    return settle


def test_what_is_not_written_is_as_the_settings_have_it(settled):
    assert settled() == TrainSettings(base="b", catalogue="c")


def test_a_second_stage_is_asked_for(settled):
    assert settled("--dpo").dpo == DpoSettings()


def test_what_is_written_of_a_second_stage_reaches_it(settled):
    words = "--dpo --dpo-pool 9 --dpo-hardest 3 --dpo-likings 7 --dpo-beta 0.2 --dpo-steps 5 --dpo-epochs 2"
    told = settled(*words.split(), "--dpo-learning-rate", "0.01").dpo
    assert told == DpoSettings(pool=9, hardest=3, likings=7, beta=0.2, steps=5, epochs=2, learning_rate=0.01)


def test_the_size_of_pictures_and_how_groups_are_read_reach_it(settled):
    found = settled("--picture-px", "300", "--shared-prefix", "never")
    assert (found.picture_px, found.shared_prefix) == (300, "never")


def test_how_much_is_learned_from_reaches_it(settled):
    found = settled("--likings", "70", "--role", "recommender", "--role", "responder=0.5")
    assert (found.likings, found.roles) == (70, {"recommender": 1, "responder": 0.5})


def test_how_long_it_may_take_reaches_it(settled):
    assert settled("--minutes", "12.5").minutes == 12.5

"""What `palate doctor` tells of a checkpoint from its files alone."""

import json

import pytest

from palate import health


def checkpoint(folder, **config):
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").touch()
    return folder


@pytest.fixture
def installed(monkeypatch):
    packages = {"torchvision", "num2words"}
    monkeypatch.setattr(health, "find_spec", lambda name: name in packages or None)
    return packages


@pytest.mark.parametrize("kind", ["llava", "llava_next", "idefics3", "gemma3", "llama"])
def test_kinds_that_need_nothing_more_are_passed_over(tmp_path, installed, kind):
    installed.clear()
    assert health.about_checkpoint("m", checkpoint(tmp_path, model_type=kind)) == []


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "qwen3_vl", "internvl", "smolvlm"])
def test_without_torchvision_it_is_told_who_prepares_the_pictures(tmp_path, installed, kind):
    path = checkpoint(tmp_path, model_type=kind, vision_config={})
    assert health.about_checkpoint("m", path) == []
    installed.remove("torchvision")
    [finding] = health.about_checkpoint("m", path)
    assert finding.weight == "hinders"
    assert "torchvision is not installed" in finding.what
    assert "palate[vision]" in finding.remedy


def test_smolvlm_cannot_be_built_without_num2words(tmp_path, installed):
    installed.remove("num2words")
    [finding] = health.about_checkpoint("m", checkpoint(tmp_path, model_type="smolvlm", vision_config={}))
    assert (finding.weight, "num2words" in finding.what) == ("stops", True)


def test_a_kind_without_a_contract_is_named(tmp_path, installed):
    [finding] = health.about_checkpoint("m", checkpoint(tmp_path, model_type="aya_vision", vision_config={}))
    assert (finding.weight, "aya_vision" in finding.what) == ("hinders", True)


def test_a_kind_that_cannot_be_served_stops(tmp_path, installed):
    [finding] = health.about_checkpoint("m", checkpoint(tmp_path, model_type="t5", is_encoder_decoder=True))
    assert (finding.weight, "t5" in finding.what) == ("stops", True)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_settings_that_cannot_be_read_stop(tmp_path, installed, text):
    (checkpoint(tmp_path) / "config.json").write_text(text)
    [finding] = health.about_checkpoint("m", tmp_path)
    assert (finding.weight, "cannot be read" in finding.what) == ("stops", True)

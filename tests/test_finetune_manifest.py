"""A manifest stands beside what was trained, and what does not fit it is refused with what differs."""

import json
import shutil

import pytest

import models.local.runtime as runtime
import prompts
from models.errors import ModelMisconfigured
from models.local.runtime import load_runtime
from models.manifest import MANIFEST_FILE, read_manifest, weights_fingerprint
from models.spec import ModelSpec
from tests.tiny import make_tiny_adapter, make_tiny_checkpoint
from training.finetune.base import open_base
from training.finetune.manifest import manifest_of
from training.finetune.settings import TrainSettings

DATA = {"catalogue": "prints", "fingerprint": "f", "split": {"kind": "leave_last"}}


def settings(base, **changes):
    return TrainSettings(base=str(base), catalogue="c", dtype="float32", device="cpu", **changes)


@pytest.fixture
def tiny(tmp_path):
    return make_tiny_checkpoint(tmp_path / "tiny")


@pytest.fixture
def adapter(tiny, tmp_path):
    made = make_tiny_adapter(tmp_path / "adapter", tiny)
    base = open_base(settings(tiny))
    metrics = {"test": {"model": {"auc": {"mean": 0.7, "low": 0.6, "high": 0.8, "lists": 9}}}}
    manifest_of(base, settings(tiny), DATA, metrics=metrics, training={"steps": 3}).write(made)
    return made


def load(tiny, adapter, **changes):
    runtime._loaded.clear()
    spec = ModelSpec(backend="local", model=str(tiny), adapter=str(adapter) if adapter else None, **changes)
    return load_runtime(spec)


def rewrite(folder, **changes):
    file = folder / MANIFEST_FILE
    record = json.loads(file.read_text()) | changes
    file.write_text(json.dumps(record))


def test_it_says_all_that_loading_and_judging_need(adapter, tiny):
    manifest = read_manifest(adapter / MANIFEST_FILE)
    assert (manifest.base, manifest.revision, manifest.method) == (str(tiny), None, "lora")
    assert manifest.weights == weights_fingerprint(str(tiny))
    assert set(manifest.prompts) == {prompts.load(name).label for name in ("recommender_question", "recommender_state")}
    assert {name: (one.text, one.token_id) for name, one in manifest.answers.items()} == {
        "yes": ("Yes", 257),
        "no": ("No", 258),
    }
    assert manifest.pictures
    assert manifest.picture_px == 512
    assert manifest.split == {"kind": "leave_last"}
    assert manifest.data["fingerprint"] == "f"
    assert manifest.metrics["test"]["model"]["auc"]["mean"] == 0.7
    assert {"torch", "transformers", "trl", "peft"} <= manifest.libraries.keys()


def test_what_fits_is_loaded(adapter, tiny):
    assert load(tiny, adapter).exact


def test_other_base_weights_are_refused(adapter, tiny, tmp_path):
    other = make_tiny_checkpoint(tmp_path / "other", seed=1)
    with pytest.raises(ModelMisconfigured, match=r"base weights: trained on .*tiny"):
        load(other, adapter)


def test_a_prompt_of_another_version_is_refused(adapter, tiny):
    rewrite(adapter, prompts=["recommender_state@99"])
    here = prompts.load("recommender_state").label
    with pytest.raises(ModelMisconfigured, match=f"prompt: trained on recommender_state@99, here {here}"):
        load(tiny, adapter)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pictures": "0000"}, "pictures: trained with the pipeline 0000, here"),
        ({"picture_px": 300}, "picture_px: trained with 300, here 512"),
        ({"chat_template": "0000"}, "chat template: trained with 0000, here"),
        (
            {"answers": {"yes": {"text": "Yes", "token_id": 7}, "no": {"text": "No", "token_id": 258}}},
            r"the answer yes: trained as 'Yes' \(7\), here 'Yes' \(257\)",
        ),
    ],
)
def test_whatever_else_differs_is_refused_and_named(adapter, tiny, changes, told):
    rewrite(adapter, **changes)
    with pytest.raises(ModelMisconfigured, match=told):
        load(tiny, adapter)


def test_a_size_of_pictures_other_than_usual_is_kept_and_asked_for(tiny, tmp_path):
    made = make_tiny_adapter(tmp_path / "small", tiny)
    chosen = settings(tiny, picture_px=64)
    manifest_of(open_base(chosen), chosen, DATA, metrics={}, training={}).write(made)
    assert read_manifest(made / MANIFEST_FILE).picture_px == 64
    assert load(tiny, made, picture_px=64).exact
    with pytest.raises(ModelMisconfigured, match="picture_px: trained with 64, here 512"):
        load(tiny, made)


def test_everything_that_differs_is_told_at_once(adapter, tiny):
    rewrite(adapter, pictures="0000", chat_template="0000", weights="0000")
    with pytest.raises(ModelMisconfigured, match=r"base weights.*pictures.*chat template"):
        load(tiny, adapter)


def test_other_pixels_are_another_pipeline(adapter, tiny):
    file = tiny / "processor_config.json"
    record = json.loads(file.read_text())
    record["image_processor"]["image_mean"] = [0.1, 0.1, 0.1]
    file.write_text(json.dumps(record))
    with pytest.raises(ModelMisconfigured, match="pictures: trained with the pipeline"):
        load(tiny, adapter)


def test_a_whole_checkpoint_is_checked_as_well(tiny, adapter, tmp_path):
    whole = shutil.copytree(tiny, tmp_path / "whole")
    shutil.copy(adapter / MANIFEST_FILE, whole)
    rewrite(whole, method="full", merged=True)
    assert load(whole, None).exact
    rewrite(whole, prompts=["recommender_state@99"])
    with pytest.raises(ModelMisconfigured, match="recommender_state@99"):
        load(whole, None)


def test_a_manifest_of_another_format_is_refused(adapter, tiny):
    rewrite(adapter, format=2)
    with pytest.raises(ModelMisconfigured, match="its manifest is of format 2, and this Palate reads format 1"):
        load(tiny, adapter)


@pytest.mark.parametrize("words", ["{", "[]", '{"kind": "palate-finetune", "format": 1, "base": 3}'])
def test_a_damaged_manifest_is_refused(adapter, tiny, words):
    (adapter / MANIFEST_FILE).write_text(words)
    with pytest.raises(ModelMisconfigured, match="its manifest is damaged"):
        load(tiny, adapter)


def test_an_adapter_without_a_manifest_is_nobodys_promise(adapter, tiny):
    (adapter / MANIFEST_FILE).unlink()
    assert load(tiny, adapter).exact


def test_the_weights_fingerprint_changes_with_any_layer_and_with_nothing_else(tiny, tmp_path):
    before = weights_fingerprint(str(tiny))
    assert weights_fingerprint(str(shutil.copytree(tiny, tmp_path / "copy"))) == before
    file = tiny / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert weights_fingerprint(str(tiny)) != before

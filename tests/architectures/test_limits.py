"""Checkpoints that are refused or served with less, each with its reason, and prompts that are hard to prepare."""

import pytest

from models.decisions import DecisionRequest, Predicate
from models.errors import ModelMisconfigured
from models.loading import load_chat, load_decider
from tests.architectures import llava, smolvlm
from tests.architectures.asking import Pictures, answers, assert_same, every_kind, one_by_one, spec_of
from tests.architectures.parts import build, save, text_settings
from tests.tiny import tiny_tokenizer


def make_vipllava(folder):
    """A kind that transformers reads and no contract covers."""
    from transformers import CLIPVisionConfig, LlamaConfig, VipLlavaConfig, VipLlavaForConditionalGeneration

    tokenizer = tiny_tokenizer(image_token="<image>")
    config = VipLlavaConfig(
        vision_config=CLIPVisionConfig(**llava.vision_settings()),
        text_config=LlamaConfig(**text_settings(tokenizer)),
        image_token_index=tokenizer.image_token_id,
        vision_feature_layers=[-2, -1],
    )
    return save(
        folder,
        build(VipLlavaForConditionalGeneration, config, tokenizer),
        tokenizer,
        picture_mark="<image>",
        processor="LlavaProcessor",
        image={
            "image_processor_type": "CLIPImageProcessor",
            "size": {"shortest_edge": 32},
            "crop_size": {"height": 32, "width": 32},
        },
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("t5", "reads with one model and writes with another"), ("glm_ocr", "do not say how to prepare them")],
)
def test_a_kind_that_cannot_be_served_is_refused_at_load_with_the_reason(tmp_path, kind, reason):
    from transformers import AutoConfig

    AutoConfig.for_model(kind).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ModelMisconfigured, match=reason) as caught:
        load_chat(spec_of(tmp_path))
    assert kind in str(caught.value)


def test_without_the_settings_for_pictures_it_is_refused(tmp_path):
    path = llava.make(tmp_path)
    (path / "preprocessor_config.json").unlink()
    with pytest.raises(ModelMisconfigured, match="image processor"):
        load_chat(spec_of(path))


def test_a_missing_package_is_named_with_what_to_install(tmp_path, monkeypatch):
    path = smolvlm.make(tmp_path)
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", None)
    with pytest.raises(ModelMisconfigured, match=r"num2words.*palate\[local,vision\]"):
        load_chat(spec_of(path))


async def test_a_kind_without_a_contract_reads_pictures_one_by_one_and_says_so(tmp_path, caplog):
    decider = load_decider(spec_of(make_vipllava(tmp_path)), Pictures())
    assert "one by one" in caplog.text
    assert "vipllava" in caplog.text
    together = await decider.decide(DecisionRequest("state " * 20, [Predicate("a?", "wide"), Predicate("bb?", "wide")]))
    assert together.usage.cached_tokens == 0
    assert_same(await answers(decider, every_kind()), await one_by_one(decider, every_kind()))
    assert decider._runtime.shares_prefix
    assert decider._runtime.shares_pictures is False


async def test_a_picture_as_wide_as_its_prompt_is_long_is_read(tmp_path):
    side = 160
    decider = load_decider(spec_of(llava.make(tmp_path, side=side, patch=40)), Pictures())

    async def tokens(text):
        return (await decider.decide(DecisionRequest("", [Predicate(text, "wide")]))).usage.input_tokens

    missing = side - await tokens("")
    assert missing > 0
    assert await tokens("x" * missing) == side

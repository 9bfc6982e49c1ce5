"""What every kind of checkpoint owes: to load, talk, decide, learn, be saved, and to answer the same in any company."""

import random
import shutil
from io import BytesIO

import pytest
import torch
from langchain_core.messages import HumanMessage, SystemMessage
from PIL import Image

from models.decisions import DecisionRequest, Predicate
from models.loading import load_chat, load_decider
from models.local import reading
from models.local.architectures import TOKEN_KINDS
from models.local.feature_store import FeatureStore
from tests.architectures.asking import (
    MAKERS,
    SIZES,
    STATE,
    TOLERANCE,
    Pictures,
    answers,
    assert_same,
    every_kind,
    one_by_one,
    seen,
    spec_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def loss_of(runtime, message, answer):
    """The loss of an answer, its prompt left out, with the inputs that the chat of this checkpoint makes."""
    inputs = runtime.processor.apply_chat_template(
        [{"role": "user", "content": message}],
        add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
    )  # fmt: skip
    more = torch.tensor([runtime.tokenizer(answer).input_ids])
    prompt = inputs["input_ids"].shape[1]
    for name in ("input_ids", "attention_mask", *TOKEN_KINDS):
        if name in inputs:
            filler = {"input_ids": more, "attention_mask": torch.ones_like(more)}.get(name, torch.zeros_like(more))
            inputs[name] = torch.cat([inputs[name], filler], dim=1)
    labels = inputs["input_ids"].clone()
    labels[:, :prompt] = -100
    return runtime.model(**inputs, labels=labels, use_cache=False).loss


@pytest.fixture(scope="module", params=MAKERS)
def checkpoint(request, tmp_path_factory):
    return MAKERS[request.param](tmp_path_factory.mktemp("tiny") / request.param)


@pytest.fixture
def decider(checkpoint):
    return load_decider(spec_of(checkpoint), Pictures())


@pytest.fixture
def chat(checkpoint):
    return load_chat(spec_of(checkpoint))


class TestArchitecture:
    """What each of them owes."""

    def test_it_talks_about_a_picture_and_the_picture_matters(self, chat):
        replies = {name: chat.invoke([SystemMessage("be kind"), seen(name)]).content for name in SIZES}
        assert len(set(replies.values())) > 1
        assert replies["wide"] == chat.invoke([SystemMessage("be kind"), seen("wide")]).content

    async def test_what_it_streams_is_its_reply(self, chat):
        pieces = [str(piece.content) async for piece in chat.astream([seen("large")])]
        assert "".join(pieces) == (await chat.ainvoke([seen("large")])).content

    def test_many_replies_at_once_are_those_of_one_by_one(self, chat):
        asked = [[seen(name, "look " * number)] for number, name in enumerate(SIZES)]
        assert [one.content for one in chat.batch(asked)] == [chat.invoke(one).content for one in asked]

    @pytest.mark.parametrize("name", [None, "wide"])
    def test_control_tokens_in_what_people_say_are_only_text(self, chat, name):
        forged = "".join(chat.runtime.tokenizer.added_tokens_encoder)

        def count(text):
            return chat.invoke([seen(name, text) if name else HumanMessage(text)]).usage_metadata["input_tokens"]

        assert count(f"calm {forged}?") - count("calm ?") == len(forged)

    async def test_words_decide(self, decider):
        alone = await one_by_one(decider, every_kind()[:2])
        assert len({round(one.probabilities[next(iter(one.probabilities))], 4) for one in alone}) > len(alone) / 2

    async def test_pictures_decide(self, decider):
        alone = await one_by_one(decider, [Predicate("", name) for name in SIZES])
        assert max(one.p_yes for one in alone) - min(one.p_yes for one in alone) > 100 * TOLERANCE

    async def test_together_is_as_one_by_one(self, decider, monkeypatch):
        questions = every_kind()
        alone = await one_by_one(decider, questions)
        assert_same(await answers(decider, questions), alone)
        assert decider._runtime.shares_prefix
        assert decider._runtime.shares_pictures
        for seed, rows in enumerate((1, 5)):
            monkeypatch.setattr(reading, "BATCH_ROWS", rows)
            order = random.Random(seed).sample(range(len(questions)), len(questions))
            shuffled = await answers(decider, [questions[place] for place in order])
            assert_same(shuffled, [alone[place] for place in order])

    @pytest.mark.parametrize("name", ["a", "wide", "large"])
    async def test_a_picture_they_share_is_read_once_and_changes_nothing(self, decider, name):
        questions = [Predicate(text, name) for text in ("", "A calm harbour?", "A storm, and words about it?")]
        alone = await one_by_one(decider, questions)
        whole = [(await decider.decide(DecisionRequest(STATE, [one]))).usage.input_tokens for one in questions]
        together = await decider.decide(DecisionRequest(STATE, questions))
        assert_same(together.answers, alone)
        read = together.usage.input_tokens - together.usage.cached_tokens
        own = [tokens - min(whole) for tokens in whole]
        assert decider._runtime.shares_pictures
        assert read < min(whole) + sum(own) + 2 * len("\nAnswer Yes or No only.</s><s>assistant\n")

    async def test_different_pictures_of_one_shape_are_told_apart(self, decider):
        questions = [Predicate("calm?", name) for name in ("large", "other", "large")]
        together = await answers(decider, questions)
        assert_same(together, await one_by_one(decider, questions))
        assert abs(together[0].p_yes - together[1].p_yes) > TOLERANCE

    async def test_pictures_seen_before_are_not_looked_at_again_and_answers_stay(
        self, checkpoint, decider, chat, tmp_path, monkeypatch
    ):
        """By decisions and by chat, which share what they saw."""
        questions, asked = every_kind(), [[seen(name, "look " * number)] for number, name in enumerate(SIZES)]
        expected, replies = await answers(decider, questions), [one.content for one in chat.batch(asked)]
        kept = FeatureStore(tmp_path)
        looking, talking = load_decider(spec_of(checkpoint), Pictures(), kept), load_chat(spec_of(checkpoint), kept)
        first = await answers(looking, questions)
        monkeypatch.setattr(type(looking.runtime.model.base_model), "get_image_features", None)
        again = await answers(looking, questions)
        for one, other, plain in zip(first, again, expected, strict=True):
            assert other == one
            assert other.probabilities == pytest.approx(plain.probabilities, abs=1e-5)
        assert [talking.invoke(one).content for one in asked] == replies
        monkeypatch.undo()
        assert [one.content for one in talking.batch(asked)] == replies

    async def test_without_a_word_in_common_it_is_the_same(self, decider):
        questions = [Predicate("calm?", "tall"), Predicate("loud?", "wide"), Predicate("dim?")]
        assert_same(await answers(decider, questions, ""), await one_by_one(decider, questions, ""))

    async def test_talk_and_decisions_do_not_disturb_one_another(self, chat, decider):
        said = chat.invoke("hello").content
        before = await one_by_one(decider, [Predicate("calm?")])
        await answers(decider, [Predicate("calm?", "wide"), Predicate("calm?", "tall")])
        assert chat.invoke("hello").content == said
        chat.invoke([seen("large")])
        assert_same(await one_by_one(decider, [Predicate("calm?")]), before)

    def test_a_step_of_training_lowers_the_loss_of_its_answer(self, checkpoint, tmp_path):
        runtime = load_chat(spec_of(shutil.copytree(checkpoint, tmp_path / "copy"))).runtime
        model = runtime.model.train()
        image = Image.open(BytesIO(Pictures().read("wide"))).convert("RGB")
        message = [{"type": "image", "image": image}, {"type": "text", "text": "calm?"}]
        before = loss_of(runtime, message, "Yes")
        before.backward()
        learning = {name for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()}
        assert any("lm_head" in name or "embed_tokens" in name for name in learning)
        assert any("vision" in name or "visual" in name for name in learning)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.grad is not None:
                    weight -= 1e-4 * weight.grad
        assert loss_of(runtime, message, "Yes") < before

    async def test_what_was_saved_answers_as_before(self, checkpoint, decider, tmp_path):
        questions = every_kind()[::3]
        decider._runtime.model.save_pretrained(tmp_path)
        decider._runtime.processor.save_pretrained(tmp_path)
        again = load_decider(spec_of(tmp_path), Pictures())
        assert_same(await answers(again, questions), await answers(decider, questions))

    async def test_an_adapter_is_saved_and_served(self, checkpoint, decider, tmp_path):
        peft = pytest.importorskip("peft", reason="adapters need the extra `local`")
        from transformers import AutoModelForImageTextToText

        torch.manual_seed(3)
        base = AutoModelForImageTextToText.from_pretrained(checkpoint)
        language = r".*(language_model|text_model).*\.(q_proj|v_proj)"
        config = peft.LoraConfig(r=2, target_modules=language, init_lora_weights=False)
        peft.get_peft_model(base, config).save_pretrained(tmp_path)
        adapted = load_decider(spec_of(checkpoint, adapter=str(tmp_path)), Pictures())
        questions = every_kind()[::3]
        together, plain = await answers(adapted, questions), await answers(decider, questions)
        assert_same(together, await one_by_one(adapted, questions))
        assert max(abs(one.mass - other.mass) for one, other in zip(together, plain, strict=True)) > TOLERANCE

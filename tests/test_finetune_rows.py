"""What is learned, token by token: the answer and its end, after exactly the prompt that the product reads."""

import asyncio
import json
import random
from dataclasses import replace

import pytest
import torch

from models.decisions import Choice, DecisionRequest, Predicate
from models.errors import ModelMisconfigured
from models.local.decider import LocalDecider
from models.local.generation import encode
from models.local.runtime import load_runtime
from models.messages import Picture, Said, Text
from models.spec import ModelSpec
from tests.tiny import make_tiny_checkpoint, picture
from training.finetune.base import load_model, open_base
from training.finetune.collate import IGNORED, batch_of
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Candidates, Chosen, Written, YesNo
from training.finetune.lengths import measure, refuse_long
from training.finetune.settings import TrainSettings

RED, BLUE = "ff0000", "0000ff"
STATE = "One person's taste: quiet <image> things </s>.\nFacts:\n- none"
ASKED = Candidates(
    STATE,
    (
        YesNo("Candidate: A\nred\nWill they like it?", RED, True),
        YesNo("Candidate: B, said at some length, with a <picture-0> mark\nWill they like it?", BLUE, False),
        YesNo("Candidate: C\nWill they like it?", None, False),
    ),
)
DESCRIBED = Written("item_summarizer", "Describe this item.\nTitle: Red", RED, "A red one. Yes</s> indeed.")
FOLDED = Written("preference_memory", "You keep a short memory.", None, '{"edits":[],"prose":"Likes red."}')

CHOSEN = Chosen(
    "understanding", "They write: <image> more</s>", "What?", (("ask", "asks"), ("talk", ""), ("go", "goes")), "talk"
)


class Pictures:
    def read(self, content_hash):
        return picture(tuple(bytes.fromhex(content_hash)))


def settings(base, **changes):
    return TrainSettings(base=str(base), catalogue="c", dtype="float32", device="cpu", **changes)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def base(tiny):
    return open_base(settings(tiny))


@pytest.fixture(scope="module")
def encoder(base):
    return base.encoder(Pictures())


def learned(row, tokenizer):
    """The tokens whose prediction counts, as the collator says."""
    batch = batch_of([row], pad_id=tokenizer.pad_token_id, dtype=torch.float32)
    [labels], [ids] = batch["labels"].tolist(), batch["input_ids"].tolist()
    return [(place, token) for place, (token, label) in enumerate(zip(ids, labels, strict=True)) if label != IGNORED]


@pytest.mark.parametrize("example", [ASKED, DESCRIBED, FOLDED])
def test_only_the_answer_and_its_end_are_learned(example, encoder, base):
    tokenizer = base.tokenizer
    answers = ["Yes", "No", "No"] if example is ASKED else [example.answer]
    for row, answer in zip(encoder.rows(example), answers, strict=True):
        told = learned(row, tokenizer)
        assert [place for place, _ in told] == list(range(len(row.ids) - len(told), len(row.ids)))
        tokens = [token for _, token in told]
        assert tokens[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(tokens[:-1]) == answer
        image_token = tokenizer.convert_tokens_to_ids("<image>")
        assert image_token not in tokens
        assert tokenizer.eos_token_id not in tokens[:-1]  # a written `</s>` is text, it ends nothing


def test_yes_and_no_are_the_tokens_the_decider_reads(encoder, tiny):
    decider = LocalDecider.load(ModelSpec(backend="local", model=str(tiny)), Pictures())
    row = decider.row(STATE, Predicate("a?"))
    assert [encoder.yes.token_id, encoder.no.token_id] == row.labels
    first = [row.ids[-row.answer] for row in encoder.rows(ASKED)]
    assert first == [encoder.yes.token_id, encoder.no.token_id, encoder.no.token_id]


def test_a_decision_is_learned_after_the_very_tokens_it_is_asked_with(encoder, tiny):
    decider = LocalDecider.load(ModelSpec(backend="local", model=str(tiny)), Pictures())
    for row, question in zip(encoder.rows(ASKED), ASKED.questions, strict=True):
        asked = decider.row(STATE, Predicate(question.text, question.picture))
        assert row.ids[: -row.answer] == asked.ids
        for name, pixels in row.inputs.items():
            assert torch.equal(pixels, asked.pictures[name])


class Wide:
    """Serves pictures large enough that it matters how small they are made first."""

    def read(self, content_hash):
        import io

        from PIL import Image

        noise = random.Random(content_hash).randbytes(300 * 200 * 3)
        Image.frombytes("RGB", (300, 200), noise).save(buffer := io.BytesIO(), "PNG")
        return buffer.getvalue()


def test_pictures_are_learned_at_the_size_they_are_served(tiny):
    from training.finetune.scoring import Scorer

    rows = {}
    for px in (40, 512):
        chosen = settings(tiny, picture_px=px)
        base = open_base(chosen)
        decider = LocalDecider.load(ModelSpec(backend="local", model=str(tiny), picture_px=px), Wide())
        [rows[px], *_] = base.encoder(Wide()).rows(ASKED)
        first = ASKED.questions[0]
        asked = decider.row(STATE, Predicate(first.text, first.picture))
        assert torch.equal(rows[px].inputs["pixel_values"], asked.pictures["pixel_values"])
        scorer = Scorer(base, load_model(base, chosen), Wide())
        served = asyncio.run(decider.decide(DecisionRequest(STATE, [Predicate(first.text, first.picture)])))
        assert scorer.p_yes(Candidates(STATE, (first,))) == pytest.approx([served.answers[0].p_yes], abs=1e-6)
        scorer.close()
    assert not torch.equal(rows[40].inputs["pixel_values"], rows[512].inputs["pixel_values"])


@pytest.mark.parametrize("answer", [name for name, _ in CHOSEN.options])
def test_a_choice_is_learned_after_the_very_tokens_it_is_asked_with(answer, encoder, tiny, base):
    decider = LocalDecider.load(ModelSpec(backend="local", model=str(tiny)), Pictures())
    asked = decider.row(CHOSEN.state, Choice(CHOSEN.text, dict(CHOSEN.options)))
    [row] = encoder.rows(replace(CHOSEN, answer=answer))
    assert row.ids[: -row.answer] == asked.ids
    assert row.ids[-row.answer] == dict(zip(asked.options, asked.labels, strict=True))[answer]
    assert row.ids[-1] == base.tokenizer.eos_token_id
    assert row.answer == 2


@pytest.mark.parametrize("example", [DESCRIBED, FOLDED])
def test_a_text_is_learned_after_the_very_tokens_it_is_asked_with(example, encoder, tiny):
    runtime = load_runtime(ModelSpec(backend="local", model=str(tiny)))
    parts = [Picture(Pictures().read(example.picture), "image/png")] if example.picture else []
    said = Said("user", (*parts, Text(example.prompt)))
    asked = encode(runtime, [[said]], 512)["input_ids"][0].tolist()
    [row] = encoder.rows(example)
    assert row.ids[: -row.answer] == asked


def test_no_image_token_is_lost_and_none_is_made_from_words(encoder, base):
    image_token = base.tokenizer.convert_tokens_to_ids("<image>")
    counts = [row.ids.count(image_token) for row in encoder.rows(ASKED)]
    assert counts == [16, 16, 0]  # 32 by 32 pixels in patches of 8; the state's own `<image>` is text
    batch = batch_of(list(encoder.rows(ASKED)), pad_id=0, dtype=torch.float32)
    assert batch["pixel_values"].shape[0] == 2


def test_rows_side_by_side_learn_what_they_learn_alone(encoder, base, tiny):
    model = load_model(base, settings(tiny)).eval()
    rows = [row for example in (ASKED, DESCRIBED, FOLDED) for row in encoder.rows(example)]
    pad = base.tokenizer.pad_token_id

    def losses(chosen):
        batch = batch_of(chosen, pad_id=pad, dtype=torch.float32)
        labels = batch.pop("labels")
        with torch.no_grad():
            logits = model(**batch).logits[:, :-1].transpose(1, 2)
        each = torch.nn.functional.cross_entropy(logits, labels[:, 1:], ignore_index=IGNORED, reduction="none")
        return each.sum(dim=1)

    together = losses(rows)
    alone = torch.cat([losses([row]) for row in rows])
    assert torch.allclose(together, alone, rtol=1e-4)
    assert len({round(loss, 3) for loss in alone.tolist()}) == len(rows)


def test_the_length_of_everything_is_known_before_training_and_nothing_is_cut(encoder):
    longest = max(len(row.ids) for row in encoder.rows(ASKED))
    found = measure([ASKED, DESCRIBED], encoder, longest)
    assert (found.longest["recommender"], found.rows, found.too_long) == (longest, 4, [])
    found = measure([DESCRIBED, ASKED], encoder, longest - 1)
    assert found.too_long == [1]
    with pytest.raises(
        TrainingRefused, match=f"1 of 2 examples take more than {longest - 1} tokens, the longest {longest}"
    ):
        refuse_long(found, longest - 1, 2)


def test_label_words_of_several_tokens_are_refused(tiny, tmp_path):
    import shutil

    other = shutil.copytree(tiny, tmp_path / "other")
    (other / "decision.json").write_text(json.dumps({"labels": {"noul": ["Absolutely", "Never"]}}))
    with pytest.raises(ModelMisconfigured, match="cannot answer in one token"):
        open_base(settings(other)).encoder(Pictures())


def test_a_base_without_a_picture_tower_is_refused_unless_asked_for(tmp_path):
    words = make_tiny_checkpoint(tmp_path / "words", vision=False)
    with pytest.raises(
        TrainingRefused, match=r"is not multimodal: it is a 'llama' and takes no pictures; .*--text-only"
    ):
        open_base(settings(words))
    base = open_base(settings(words, text_only=True, view="summary"))
    encoder = base.encoder(Pictures())
    [row] = encoder.rows(FOLDED)
    assert base.tokenizer.decode(row.ids[-row.answer :]) == FOLDED.answer + "</s>"
    with pytest.raises(ModelMisconfigured, match="an example has a picture and it takes text only"):
        list(encoder.rows(DESCRIBED))


@pytest.mark.parametrize("what", ["no/such/folder", "empty"])
def test_a_base_that_is_no_checkpoint_is_refused(what, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingRefused, match="cannot be read"):
        open_base(settings(tmp_path / what))


def test_the_scorer_gives_the_products_own_probabilities(base, tiny):
    from training.finetune.scoring import Scorer

    model = load_model(base, settings(tiny))
    scorer = Scorer(base, model, Pictures())
    asked = [Predicate(one.text, one.picture) for one in ASKED.questions]
    decider = LocalDecider.load(ModelSpec(backend="local", model=str(tiny)), Pictures())
    served = asyncio.run(decider.decide(DecisionRequest(STATE, asked)))
    assert scorer.p_yes(ASKED) == pytest.approx([one.p_yes for one in served.answers], abs=1e-6)
    scorer.close()


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="`roles` needs `recommender`"):
        settings("x", roles=("item_summarizer",))
    with pytest.raises(ValueError, match="can only be trained with `view: summary`"):
        settings("x", text_only=True, view="both")


def test_examples_survive_being_written_down():
    from training.finetune.examples import HeldOutList, example_of, list_of, to_json

    rng = random.Random(0)
    for example in (ASKED, DESCRIBED, FOLDED, CHOSEN):
        assert example_of(to_json(example)) == example
    held = HeldOutList(ASKED, {"popularity": tuple(rng.random() for _ in range(3))})
    assert list_of(to_json(held)) == held


def test_a_picture_as_wide_as_the_prompt_is_long_is_no_obstacle(tiny, tmp_path):
    """transformers takes an input whose last size is the number of tokens for a number per token."""
    import shutil

    wide = shutil.copytree(tiny, tmp_path / "wide")
    record = json.loads((wide / "processor_config.json").read_text())
    shape = {"height": 8, "width": 160}
    record["image_processor"] |= {"size": shape, "crop_size": shape}
    (wide / "processor_config.json").write_text(json.dumps(record))
    encoder = open_base(settings(wide)).encoder(Pictures())
    lengths = []
    for pad in range(24):
        [row] = encoder.rows(Candidates("x" * (68 + pad), (YesNo("Will they like it?", RED, True),)))
        lengths.append(len(row.ids) - row.answer)
        assert row.inputs["pixel_values"].shape == (1, 3, 8, 160)
    assert min(lengths) < 150 < 160 < max(lengths)  # as long as wide with the few sentinels that come and go


def test_the_scorer_reads_anew_when_the_weights_have_changed(base, tiny):
    from training.finetune.scoring import Scorer

    settings = TrainSettings(base=str(tiny), catalogue="c", dtype="float32", device="cpu")
    asked = replace(ASKED, state="They like red and calm pictures. " * 20)
    model = load_model(base, settings)
    used = Scorer(base, model, Pictures())
    before = used.p_yes(asked)
    with torch.no_grad():
        for weight in model.get_input_embeddings().parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)), alpha=0.3)
    fresh = Scorer(base, model, Pictures())
    after = used.p_yes(asked)
    assert after == pytest.approx(fresh.p_yes(asked), abs=1e-6)
    assert after != pytest.approx(before, abs=1e-6)
    used.close()
    fresh.close()

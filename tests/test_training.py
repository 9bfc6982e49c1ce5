"""The embedded model's training: what is taught, what is learned from it, and what a row of tokens means."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import prompts
from agents.budget import Budget
from agents.folding import Fold, checked_edits
from agents.intents import INTENTS as PRODUCT_INTENTS
from agents.judging import shared_state
from agents.preference_memory import event_lines, fold_prompt
from agents.preference_memory import fold as product_fold
from agents.recurrence import fact_lines
from agents.wording import fact_line
from catalog.demo.looks import ASPECTS, Look, describe, random_look
from catalog.items import Item
from memory.preferences import Fact, Polarity, Preference
from tests.world import event as interaction
from tests.world import open_session
from tracing.recorder import Recorder
from training import roles
from training.figures import auc, calibration_error, f1
from training.messages import any_message
from training.talk import talking
from training.teacher import EDITS_MADE, TaughtEvent, prose_of, teach_edits
from training.tokens import INTENTS, chat_text, choice_text, phrases, yes_no_text
from training.world import RECENT, Domain, FoldStep, fold, folds, history, look_values, set_by_hand, told_taste

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOX = Look("fox", "woodcut", "deep blue", "calm", "centred")


def event(kind: str, *values: tuple[str, str], rating: float | None = None) -> TaughtEvent:
    return TaughtEvent(kind, "Errand", "; ".join(f"{a}: {v}" for a, v in values), rating=rating, values=values)


LIKES_FOX = event("like", ("subject", "fox"))
HATES_FOX = event("dislike", ("subject", "fox"))


def held(polarity: Polarity, aspect: str, value: str, strength: float) -> Fact:
    return Fact(polarity=polarity, aspect=aspect, value=value, strength=strength, since=_NOW)


def folded(before: Preference, *block: TaughtEvent) -> FoldStep:
    return fold(before, block, lambda value: 0.05)


NOBODY = Preference(user_id="someone")


class TestTeacher:
    def test_a_value_liked_twice_becomes_a_fact(self) -> None:
        [edit] = teach_edits([], [LIKES_FOX, LIKES_FOX])
        assert (edit.op, edit.polarity, edit.value, edit.evidence) == ("add", "like", "fox", (1, 2))
        once, twice = folded(NOBODY, LIKES_FOX).after, folded(NOBODY, LIKES_FOX, LIKES_FOX).after
        assert once.holding[0].strength < twice.holding[0].strength

    def test_a_value_liked_once_is_a_slight_fact_that_the_prose_only_supposes(self) -> None:
        step = folded(NOBODY, LIKES_FOX)
        assert [fact_line(fact) for fact in step.after.holding] == ["like subject: fox (slight)"]
        assert step.answer.prose == step.after.prose == "They may like fox."

    def test_a_dislike_takes_a_like_back(self) -> None:
        assert teach_edits([], [LIKES_FOX, HATES_FOX]) == ()
        assert [edit.op for edit in teach_edits([], [LIKES_FOX, LIKES_FOX, HATES_FOX])] == ["add"]

    def test_edits_stand_in_the_order_the_block_last_names_their_values(self) -> None:
        block = [event("like", ("subject", "fox"), ("mood", "calm")), event("like", ("style", "woodcut")), LIKES_FOX]
        assert [edit.value for edit in teach_edits([], block)] == ["calm", "woodcut", "fox"]

    def test_a_view_says_nothing(self) -> None:
        assert teach_edits([], [event("view", ("subject", "fox"))] * 3) == ()

    def test_ratings_count_from_four_and_up_to_two(self) -> None:
        high, low = (event("rating", ("subject", "fox"), rating=r) for r in (4.0, 2.0))
        middle = event("rating", ("subject", "fox"), rating=3.0)
        assert teach_edits([], [high, high])[0].polarity == "like"
        assert teach_edits([], [low, low])[0].polarity == "dislike"
        assert teach_edits([], [middle, middle]) == ()

    def test_a_wish_is_a_fact_at_once(self) -> None:
        step = folded(NOBODY, TaughtEvent("wish", text="a fox", values=(("subject", "fox"),)))
        [edit] = step.answer.edits
        assert (edit.op, edit.reason) == ("add", "asked for it")
        assert [fact_line(fact) for fact in step.after.holding] == ["like subject: fox (strong)"]

    def test_what_is_said_turns_an_opposite_fact_round(self) -> None:
        said = TaughtEvent("wish", text="no foxes", avoided=(("subject", "fox"),))
        after = folded(set_by_hand({("subject", "fox"): 0.9}), said).after
        assert [fact.polarity for fact in after.holding] == ["dislike"]

    def test_only_an_edit_that_rests_on_words_says_that_it_was_asked_for(self) -> None:
        said = TaughtEvent("wish", text="no foxes", avoided=(("subject", "fox"),))
        [edit] = teach_edits([], [said, LIKES_FOX, LIKES_FOX])
        assert (edit.polarity, edit.reason, edit.evidence) == ("like", "liked twice", (2, 3))

    @pytest.mark.parametrize(("strength", "op"), [(0.9, "weaken"), (0.3, "retract")])
    def test_two_contradictions_weaken_a_fact_or_end_a_slight_one(self, strength: float, op: str) -> None:
        [edit] = teach_edits([held("like", "subject", "fox", strength)], [HATES_FOX, HATES_FOX])
        assert edit.op == op

    def test_a_retracted_value_leaves_the_prose_and_an_added_one_enters_it(self) -> None:
        facts = [held("like", "subject", "fox", 0.3), held("dislike", "palette", "neon", 0.5)]
        edits = teach_edits(facts, [event("dislike", ("subject", "fox"), ("mood", "calm"))] * 2)
        prose = prose_of(facts, edits)
        assert "fox" not in prose
        assert prose.endswith("They avoid neon and calm.")

    def test_a_fold_writes_edits_that_the_product_accepts(self) -> None:
        rng = random.Random(1)
        for _ in range(60):
            answer = roles.folding(rng).answer
            assert len(Fold.model_validate_json(answer).edits) == len(json.loads(answer)["edits"]) <= EDITS_MADE

    def test_every_edit_has_ground_in_its_block(self) -> None:
        rng = random.Random(2)
        for _ in range(30):
            domain = Domain(rng, prints=rng.random() < 0.5)
            for step in folds(history(rng, domain, domain.taste(rng), 12), domain.shown, size=3, slips=rng):
                lines = [event.line for event in step.block]
                kept = checked_edits(step.answer, lines, [1, 2, 3], step.before.facts)
                assert len(kept) == len(step.answer.edits)

    def test_a_fold_that_lost_edits_is_what_the_next_one_is_taught_on(self) -> None:
        rng = random.Random(6)
        domain = Domain(rng, prints=True)
        events = history(rng, domain, domain.taste(rng), 60)
        steps = folds(events, domain.shown, size=3, slips=random.Random(1))
        assert all(one.after == two.before for one, two in pairwise(folds(events, domain.shown, size=3)))
        lost = [two.before for one, two in pairwise(steps) if one.after != two.before]
        assert lost
        assert len(lost[0].edits) < len(next(one.after for one, two in pairwise(steps) if two.before is lost[0]).edits)


@pytest.mark.parametrize("told", [False, True])
async def test_the_lessons_of_a_memory_are_what_the_product_asks_and_makes_of_the_answers(
    told: bool, tmp_path: Path
) -> None:
    """A person of the lessons lives in the product: the same prompts, versions and state of a decision."""
    rng = random.Random(11)
    domain = Domain(rng, prints=True)
    looks = [random_look(rng) for _ in range(300)]
    items = [
        Item(item_id=f"p{n}", title=f"Errand {n}", text=describe(look).rstrip(".")) for n, look in enumerate(looks)
    ]
    taste = domain.taste(rng)
    kinds = [(rng.randrange(300), rng.choice(("like", "dislike", "view", "purchase"))) for _ in range(45)]
    taught = [TaughtEvent(kind, items[n].title, items[n].text, values=look_values(looks[n])) for n, kind in kinds]
    wish = TaughtEvent("wish", text="no foxes, please", avoided=(("subject", "fox"),))
    taught = [*taught[:6], wish, *taught[6:]]
    start = told_taste(rng, taste) if told else NOBODY
    answers: list[str] = []
    session = open_session(tmp_path, items=items, answer=lambda prompt: answers.pop(0))
    context = session.services.turn_context("prints", Recorder(None), Budget.unlimited())
    log = context.log
    ids = {item.title: item.item_id for item in items}
    log.append([interaction("someone", ids.get(one.title, ""), one.kind, text=one.text) for one in taught])
    stored = log.of_user("someone", "prints")
    preference = memory = start
    for place in range(0, 45, 3):
        step = fold(memory, taught[place : place + 3], context.shown)
        answers.append(step.answer.model_dump_json())
        block = stored[place : place + 3]
        asked = fold_prompt(context, preference, event_lines(context, block)).text
        assert asked == roles.fold_example(step).prompt
        preference = await product_fold(context, preference, block)
        memory = step.after
        assert preference.prose == memory.prose
        assert [fact.model_dump(exclude={"since"}) for fact in preference.facts] == [
            fact.model_dump(exclude={"since"}) for fact in memory.facts
        ]
    state = shared_state(preference, stored[-RECENT:], "", context)
    assert state == roles.state_text(memory.prose, fact_lines(memory), [event.line for event in taught[-RECENT:]])
    assert len({fact.strength for fact in memory.holding}) > 4
    await session.aclose()


class TestExamples:
    def test_intents_are_those_of_the_product_in_its_order(self) -> None:
        assert list(INTENTS.items()) == list(PRODUCT_INTENTS.items())

    def test_the_same_seed_makes_the_same_examples(self) -> None:
        def made(seed: int) -> list[Any]:
            rng = random.Random(seed)
            return [roles.folding(rng), roles.responding(rng), talking(rng), roles.deciding(rng), any_message(rng)]

        assert made(5) == made(5)
        assert made(5) != made(6)

    def test_reasons_name_only_what_is_written_in_the_prompt(self) -> None:
        rng = random.Random(3)
        for _ in range(40):
            example = roles.responding(rng)
            for line in example.answer.splitlines()[1:]:
                title = line.split(". ", 1)[1].split(": it has ")[0].split(": you asked")[0].split(": it shows")[0]
                assert title.removesuffix(": something new to try.") in example.prompt

    def test_a_wish_that_is_met_raises_the_probability_and_one_missed_lowers_it(self) -> None:
        rng = random.Random(4)
        thing = Domain(rng, prints=True).thing(rng, with_value=("subject", "fox"))
        met, missed = (("subject", "fox"),), (("subject", "owl"),)
        assert roles.wished_p(0.4, thing, met) > 0.4 > roles.wished_p(0.4, thing, missed)

    def test_the_question_pattern_equals_the_rendered_prompt(self) -> None:
        rng = random.Random(5)
        thing = Domain(rng, prints=True).thing(rng)
        rendered = prompts.load("recommender_question").render(title=thing.title, summary=thing.summary)
        assert roles.question_text(thing) == rendered


class TestDecisionWording:
    """Decisions are trained in the words of transformers' own decision prompt."""

    def rendered(self, state: str, question: dict[str, Any]) -> str:
        transformers = pytest.importorskip("transformers.decision.template_utils")
        from transformers.decision.configuration_utils import DecisionConfig
        from transformers.utils.chat_template_utils import _compile_jinja_template

        parsed = transformers.Question.from_request("q", question, DecisionConfig())
        return str(_compile_jinja_template(transformers.DECISION_PROMPT).render(state=state, question=parsed))

    def test_a_predicate(self) -> None:
        assert self.rendered("s", {"type": "noul", "instructions": "Will they?"}) == yes_no_text("s", "Will they?")

    def test_a_choice_without_a_question(self) -> None:
        wanted = self.rendered("s", {"type": "choice", "instructions": "", "criteria": dict(INTENTS)})
        assert choice_text("s", "", list(INTENTS.items())) == wanted

    def test_a_choice_with_a_question_and_bare_options(self) -> None:
        wanted = self.rendered(
            "s", {"type": "choice", "instructions": "Which?", "criteria": {"fox": None, "owl": None}}
        )
        assert choice_text("s", "Which?", [("fox", ""), ("owl", "")]) == wanted


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    pytest.importorskip("transformers")
    from training.tokens import train_tokenizer

    rng = random.Random(7)
    texts = [example.prompt + example.answer for _ in range(40) for example in (roles.folding(rng), talking(rng))]
    return train_tokenizer(texts, words=("Yes", "No"), vocabulary=1600)


@pytest.fixture(scope="module")
def tiny(tokenizer: Any) -> Any:
    import torch

    from training.shape import new_model

    torch.manual_seed(0)
    return new_model(tokenizer).eval()


@pytest.mark.model
class TestTokens:
    def test_any_text_comes_back(self, tokenizer: Any) -> None:
        for text in ("Ærøskøbing: 3½ — “naïve”\n\tß", describe(FOX), '{"edits":[{"op":"add"', "", "日本 🦊"):
            assert tokenizer.decode(tokenizer(text)["input_ids"]) == text

    def test_a_word_has_the_same_tokens_wherever_it_stands(self, tokenizer: Any) -> None:
        ids = tokenizer("brosterk")["input_ids"]
        for text in ("like genre: brosterk (clear)", '"value":"brosterk","reason"', "They like brosterk and x"):
            inside = tokenizer(text)["input_ids"]
            assert any(inside[i : i + len(ids)] == ids for i in range(len(inside)))

    def test_answers_are_single_tokens(self, tokenizer: Any) -> None:
        for word in ("Yes", "No", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
            assert len(tokenizer(word)["input_ids"]) == 1

    def test_fixed_phrases_are_one_token_and_survive_decoding(self, tokenizer: Any) -> None:
        for text in phrases():
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.decode(ids, skip_special_tokens=True) == text
        assert len(tokenizer('","evidence":[')["input_ids"]) == 1

    def test_training_writes_chats_as_the_chat_template_does(self, tokenizer: Any) -> None:
        from PIL import Image

        from training.tokens import make_processor

        processor = make_processor(tokenizer)
        picture = Image.new("RGB", (256, 256))
        content = [{"type": "image", "image": picture}, {"type": "text", "text": "Title: x"}]
        told = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=True, return_dict=True
        )
        assert list(told["input_ids"][0]) == tokenizer(chat_text("Title: x", picture=True))["input_ids"]


@pytest.mark.model
class TestBatches:
    def test_only_the_answer_and_its_end_are_learned(self, tokenizer: Any) -> None:
        from training.batches import IGNORED, text_batches

        examples = [roles.Example("x", "calm?", "Try Paterson."), roles.Example("x", "a longer question, is it?", "No")]
        [batch] = text_batches(tokenizer, examples, None, tokens=1000)
        learned = {tokenizer.decode([i for i in row.tolist() if i != IGNORED]) for row in batch.labels}
        assert learned == {"Try Paterson.<|end|>", "No<|end|>"}

    def test_a_label_is_the_token_after_its_input(self, tokenizer: Any) -> None:
        from training.batches import text_batches

        [batch] = text_batches(tokenizer, [roles.Example("x", "calm?", "Try Paterson.")], None, tokens=1000)
        row, labels = batch.input_ids[0].tolist(), batch.labels[0].tolist()
        first = next(i for i, label in enumerate(labels) if label >= 0)
        assert row[first + 1 :] == labels[first:-1]

    def test_candidates_in_one_row_are_judged_as_if_alone(self, tokenizer: Any, tiny: Any) -> None:
        import torch

        from training.batches import decision_batch

        decisions = [roles.deciding(random.Random(seed), candidates=3) for seed in (1, 2)]
        batch = decision_batch(tokenizer, decisions)
        with torch.no_grad():
            hidden = tiny.model(
                input_ids=batch.input_ids, attention_mask=batch.mask, position_ids=batch.positions
            ).last_hidden_state[batch.reads[:, 0], batch.reads[:, 1]]
            alone = []
            for decision in decisions:
                for question, _ in decision.questions:
                    text = chat_text(yes_no_text(decision.state, question))
                    ids = torch.tensor([tokenizer(text)["input_ids"]])
                    alone.append(tiny.model(input_ids=ids).last_hidden_state[0, -1])
        assert torch.allclose(hidden, torch.stack(alone), atol=1e-4)


@pytest.mark.model
def test_a_saved_checkpoint_loads_through_the_auto_classes(tokenizer: Any, tiny: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from training.demo_model import save_checkpoint
    from training.tokens import make_processor

    out = tmp_path / "demo"
    for seed in (1, 2):  # the second save replaces the first
        save_checkpoint(tiny, make_processor(tokenizer), out, {"seed": seed})
    assert json.loads((out / "palate_manifest.json").read_text())["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert type(AutoModelForImageTextToText.from_pretrained(out)).__name__ == "LlavaForConditionalGeneration"
    processor = AutoProcessor.from_pretrained(out)
    assert type(processor.image_processor).__name__ == "CLIPImageProcessorPil"
    assert sum(path.stat().st_size for path in out.iterdir()) < 40_000_000


class TestFigures:
    def test_auc_counts_pairs_in_order_and_ties_by_half(self) -> None:
        assert auc([0.1, 0.9], [False, True]) == 1
        assert auc([0.9, 0.1], [False, True]) == 0
        assert auc([0.5, 0.5, 0.5], [False, True, True]) == 0.5
        assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75

    def test_calibration_error_is_the_gap_between_said_and_true(self) -> None:
        assert calibration_error([0.25] * 4, [True, False, False, False]) == 0
        assert calibration_error([1.0, 1.0], [False, False]) == 1

    def test_f1_of_sets(self) -> None:
        assert f1([{"a", "b"}], [{"a", "c"}]) == 0.5
        assert f1([set()], [set()]) == 1


def test_looks_are_named_in_full_by_the_lessons() -> None:
    assert all(FOX.value(aspect) in describe(FOX) for aspect in ASPECTS)

"""Examples of every role from a shop's own words: asked as chat asks, and answered so that nothing is put right."""

import asyncio
import json
import random
import re
from collections import Counter
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.runtime import Runtime

from agents.folding import FoldEdit
from agents.intents import INTENTS
from agents.preference_memory import fold_due
from agents.responder import respond
from agents.wishes import own_words, split_wishes
from catalog.filters import passes
from memory.preferences import Edit, Fact, Preference
from models.manifest import MANIFEST_FILE, read_manifest
from tests.finetune_shop import START, open_shop, prepared_run, settings, train
from tests.tiny import make_tiny_checkpoint
from tests.world import event, open_session, played, polite, talk
from tracing.recorder import Recorder
from training.finetune import replies
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Chosen, Written, fold_examples, intent_example, wishes_example
from training.finetune.files import load_prepared
from training.finetune.folds import taught_folds
from training.finetune.messages import Message, asks_intent, messages, soft_wishes, wish_phrases
from training.finetune.replies import reply_example
from training.finetune.roles import PROMPTS, weighted
from training.finetune.settings import TrainSettings

FOXES = Preference(
    user_id="ann",
    prose="They like foxes.",
    facts=(Fact(polarity="like", aspect="subject", value="fox", strength=0.6, since=START),),
)
TAUGHT = {}  # prompt → answer, for chats that know them by heart


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The twelve prints, and people who do not know them."""
    log = [event("ann", f"i{n:02}", kind) for n, kind in enumerate(("like", "dislike", "like") * 4)]
    one = open_session(
        tmp_path_factory.mktemp("home"), interactions=log, answer=lambda prompt: TAUGHT.get(prompt) or polite(prompt)
    )
    yield one
    one.services.close()


@pytest.fixture
def context(session):
    return session.services.turn_context("prints", Recorder(None))


def spoken(context, count=400):
    views = context.views(context.catalogue.item_ids)
    return list(messages(context.catalogue, views, count, random.Random(1)))


@given(st.integers(0, 40), st.floats(0.01, 5), st.integers(0, 9))
def test_a_weight_is_how_often_an_example_is_seen(count, weight, seed):
    examples = [Written("responder", str(number), None, "a") for number in range(count)]
    seen = Counter(one.prompt for one in weighted(examples, weight, random.Random(seed)))
    assert sum(seen.values()) == int(weight) * count + round((weight - int(weight)) * count)
    assert not seen or max(seen.values()) - min([*seen.values(), *([0] * (count - len(seen)))]) <= 1
    assert weighted(examples, weight, random.Random(seed)) == weighted(examples, weight, random.Random(seed))


def test_roles_are_named_with_or_without_a_weight():
    told = settings("b", roles=["recommender", "responder=0.5"])
    assert told.roles == {"recommender": 1.0, "responder": 0.5}
    assert TrainSettings.model_validate_json(told.model_dump_json()) == told
    for wrong in ("responder=0", "responder=much", "cook"):
        with pytest.raises(ValueError, match=r"responder|cook"):
            settings("b", roles=["recommender", wrong])


def test_wishes_are_in_the_words_of_the_catalogue_and_name_no_item(context):
    fox = context.catalogue["i00"]
    told = (
        "A linocut of a red fox, in warm colours. Ann Quiet drew it. Its mood is calm and its paper is handmade cotton."
    )
    assert wish_phrases(fox, told) == ["linocut", "red fox", "warm colours", "mood", "calm", "paper", "handmade cotton"]
    assert wish_phrases(fox.model_copy(update={"title": "Red Fox"}), "A red fox.") == []


def test_a_message_is_asked_about_as_chat_asks(session, context):
    """What the product asks of its models when it is written this, word for word."""
    told = [one for one in spoken(context) if not one.shown and one.intent == "recommend"]
    both = [one for one in told if asks_intent(one, context.catalogue) and soft_wishes(one, context.catalogue)]
    assert len(both) > 5
    for number, message in enumerate(both[:4]):
        TAUGHT[wishes_example(*soft_wishes(message, context.catalogue)).prompt] = "none"
        heard = played(session).played_chat.heard
        asyncio.run(talk(session, f"bob{number}", message.text))
        assert wishes_example(*soft_wishes(message, context.catalogue)).prompt in heard
        asked = [one for one in played(session).played_decider.heard if hasattr(one.questions[0], "options")][-1]
        example = intent_example(message, context.catalogue)
        assert example.state == asked.state
        assert dict(example.options) == dict(asked.questions[0].options)


def test_no_model_is_taught_what_the_parser_is_certain_of(context):
    for message in spoken(context):
        parsed = message.read_by(context.catalogue)
        certain = parsed.filters or parsed.relax or parsed.wants_new or parsed.intent_hint
        assert not (asks_intent(message, context.catalogue) and certain)


def test_a_wish_that_the_product_takes_for_none_is_taught_as_none(context):
    message = Message("nothing beats fox, what can you show me?", "recommend", ("fox",))
    assert soft_wishes(message, context.catalogue) == (message.text, ())


def test_a_message_that_is_read_as_something_else_is_no_example(context):
    with patch("training.finetune.messages.certain_intent", return_value="small_talk"):
        assert {one.intent for one in spoken(context)} == {"small_talk"}


def test_every_intent_is_taught_and_a_wish_is_said_in_so_many_words(context):
    told = spoken(context)
    assert {one.intent for one in told if asks_intent(one, context.catalogue)} == set(INTENTS)
    answers = Counter()
    for message in told:
        asked = soft_wishes(message, context.catalogue)
        if asked is not None:
            rest, wishes = asked
            answer = "; ".join(wishes) or "none"
            assert own_words(split_wishes(answer), rest) == wishes  # as the product reads the answer
            assert all(wish in message.text for wish in wishes)
            answers[bool(wishes)] += 1
    assert min(answers[True], answers[False]) > 10


@pytest.mark.parametrize("taste", [FOXES, Preference(user_id="ann")])
def test_a_reply_is_shown_as_it_was_taught(session, context, taste):
    """The product's own responder, given the slate of the example, keeps every word of the answer."""
    seen, rng = [], random.Random(3)

    def remembered(state, preference, views, real=replies.slate_prompt):
        seen.append(state)
        return real(state, preference, views)

    items = list(context.catalogue)
    with patch("training.finetune.replies.slate_prompt", remembered):
        made = [one for item in items * 3 if (one := reply_example(item, items, taste, context, rng))]
    assert len(made) == len(seen) > 20
    for example, state in zip(made, seen, strict=True):
        TAUGHT[example.prompt] = example.answer
        chat = session.services.turn_context("prints", Recorder(None))
        chat._tastes[""] = taste
        shown = asyncio.run(respond(state, Runtime(context=chat, stream_writer=lambda told: None)))
        assert shown["reply"] == example.answer
        assert all(passes(context.catalogue[card.item_id], state.filters) for card in state.slate)
        titles = re.findall(r"^(\d+)\. (.*?) \| ", example.prompt, re.MULTILINE)
        lines = re.findall(r"^(\d+)\. (.*?): ", example.answer, re.MULTILINE)
        assert titles == lines == [(str(n), card.title) for n, card in enumerate(state.slate, 1)]
    told = " ".join(one.answer for one in made)
    assert "You asked for" in told
    assert ("you like fox" in told) is bool(taste.facts)


def test_a_reply_that_claims_what_is_not_known_is_no_example(context):
    items = list(context.catalogue)
    with patch("training.finetune.replies._reason", return_value="You like dragons."):
        made = [reply_example(item, items, FOXES, context, random.Random(1)) for item in items]
    assert made == [None] * len(items)


def test_a_fold_is_kept_as_it_was_taught(session, context):
    """Folding the same events with a chat that knows the answers by heart gives what the examples say."""
    log = session.services.log.of_user("ann", "prints")
    made = list(taught_folds("unknown", log, context))
    assert len(made) == 4
    TAUGHT.update({one.prompt: one.answer for one in made})
    asyncio.run(fold_due(context, Preference(user_id="ann")))
    versions = session.services.preferences.versions("ann", "prints")[::-1]
    assert [one.prose for one in versions] == [json.loads(one.answer)["prose"] for one in made]
    for version, example in zip(versions, made, strict=True):
        edits = json.loads(example.answer)["edits"]
        assert edits
        assert [(one.op, one.polarity, one.aspect, one.value) for one in version.edits] == [
            (one["op"], one["polarity"], one["aspect"], one["value"]) for one in edits
        ]
        assert all(list(edit) == list(FoldEdit.model_fields) for edit in edits)  # the order of the schema
        assert all(one["value"].casefold() in example.prompt.casefold() for one in edits)


def test_a_fold_that_was_kept_names_its_evidence_by_the_lines_of_its_block(context):
    log = [event("ann", f"i{n:02}", event_id=n + 11) for n in range(3)]
    edit = Edit(op="add", polarity="like", aspect="subject", value="fox", reason="Liked twice.", evidence=(12, 13))
    kept = Preference(user_id="ann", prose="They like foxes.", watermark=13, edits=(edit,))
    [example] = fold_examples([kept], log, {11, 12, 13}, context)
    assert [one["evidence"] for one in json.loads(example.answer)["edits"]] == [[2, 3]]
    assert list(fold_examples([kept], log, {11, 12}, context)) == []  # one of its events is held out


def test_a_wish_is_for_a_model_to_read(context):
    log = [event("ann", f"i{n:02}", event_id=n + 1) for n in range(6)]
    wish = event("ann", "", "wish", text="no foxes", event_id=4)
    assert len(list(taught_folds("ann", log, context))) == 2
    assert len(list(taught_folds("ann", [*log[:3], wish, *log[4:]], context))) == 1


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


ALL = ["recommender", "preference_memory", "understanding=0.2", "responder=2"]


def test_a_run_on_all_roles_is_of_its_training_part_and_ends_in_one_model(tiny, tmp_path):
    shop = open_shop(tmp_path / "home")
    small = {"steps": 2, "lists": 2, "list_negatives": 2, "targets_per_user": 1}
    chosen = settings(tiny, roles=ALL, cold_items=0.3, split="time", held_out=0.3, **small)
    run, about = prepared_run(shop, chosen, tmp_path / "run")
    examples = load_prepared(run).train
    assert set(about["examples"]) == {name.partition("=")[0] for name in ALL}
    assert {type(one) for one in examples if one.role == "understanding"} == {Chosen, Written}
    cold = set(re.findall(r"Candidate: (Print \d+)\\n", (run / "data" / "test.jsonl").read_text()))
    told = (run / "data" / "train.jsonl").read_text()
    assert cold
    assert not [title for title in cold if re.search(rf"{title}\b", told)]
    again, _ = prepared_run(shop, chosen, tmp_path / "again")
    assert (again / "data" / "train.jsonl").read_text() == told
    shop.services.close()
    train(run, tmp_path / "home")
    manifest = read_manifest(run / "model" / MANIFEST_FILE)
    assert {one.partition("@")[0] for one in manifest.prompts} == {
        name for role, names in PROMPTS.items() for name in names if role in chosen.roles
    }
    assert manifest.settings["roles"] == {
        "recommender": 1, "preference_memory": 1, "understanding": 0.2, "responder": 2,
    }  # fmt: skip
    assert manifest.training["rows_read"] == "together"


def test_a_role_with_nothing_to_learn_from_is_refused_with_what_would_help(tiny, tmp_path):
    shop = open_shop(tmp_path / "home")
    with pytest.raises(TrainingRefused, match=r"no item has a picture and a summary \(`palate summarize` makes them\)"):
        prepared_run(shop, settings(tiny, roles=["recommender", "item_summarizer"]), tmp_path / "run")
    shop.services.close()

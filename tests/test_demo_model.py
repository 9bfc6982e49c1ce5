"""The embedded model as it ships: it really plays every role, in this process and behind a server."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import prompts
from agents.asking import message_of
from agents.folding import Fold
from agents.intents import INTENTS
from agents.item_summarizer import summary_prompt
from catalog.demo.apart import png
from catalog.demo.looks import ASPECTS, Look, describe, random_look
from catalog.demo.people import make_people, p_like
from catalog.demo.prints import SCHEMA, make_prints
from catalog.pictures import PictureStore
from evaluation.metrics import auc
from graphs.describing import author_of, summarize_catalogue
from graphs.services import Services
from graphs.session import Session
from graphs.setup import store_catalogue
from models.decisions import Choice, DecisionRequest, Predicate
from models.loading import load_chat, load_decider
from models.spec import ModelSpec
from profiles.settings import load_profile
from tests.serve import transformers_server  # noqa: F401  (a fixture)
from tests.world import talk

CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / "demo"
SPEC = ModelSpec(backend="local", model=str(CHECKPOINT), device="cpu", dtype="float32", max_tokens=320)
UNSEEN_SEED = 424_242
pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return PictureStore(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def chat():
    return load_chat(SPEC)


@pytest.fixture(scope="module")
def decider(pictures):
    return load_decider(SPEC, pictures)


def unseen_looks(count: int) -> list[Look]:
    rng = random.Random(UNSEEN_SEED)
    return [random_look(rng) for _ in range(count)]


def test_it_says_what_prints_show_that_it_never_saw(chat, pictures):
    looks = unseen_looks(40)
    hashes = [pictures.add(png(look, seed=UNSEEN_SEED + n)) for n, look in enumerate(looks)]
    messages = [[message_of(summary_prompt(None, one), SPEC, pictures)] for one in hashes]
    said = [str(answer.text) for answer in chat.batch(messages)]
    named = [look.value(aspect) in text for look, text in zip(looks, said, strict=True) for aspect in ASPECTS]
    assert sum(named) / len(named) >= 0.95
    assert len(set(said)) > 30


def test_its_p_yes_follows_a_taste_it_never_met(decider):
    people, prints = make_people(12, seed=UNSEEN_SEED), make_prints(60, seed=UNSEEN_SEED)
    scores = []
    for person in people:
        state = state_of(person.taste_at(100))
        questions = [Predicate(question_of(one)) for one in prints]
        answers = asyncio.run(decider.decide(DecisionRequest(state, questions))).answers
        liked = [int(p_like(person, one, 100) > 0.5) for one in prints]
        scores.append(auc([answer.p_yes for answer in answers], liked))
        assert all(answer.mass is not None and answer.mass > 0.9 for answer in answers)
    assert sum(scores) / len(scores) >= 0.85


def test_it_tells_intents_apart(decider):
    asked = {
        "can you suggest something for my kitchen": "recommend",
        "I want a present for my sister": "recommend",
        "what would you hang above a sofa": "recommend",
        "thank you so much, have a nice day": "small_talk",
        "hello there": "small_talk",
        "I liked the first one a lot": "feedback",
        "I really don't like the second one": "feedback",
        "how wide is the second one": "question",
        "how much does the first cost": "question",
        "who made it": "question",
        "something darker please": "critique",
        "cheaper than these": "critique",
        "that is wrong, I do not like foxes": "correct_taste",
        "I no longer like cats": "correct_taste",
    }
    right = 0
    for message, intent in asked.items():
        state = prompts.load("understanding_intent").render(message=message, shown=["Quiet Hour", "Late Harbour"])
        answers = asyncio.run(decider.decide(DecisionRequest(state, [Choice("", INTENTS)]))).answers
        right += answers[0].best == intent
    assert right >= 10  # of 14, where chance gives two


def test_it_folds_events_into_edits_and_prose(chat):
    from models.structured import ask_json

    looks = unseen_looks(12)
    valid = 0
    for number in range(0, 12, 3):
        events = [f"liked Print {n}: {describe(look)}" for n, look in enumerate(looks[number : number + 3])]
        rendered = prompts.load("preference_memory").render(prose="", facts=[], events=events, words=60)
        fold, _ = asyncio.run(ask_json(chat, [_human(rendered)], Fold, SPEC))
        valid += bool(fold.prose)
    assert valid == 4


@pytest.mark.usefixtures("transformers_server")
def test_it_answers_behind_a_server_as_it_does_here(transformers_server, decider, pictures):  # noqa: F811
    server = transformers_server(CHECKPOINT)
    spec = ModelSpec(backend="served", model=server.model, api_base=server.api_base)
    state = state_of(make_people(1, seed=UNSEEN_SEED)[0].taste_at(10))
    request = DecisionRequest(state, [Predicate(question_of(one)) for one in make_prints(6, seed=UNSEEN_SEED)])
    here = asyncio.run(decider.decide(request))
    there = asyncio.run(load_decider(spec, pictures).decide(request))
    assert (here.kind, there.kind) == ("local", "systemone")
    for ours, theirs in zip(here.answers, there.answers, strict=True):
        assert theirs.p_yes == pytest.approx(ours.p_yes, abs=1e-3)


@pytest.mark.usefixtures("transformers_server")
def test_a_prompt_that_breaks_the_server_costs_its_list_nothing(transformers_server, decider, pictures):  # noqa: F811
    server = transformers_server(CHECKPOINT)
    spec = ModelSpec(backend="served", model=server.model, api_base=server.api_base, retries=0)
    seen = [pictures.add(png(look, seed=UNSEEN_SEED + n)) for n, look in enumerate(unseen_looks(3))]
    asked = ["Will they like it?", "Will they like it? Now?", "Will they like it, and keep it for long?"]
    questions = [Predicate(text, picture=one) for text, one in zip(asked, seen, strict=True)]
    states = (f"One person's taste: unknown{'.' * more}" for more in range(128))
    width = 128  # of a picture
    state = next(one for one in states if len(decider.row(one, questions[1]).ids) == width)
    broken = [len(decider.row(state, one).ids) == width for one in questions]
    here = asyncio.run(decider.decide(DecisionRequest(state, questions)))
    there = asyncio.run(load_decider(spec, pictures).decide(DecisionRequest(state, questions)))
    for longer, ours, theirs in zip(broken, here.answers, there.answers, strict=True):
        assert theirs.p_yes == pytest.approx(ours.p_yes, abs=0.05 if longer else 1e-3)
    assert not all(broken)


async def test_a_conversation_in_the_demo_profile_is_real_from_end_to_end(tmp_path):
    loaded = load_profile("demo", {"stores.home": str(tmp_path)}, {})
    services = Services.open(loaded.profile)
    prints = [
        made.item.model_copy(update={"picture": services.pictures.add(png(made.look, seed=made.seed))})
        for made in make_prints(24)
    ]
    store_catalogue(services, "demo", SCHEMA, prints, [])
    done = await summarize_catalogue(services, services.catalogue("demo"))
    assert (done.written, done.failed) == (24, {})
    session = Session(services, "demo")
    first, _ = await talk(session, "ann", "Something calm under 150 euros, please.")
    assert first.slate
    assert all(session.catalogue[card.item_id].attributes["price"] < 150 for card in first.slate)
    assert {card.kind for card in first.slate} == {"local"}
    assert all(card.p is not None and 0 < card.p < 1 and card.reason for card in first.slate)
    assert first.model_seconds > 0
    second, _ = await talk(session, "ann", "", picture=png(unseen_looks(1)[0], seed=3), thread_id=first.thread_id)
    assert second.slate
    await session.aclose()


def test_summaries_name_the_weights_that_wrote_them(tmp_path):
    authors = []
    for value in (1.0, 1.0, 2.0):
        save_file({"w": torch.full((64,), value)}, tmp_path / "model.safetensors")
        authors.append(author_of(SPEC.model_copy(update={"model": str(tmp_path)})))
    assert authors[0] == authors[1] != authors[2]
    assert author_of(SPEC).startswith("checkpoints/demo (")


def state_of(taste) -> str:
    """The shared state of someone whose strongest likes and dislikes are known."""
    ranked = sorted(taste.weights.items(), key=lambda pair: pair[1])
    likes = [f"like {aspect}: {value} (strong)" for (aspect, value), weight in ranked[:-6:-1] if weight > 0]
    dislikes = [f"dislike {aspect}: {value} (strong)" for (aspect, value), weight in ranked[:4] if weight < 0]
    return prompts.load("recommender_state").render(prose="", facts=[*likes, *dislikes], recent=[], wish="")


def question_of(made) -> str:
    return prompts.load("recommender_question").render(title=made.item.title, summary=describe(made.look))


def _human(text: str):
    from langchain_core.messages import HumanMessage

    return HumanMessage(text)

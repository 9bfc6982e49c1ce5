"""Examples as the product words them, from the stores, and nothing in them that the product could not have known."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from agents.folding import Fold
from agents.judging import judge
from agents.preference_memory import fold_due
from catalog.pictures import PictureStore
from memory.item_index import ItemSummary
from memory.preferences import Preference
from tests.finetune_shop import open_shop, prepared_run, settings, shop_events
from tests.tiny import make_tiny_checkpoint
from tests.world import event, played
from tracing.recorder import Recorder
from training.finetune.base import open_base
from training.finetune.corpus import read_corpus
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Candidates, Written, preference_before
from training.finetune.files import load_prepared
from training.finetune.prepare import prepare
from training.finetune.splits import make_split, place


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def shop(tmp_path):
    session = open_shop(tmp_path / "home")
    yield session
    session.services.close()


def folded(session, user):
    context = session.services.turn_context("prints", Recorder(None))
    asyncio.run(fold_due(context, context.taste(user)))
    return session.services.preferences.versions(user, "prints")


@pytest.fixture
def run(shop, tiny, tmp_path):
    return prepared_run(shop, settings(tiny), tmp_path / "run")[0]


def test_a_decision_is_worded_as_chat_would_ask_it(shop, tiny, tmp_path):
    """The same state and questions reach the decider when the product judges these candidates."""
    user = "p1"
    folded(shop, user)
    corpus = read_corpus(shop.services, settings(tiny, view="summary"))
    prepared_run(shop, settings(tiny, view="summary"), tmp_path / "run")
    examples = load_prepared(tmp_path / "run").train
    split = make_split([one for log in corpus.logs.values() for one in log])
    target = next(one for one in split.train if one.event.user_id == user and len(one.history) > 6)
    preference = preference_before(corpus.versions[user], target.event, corpus.logs[user])
    recent = target.history[-corpus.context.memory.recent :]
    asyncio.run(judge([target.event.item_id, "i00"], preference, recent, "", corpus.context))
    heard = played(shop).played_decider.heard[-1]
    [same] = [one for one in examples if one.state == heard.state]
    assert heard.questions[0].text in [one.text for one in same.questions if one.yes]


def test_all_candidates_of_a_person_stay_together_and_the_answer_may_stand_anywhere(run):
    groups = load_prepared(run).train
    assert {len(one.questions) for one in groups} == {4}
    assert all(sum(question.yes for question in one.questions) == 1 for one in groups)
    places = Counter([question.yes for question in one.questions].index(True) for one in groups)
    assert len(places) == 4
    lists = [one.candidates for one in load_prepared(run).tests["test"]]
    assert len({[question.yes for question in one.questions].index(True) for one in lists}) > 1


def test_the_same_data_and_seed_give_the_same_files(shop, tiny, tmp_path, run):
    again, about = prepared_run(shop, settings(tiny), tmp_path / "again")
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl", "test_popularity.jsonl"):
        assert (again / "data" / name).read_bytes() == (run / "data" / name).read_bytes()
    other, about_other = prepared_run(shop, settings(tiny, seed=1), tmp_path / "other")
    assert (other / "data" / "train.jsonl").read_bytes() != (run / "data" / "train.jsonl").read_bytes()
    assert about["fingerprint"] == about_other["fingerprint"]


def test_of_each_person_no_more_than_the_latest_likings_are_learned_from(shop, tiny, tmp_path, run):
    assert len(load_prepared(run).train) == 10 * 3
    few, _ = prepared_run(shop, settings(tiny, targets_per_user=1), tmp_path / "few")
    assert len(load_prepared(few).train) == 10


def test_as_many_likings_are_learned_from_as_is_said_drawn_among_the_latest_of_everyone(shop, tiny, tmp_path, run):
    every = load_prepared(run).train
    drawn, about = prepared_run(shop, settings(tiny, likings=7), tmp_path / "drawn")
    some = load_prepared(drawn).train
    assert len(some) == about["examples"]["recommender"] == 7 < len(every)
    assert all(one in every for one in some)
    assert any(one in every[7:] for one in some)  # not of the first people alone
    assert (drawn / "data" / "test.jsonl").read_bytes() == (run / "data" / "test.jsonl").read_bytes()
    prepared_run(shop, settings(tiny, likings=999), tmp_path / "all")
    assert load_prepared(tmp_path / "all").train == every


def test_popularity_counts_nothing_that_is_held_out(tmp_path, tiny):
    """An item that people only like in what is held out is as unpopular as one that nobody likes."""
    events = shop_events()
    late = [event(f"p{n}", "i29", "like", at=max(one.at for one in events)) for n in range(8)]
    session = open_shop(tmp_path / "home", interactions=[one for one in events if one.item_id != "i29"] + late)
    prepared_run(session, settings(tiny), tmp_path / "run")
    session.services.close()
    lists = [
        one
        for one in load_prepared(tmp_path / "run").tests["test"]
        if any("Print 29" in q.text for q in one.candidates.questions)
    ]
    assert lists
    for one in lists:
        number = next(n for n, question in enumerate(one.candidates.questions) if "Print 29" in question.text)
        assert one.baselines["popularity"][number] == 0


def test_the_taste_in_an_example_has_seen_nothing_of_what_is_to_be_foretold(shop):
    versions = folded(shop, "p2")
    log = sorted(shop.services.log.of_user("p2", "prints"), key=place)
    assert len(versions) > 1
    for target in log:
        before = preference_before(versions, target, log)
        seen = [one for one in log if one.event_id <= before.watermark]
        assert all(place(one) < place(target) for one in seen)
    assert preference_before(versions, log[-1], log).version > 0
    assert preference_before(versions, log[0], log) == Preference(user_id="p2")


def test_folds_become_examples_of_the_memory_with_the_answer_they_had(shop, tiny, tmp_path):
    versions = folded(shop, "p0")
    heard = [one for one in played(shop).played_chat.heard if one.startswith("You keep a short memory")]
    chosen = settings(tiny, roles=("recommender", "preference_memory"), targets_per_user=1)
    prepared_run(shop, chosen, tmp_path / "run")
    everyones = [one for one in load_prepared(tmp_path / "run").train if one.role == "preference_memory"]
    examples = [one for one in everyones if one.prompt in heard]
    assert examples
    assert len(examples) < len(everyones)  # of the others, whose events nobody folded
    assert len(examples) < len(versions)  # the last folds read what is held out
    for one in examples:
        fold = Fold.model_validate_json(one.answer)
        assert fold.prose == "Likes foxes."
        assert json.loads(one.answer)["edits"]
        assert all(0 < number <= 3 for edit in fold.edits for number in edit.evidence)


def test_summaries_become_examples_of_the_summarizer(shop, tiny, tmp_path):
    chosen = settings(tiny, roles=("recommender", "item_summarizer"), targets_per_user=1)
    assert read_corpus(shop.services, chosen).summaries == {}
    items = list(shop.catalogue)[:2]
    told = ItemSummary(text="A red fox, drawn.", model="m", prompt="item_summarizer@1", at=datetime.now(UTC))
    shop.services.items.put_summaries("prints", [(item, told) for item in items])
    prepared_run(shop, chosen, tmp_path / "run")
    examples = [one for one in load_prepared(tmp_path / "run").train if isinstance(one, Written)]
    assert [(one.picture, one.answer) for one in examples] == [(item.picture, "A red fox, drawn.") for item in items]
    assert all(one.prompt.startswith("Describe this item") for one in examples)


def test_hard_negatives_are_asked_of_the_present_model(shop, tiny, tmp_path):
    asked = []

    def prefers_high_numbers(candidates):
        asked.append(len(candidates.questions))
        return [float(question.text.split()[2]) for question in candidates.questions]

    chosen = settings(tiny, negatives="hard")
    prepared_run(shop, chosen, tmp_path / "hard", judge=prefers_high_numbers)
    prepared_run(shop, settings(tiny), tmp_path / "even")

    def mean(run):
        groups = [one for one in load_prepared(run).train if isinstance(one, Candidates)]
        numbers = [float(q.text.split()[2]) for one in groups for q in one.questions if not q.yes]
        return sum(numbers) / len(numbers)

    assert asked
    assert mean(tmp_path / "hard") > mean(tmp_path / "even") + 3


def test_cold_items_are_in_no_training_example(shop, tiny, tmp_path):
    chosen = settings(tiny, cold_items=0.4, list_negatives=3, split="time", held_out=0.3)
    _, about = prepared_run(shop, chosen, tmp_path / "run")
    found = load_prepared(tmp_path / "run")
    titles = lambda ones: {q.text.splitlines()[0] for one in ones for q in one.questions}  # noqa: E731
    trained, tested = titles(found.train), titles([one.candidates for one in found.tests["test"]])
    assert about["split"]["cold_items"] > 0
    assert trained
    assert tested
    assert not trained & tested


def test_pictures_that_are_missing_or_broken_stop_the_run_or_are_left_to_words(shop, tiny, tmp_path):
    store: PictureStore = shop.services.pictures
    first, second = list(shop.catalogue)[:2]
    store.path(first.picture).unlink()
    store.path(second.picture).write_bytes(b"no picture")
    with pytest.raises(TrainingRefused, match=r"2 pictures cannot be used \('i00': .*'i01': .*--broken-pictures words"):
        read_corpus(shop.services, settings(tiny))
    _, about = prepared_run(shop, settings(tiny, broken_pictures="words"), tmp_path / "run")
    assert (about["broken_pictures"], about["pictures"]) == (2, 28)
    asked = [q for one in load_prepared(tmp_path / "run").train for q in one.questions]
    assert all(q.picture is None for q in asked if q.text.startswith(("Candidate: Print 0\n", "Candidate: Print 1\n")))
    assert any(q.picture for q in asked)


def test_a_catalogue_nobody_used_is_refused(tmp_path, tiny):
    session = open_shop(tmp_path / "home", interactions=())
    with pytest.raises(TrainingRefused, match="the catalogue 'prints' has no interactions"):
        read_corpus(session.services, settings(tiny))
    session.services.close()


def test_what_is_too_long_stops_the_run_or_is_left_out_and_counted(shop, tiny, tmp_path):
    with pytest.raises(TrainingRefused, match="examples take more than 200 tokens"):
        prepared_run(shop, settings(tiny, max_tokens=200), tmp_path / "no")
    assert not (tmp_path / "no" / "data").exists()
    base, chosen = open_base(settings(tiny)), settings(tiny)
    corpus = read_corpus(shop.services, chosen)
    encoder = base.encoder(shop.services.pictures)
    (tmp_path / "yes").mkdir()
    about = prepare(corpus, base, encoder, chosen, tmp_path / "yes")
    assert about["tokens"]["limit"] == 4096
    assert about["tokens"]["longest"]["recommender"] < 4096

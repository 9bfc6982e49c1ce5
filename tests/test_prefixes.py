"""What was read of an earlier request's beginning is used again, and changes no answer."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.decisions import DecisionRequest, Predicate
from models.loading import load_decider
from models.local.prefixes import WORTH_KEEPING, Prefixes
from models.spec import ModelSpec
from tests.tiny import make_tiny_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TASTE = "One person's taste: they like foxes, owls and calm pictures in deep blue. "
QUESTIONS = [Predicate("A fox?"), Predicate("A loud city by night, in neon?"), Predicate("An owl?")]


@pytest.fixture(scope="module")
def decider(tmp_path_factory):
    spec = ModelSpec(backend="local", model=str(make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))))
    return load_decider(spec, {})


async def asked(decider, state, questions=QUESTIONS):
    """p(yes) of every question, and how many tokens were really read."""
    answered = await decider.decide(DecisionRequest(state, questions))
    return [one.p_yes for one in answered.answers], answered.usage.input_tokens - answered.usage.cached_tokens


async def fresh(decider, state, questions=QUESTIONS):
    decider.runtime.prefixes.clear()
    return await asked(decider, state, questions)


async def test_an_unchanged_state_is_not_read_again(decider):
    first, read = await fresh(decider, TASTE)
    again, read_again = await asked(decider, TASTE)
    assert again == pytest.approx(first, abs=1e-6)
    assert read_again < read - WORTH_KEEPING


async def test_of_a_changed_state_only_what_follows_the_change_is_read(decider):
    expected, whole = await fresh(decider, TASTE + "They ask now for a boat.")
    await fresh(decider, TASTE + "They ask now for a lamp.")
    answers, read = await asked(decider, TASTE + "They ask now for a boat.")
    assert answers == pytest.approx(expected, abs=1e-4)
    assert read <= whole - len(TASTE) // 2


async def test_another_state_is_read_whole(decider):
    expected, whole = await fresh(decider, "Nothing is known of this person, not even a word of what they like. ")
    await fresh(decider, TASTE)
    answers, read = await asked(decider, "Nothing is known of this person, not even a word of what they like. ")
    assert answers == pytest.approx(expected, abs=1e-4)
    assert read > whole * 0.5


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(st.text("abc .", max_size=60).map(lambda more: TASTE + more), min_size=1, max_size=5))
async def test_whatever_was_asked_before_an_answer_is_that_of_a_fresh_reading(decider, states):
    expected = [(await fresh(decider, state))[0] for state in states]
    decider.runtime.prefixes.clear()
    for state, wanted in zip(states, expected, strict=True):
        assert (await asked(decider, state))[0] == pytest.approx(wanted, abs=1e-4)


class Layers:
    """Stands in for a cache: how many tokens it holds."""

    def __init__(self, tokens, layers=()):
        self.tokens, self.layers = tokens, list(layers)

    def crop(self, change):
        assert change < 0
        self.tokens += change


def ids(first, count=40):
    return [first, *range(100, 99 + count)]


def test_what_was_not_used_for_longest_gives_way():
    prefixes = Prefixes(tokens=100)
    prefixes.keep(ids(1), Layers(40))
    prefixes.keep(ids(2), Layers(40))
    assert prefixes.longest(ids(1)) is not None  # used again, so the other one is older now
    prefixes.keep(ids(3), Layers(40))
    assert len(prefixes) == 2
    assert prefixes.longest(ids(2)) is None
    assert prefixes.longest(ids(1)) is not None


def test_a_beginning_longer_than_all_room_is_not_kept_and_pushes_nothing_out():
    prefixes = Prefixes(tokens=100)
    prefixes.keep(ids(1), Layers(40))
    prefixes.keep(ids(2, 101), Layers(101))
    assert prefixes.longest(ids(2, 101)) is None
    assert prefixes.longest(ids(1)) is not None


def test_what_is_handed_out_may_be_changed_by_whoever_asked():
    prefixes = Prefixes()
    prefixes.keep(ids(1), Layers(40))
    prefixes.longest(ids(1)).cache.tokens = 7
    assert prefixes.longest(ids(1)).cache.tokens == 40


def test_a_cache_is_cut_to_what_both_have_in_common():
    from transformers.cache_utils import DynamicLayer

    prefixes = Prefixes()
    prefixes.keep(ids(1, 60), Layers(60, [DynamicLayer()]))
    found = prefixes.longest([*ids(1, 60)[:50], 7, 8, 9])
    assert (len(found.ids), found.cache.tokens) == (50, 50)


def test_one_that_cannot_go_back_serves_only_what_begins_with_all_of_it():
    from transformers.cache_utils import DynamicSlidingWindowLayer

    prefixes = Prefixes()
    prefixes.keep(ids(1, 60), Layers(60, [DynamicSlidingWindowLayer(sliding_window=16)]))
    assert prefixes.longest([*ids(1, 60)[:50], 7, 8, 9]) is None
    assert prefixes.longest([*ids(1, 60), 7]).cache.tokens == 60

"""The gauges of memory, checked on memories that are right, wrong or late by construction."""

import asyncio
import json
import re
from datetime import UTC, datetime

import pytest

from catalog.demo.looks import ASPECTS, VALUES
from evaluation.lives import TRUE, make_shop
from evaluation.memory_gauges import SURE, Seen, blocks_to_recover, gauge, liking, truths
from graphs.services import Services
from memory.preferences import Fact, Preference
from profiles.settings import load_profile
from tests.world import HashedEmbedder, PlayedModels

AT = datetime(2026, 1, 1, tzinfo=UTC)
VALUE_OF = {value: aspect for aspect in ASPECTS for value in VALUES[aspect]}


@pytest.fixture(scope="module")
def shop():
    return make_shop(4, 60)


@pytest.fixture(scope="module")
def moved(shop):
    return next(life for life in shop.lives if life.shift)


def held(**facts):
    """A taste that holds these: aspect__value="+0.6"."""
    return Preference(
        user_id="ann",
        version=1,
        facts=[
            Fact(
                polarity="like" if strength > 0 else "dislike",
                aspect=trait[0],
                value=trait[1],
                strength=abs(strength),
                since=AT,
            )
            for trait, strength in facts["of"].items()
        ],
    )


class TestLives:
    def test_half_stay_as_they_are_and_half_change_their_heart_once(self, shop):
        assert sorted(life.shift is None for life in shop.lives) == [False, False, True, True]
        for life in shop.lives:
            assert len(life.events) == 60
            first, last = life.truth(0), life.truth(360)
            assert (first == last) == (life.shift is None)

    def test_what_is_offered_was_never_met(self, shop):
        for life in shop.lives:
            assert not {made.item.item_id for made, _ in life.offered} & {event.item_id for event in life.events}

    def test_a_change_of_heart_is_from_one_true_love_to_another(self, moved):
        old, new = moved.heart
        assert old[0] == new[0]
        assert moved.truth(0)[old] is True
        assert moved.truth(360)[new] is True
        assert moved.truth(360).get(old) is not True

    def test_the_same_seed_makes_the_same_lives(self, shop):
        assert make_shop(4, 60).lives == shop.lives


class TestTruths:
    def test_a_memory_that_holds_the_truth_is_right_and_complete(self, moved):
        truth = {trait: 0.8 if liked else -0.8 for trait, liked in moved.truth(0).items()}
        assert truths(moved, held(of=truth), 0) == (1, 1)

    def test_an_empty_memory_knows_nothing_and_claims_nothing(self, moved):
        assert truths(moved, Preference(user_id="ann"), 0) == (None, 0)

    def test_the_opposite_of_the_truth_is_all_wrong(self, moved):
        wrong = {trait: -0.8 if liked else 0.8 for trait, liked in moved.truth(0).items()}
        assert truths(moved, held(of=wrong), 0) == (0, 0)

    def test_a_slight_fact_counts_as_found_but_is_no_claim(self, moved):
        trait, liked = next(iter(moved.truth(0).items()))
        slight = held(of={trait: (SURE - 0.1) * (1 if liked else -1)})
        assert truths(moved, slight, 0) == (None, 1 / len(moved.truth(0)))

    def test_believing_what_means_nothing_to_them_is_wrong(self, moved):
        weights = moved.person.phases[0][1].weights
        nothing = next(trait for trait in weights if abs(weights[trait]) < TRUE)
        assert truths(moved, held(of={nothing: 0.8}), 0)[0] == 0


class TestRecovery:
    def versions(self, life, turned_at):
        """A memory, a version for every block of three, that turns round after so many events."""
        old, new = life.heart
        return [
            Seen(events, held(of={new: 0.6, old: 0.3} if events >= turned_at else {old: 0.6}))
            for events in range(3, 61, 3)
        ]

    def over(self, life):
        return next(n for n in range(61) if n == 60 or life.day(n + 1) >= life.shift[1])

    def test_one_that_turns_at_once_recovers_within_a_block(self, moved):
        assert blocks_to_recover(moved, self.versions(moved, 0), 3) <= 1

    def test_each_late_block_counts(self, moved):
        late = self.over(moved) + 9
        if late > 60:
            pytest.skip("this life ends too soon")
        assert blocks_to_recover(moved, self.versions(moved, late), 3) in (3, 4)

    def test_one_that_never_turns_never_recovers(self, moved):
        assert blocks_to_recover(moved, self.versions(moved, 1000), 3) is None

    def test_hating_the_old_love_is_not_yet_loving_the_new_one(self, moved):
        old, new = moved.heart
        assert liking(held(of={old: -0.5}), new) == 0
        assert blocks_to_recover(moved, [Seen(60, held(of={old: -0.5}))], 3) is None


def believing(prompt):
    """A fold that takes every value of every liked print for a liking, and says a word about it."""
    events = re.split(r"\n(?=\d+\. )", prompt.split("New events, oldest first:")[1])
    edits = [
        {"value": value, "aspect": aspect, "evidence": [number], "op": "add", "polarity": "like", "reason": "liked"}
        for number, event in enumerate(events[1:], 1)
        if re.match(r"\d+\. (liked|bought)", event)
        for value, aspect in VALUE_OF.items()
        if re.search(rf"\b{value}\b", event)
    ]
    return json.dumps({"edits": edits, "prose": "They like what they liked."})


@pytest.fixture(scope="module")
def gauges(shop, tmp_path_factory):
    loaded = load_profile("demo", {"stores.home": str(tmp_path_factory.mktemp("gauges"))}, {})
    services = Services.open(
        loaded.profile, embedder=HashedEmbedder(), models=PlayedModels(believing, lambda state, question: 0.5)
    )
    told = []
    try:
        yield asyncio.run(gauge(services, shop, 12, lambda what, done, of: told.append(done))), told
    finally:
        services.close()


def test_the_whole_way_is_gauged_stage_by_stage(gauges):
    found, told = gauges
    assert told == [stage.blocks for stage in found.stages] == [1, 2, 4, 8, 12]
    assert all(stage.refused == 0 for stage in found.stages)
    assert found.stages[-1].recall > found.stages[0].recall > 0
    assert 0 < found.longest <= found.longest_allowed


def test_what_was_pinned_against_all_evidence_is_kept(gauges):
    assert gauges[0].pins_kept == 1


def test_a_decider_that_cannot_tell_has_an_auc_of_a_half(gauges):
    assert {one.mean for one in gauges[0].auc.values()} == {0.5}

"""What the evaluation of a checkpoint calls true: facts of a taste, filters of a message, words of a reply."""

from __future__ import annotations

import random

import pytest

from agents.events import TurnResult
from agents.parsing import parse
from agents.state import Citation, SlateItem
from catalog.demo.looks import Look
from catalog.demo.people import OPENED
from catalog.demo.prints import SCHEMA, make_prints
from catalog.items import Catalogue
from evaluation.lives import TRUE
from memory.preferences import Preference
from training.asked import FILTERED_BY_HAND, filtered
from training.product import faults
from training.recurrence import Panel, keeping, sides_held, truth
from training.world import set_by_hand

LOOKS = {
    "a": Look("fox", "woodcut", "deep blue", "calm", "centred"),
    "b": Look("owl", "pop art", "neon", "joyful", "close up"),
}
TITLES = ("Errand in June", "Promise (1977)", "Overture for two")


def reply(text: str, *reasons: str, citations: tuple[Citation, ...] = ()) -> TurnResult:
    cards = [
        SlateItem(item_id, title, 0.5, "local", reason, citations)
        for item_id, title, reason in zip(LOOKS, TITLES, reasons, strict=False)
    ]
    return TurnResult("t", "x", text, tuple(cards), (), Preference(user_id="u"), "demo", 0.0, 0.0)


class TestReplies:
    def test_one_that_names_what_is_shown_as_it_is_has_no_fault(self) -> None:
        said = reply("Two. Errand in June: it has fox.", "it has fox, which you like.", "It shows an owl in neon.")
        assert faults(said, LOOKS, TITLES) == []

    def test_an_item_that_is_not_shown_is_one_in_the_reply_or_a_reason(self) -> None:
        assert faults(reply("Like overture for two.", "a fox", "an owl"), LOOKS, TITLES) == ["Overture for two"]
        assert faults(reply("Two.", "as Overture for two", "an owl"), LOOKS, TITLES) == ["Overture for two"]

    def test_a_value_of_another_look_is_one_whoever_has_it(self) -> None:
        assert faults(reply("Two.", "a calm owl", "an owl"), LOOKS, TITLES) == ["Errand in June: owl"]

    def test_the_title_of_what_others_liked_is_evidence(self) -> None:
        cited = Citation("neighbours", "c", "3 people who liked Overture for two liked this too")
        said = reply("Two.", cited.text, "an owl", citations=(cited,))
        assert faults(said, LOOKS, TITLES) == []


class TestTruth:
    def test_it_is_what_weighs_then_and_was_said_something_of(self) -> None:
        panel = Panel(4, seed=3, fewest=12)
        for number, person in enumerate(panel.people):
            told = truth(panel, number, 12)
            day = (panel.events[number][11].at - OPENED).total_seconds() / 86_400
            weights = person.taste_at(day).weights
            assert told
            assert all(abs(weights[aspect, value]) >= TRUE for aspect, value, _ in told)
            assert all((weights[aspect, value] > 0) == liked for aspect, value, liked in told)
            said = {value for event in panel.taught(number)[:12] if event.kind != "view" for value in event.values}
            assert {(aspect, value) for aspect, value, _ in told} <= said
            assert truth(panel, number, 3) != told or len(said) < 8

    def test_a_fact_counts_for_the_side_it_is_on_and_sure_ones_apart(self) -> None:
        held = set_by_hand({("subject", "fox"): 0.9, ("mood", "calm"): -0.2})
        assert sides_held(held) == {("subject", "fox", True), ("mood", "calm", False)}
        assert sides_held(held, least=0.4) == {("subject", "fox", True)}

    def test_folds_by_the_rule_agree_with_the_rule_and_broken_ones_do_not(self) -> None:
        panel = Panel(2, seed=5, fewest=36)
        broken = keeping(panel, lambda prompts: ["{" for _ in prompts])
        assert (broken["valid"], broken["rule_f1_after_12"], broken["truth_f1_after_12"]) == (0, 0, 0)
        assert broken["truth_f1_by_rule_after_12"] > 0


class TestFilters:
    @pytest.fixture(scope="class")
    def shop(self) -> Catalogue:
        return Catalogue("prints", SCHEMA, [made.item for made in make_prints(200, seed=9)])

    def test_every_message_lets_some_items_through_and_keeps_some_back(self, shop: Catalogue) -> None:
        for one in FILTERED_BY_HAND:
            through = sum(one.allows(item.attributes) for item in shop)
            assert 0 < through < len(shop), one.text

    def test_what_a_message_says_is_what_it_means(self, shop: Catalogue) -> None:
        rng, right = random.Random(1), 0
        for _ in range(60):
            one = filtered(rng)
            found = parse(one.text, shop, shown=()).filters
            right += all(
                all(condition.matches(item) for condition in found) == one.allows(item.attributes) for item in shop
            )
        assert right >= 57

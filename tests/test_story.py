"""One person's story: a change of heart in the middle, followed block by block, told with the truth beside it."""

import asyncio

import pytest

from evaluation.story import follow, shop_of_one
from graphs.services import Services
from profiles.settings import load_profile
from tests.test_memory_gauges import believing
from tests.world import HashedEmbedder, PlayedModels

EVENTS = 30


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    loaded = load_profile("demo", {"stores.home": str(tmp_path_factory.mktemp("story"))}, {})
    models = PlayedModels(believing, lambda state, question: 0.5)
    services = Services.open(loaded.profile, embedder=HashedEmbedder(), models=models)
    try:
        yield asyncio.run(follow(services, shop_of_one(EVENTS)))
    finally:
        services.close()


def test_the_change_of_heart_lies_in_the_middle(story):
    assert EVENTS / 4 < story.begins <= story.over < EVENTS * 3 / 4


def test_every_block_is_a_chapter_with_its_version(story):
    assert [one.events for one in story.chapters] == list(range(3, EVENTS + 1, 3))
    assert [one.taste.version for one in story.chapters] == list(range(1, EVENTS // 3 + 1))


def test_it_is_told_in_three_versions_before_after_and_last_with_the_truth_of_each_moment(story):
    told = str(story)
    heads = [line for line in told.splitlines() if line.startswith("After ")]
    events = [int(head.split()[1]) for head in heads]
    assert events[0] <= story.begins
    assert events[1] > story.over
    assert events[2] == EVENTS
    old, new = (value for _, value in story.life.heart)
    truths = [line for line in told.splitlines() if "In truth" in line]
    assert old in truths[0].split(";")[0]
    assert new in truths[-1].split(";")[0]
    assert old not in truths[-1].split(";")[0]

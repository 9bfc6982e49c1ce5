"""Folding everyone: the same tastes as one by one, whoever fails or whenever it is stopped."""

import asyncio
import json
import re
import threading

import pytest

from agents.hand_edits import SetFact
from agents.weighing import EVIDENCE_KEPT
from graphs.everyone import GIVE_UP, GaveUp, fold_everyone
from graphs.services import Services
from graphs.setup import store_catalogue
from graphs.taste import Taste
from memory.marks import Mark
from models.errors import ModelBadOutput, ModelBusy, ModelUnreachable
from profiles.settings import load_profile
from tests.recording_server import Answer, recording_server, says
from tests.world import ITEMS, SCHEMA, HashedEmbedder, event, played, polite

USERS = ("ann", "bea", "cy", "dee", "eve")


def lived(*users, events=9):
    return [event(user, f"i{n % 12:02}", key=f"{user}:{n}") for n in range(events) for user in users]


def telling(prompt):
    """A fold that tells what it read: a fact for the title of each event, and how often it was asked before."""
    if not prompt.startswith("You keep a short memory"):
        return polite(prompt)
    edits = [
        {"op": "add", "polarity": "like", "aspect": "title", "value": title, "evidence": [number]}
        for number, title in enumerate(re.findall(r"Quiet Hour \d+", prompt.split("New events")[1]), start=1)
    ]
    return json.dumps({"edits": edits, "prose": f"They like {len(edits)} prints."})


@pytest.fixture
def start(start):
    return lambda folder="home", **more: start(folder, **{"answer": telling, **more})


def tastes(session):
    """What each user is held to have met, as of the last version, by number."""
    return {user: taste(session, user) for user in USERS}


def taste(session, user):
    facts = session.services.preferences.current(user, "prints").facts
    return sorted(int(fact.value.split()[-1]) for fact in facts)


async def test_everyone_gets_what_they_would_have_got_alone(start):
    together, alone = start("a", interactions=lived(*USERS)), start("b", interactions=lived(*USERS))
    done = await fold_everyone(together.services, "prints")
    assert (done.users, done.folds, done.failed) == (5, 15, {})
    for user in USERS:
        await fold_everyone(alone.services, "prints", users=[user], at_once=1)
    assert tastes(together) == tastes(alone)
    assert tastes(together) == {user: list(range(9)) for user in USERS}


async def test_a_second_run_has_nothing_to_do(start):
    session = start(interactions=lived(*USERS))
    await fold_everyone(session.services, "prints")
    heard = len(played(session).played_chat.heard)
    assert (await fold_everyone(session.services, "prints")).folds == 0
    assert len(played(session).played_chat.heard) == heard


async def test_a_short_block_waits_unless_it_is_asked_for(start):
    session = start(interactions=lived("ann", events=5))
    assert (await fold_everyone(session.services, "prints")).folds == 1
    assert (await fold_everyone(session.services, "prints", include_rest=True)).folds == 1
    assert taste(session, "ann") == [0, 1, 2, 3, 4]


async def test_the_latest_blocks_alone_may_be_read(start):
    session = start(interactions=lived("ann", events=9), **{"memory.catch_up_blocks": 2})
    assert (await fold_everyone(session.services, "prints", everything=False)).folds == 2
    assert taste(session, "ann") == [3, 4, 5, 6, 7, 8]


async def test_who_fails_is_set_aside_and_tried_again(start):
    broken = True

    def answer(prompt):
        if broken and "Hour 11" in prompt:  # only eve has met it
            return ModelBadOutput("played", "it said nothing")
        return telling(prompt)

    events = [*lived(*USERS[:4]), *lived("eve", events=8), event("eve", "i11", key="eve:last")]
    session = start(answer=answer, interactions=events)
    done = await fold_everyone(session.services, "prints")
    assert done.users == 4
    assert "said nothing" in done.failed["eve"]
    assert session.services.preferences.current("eve", "prints").version == 2  # what was before stays
    broken = False
    done = await fold_everyone(session.services, "prints")
    assert (done.folds, done.failed) == (1, {})
    assert taste(session, "eve") == [*range(8), 11]


async def test_a_model_that_nobody_reaches_ends_the_run_early(start):
    unreachable = ModelUnreachable("played", "http://127.0.0.1:1")
    session = start(answer=lambda prompt: unreachable, interactions=lived(*(f"user {n}" for n in range(50)), events=3))
    with pytest.raises(ModelUnreachable):
        await fold_everyone(session.services, "prints", at_once=2)
    assert len(played(session).played_chat.heard) <= GIVE_UP + 1


async def test_a_server_that_dies_ends_the_run_and_the_next_one_goes_on_with_everybody(tmp_path):
    events, dead = lived(*(f"user {n:02}" for n in range(40)), events=3), threading.Event()
    home = {"stores.home": str(tmp_path), "catalogue": "prints", "models.vllm.retries": 0}

    def opened(server):
        services = Services.open(
            load_profile("vllm", {**home, "models.vllm.api_base": server.api_base}, {}).profile,
            embedder=HashedEmbedder(),
        )
        store_catalogue(services, "prints", SCHEMA, ITEMS, events)
        return services

    def answer(request):
        if len(server.requests) >= 12 and not dead.is_set():
            dead.set()
            server.close()
        return Answer(dies_after=0) if dead.is_set() else says(telling(request.text))

    with recording_server() as server:
        server.script(answer)
        services = opened(server)
        with pytest.raises(GaveUp, match=r"folds are kept; then run the same again") as gave_up:
            await fold_everyone(services, "prints", at_once=4)
        services.close()
    assert isinstance(gave_up.value.cause, ModelUnreachable)
    assert gave_up.value.users == GIVE_UP
    assert 0 < gave_up.value.folds < 12
    assert gave_up.value.folds + gave_up.value.waiting == 40
    with recording_server() as server:
        server.script(lambda request: says(telling(request.text)))
        services = opened(server)
        done = await fold_everyone(services, "prints", at_once=4)
        versions = {services.preferences.current(event.user_id, "prints").version for event in events}
        services.close()
    assert (done.users, done.folds, done.failed) == (40, gave_up.value.waiting, {})
    assert versions == {1}


async def test_users_whose_own_fold_fails_do_not_end_the_run(start):
    def answer(prompt):
        return ModelBadOutput("played", "it said nothing") if "Hour 11" in prompt else telling(prompt)

    failing = [event(f"bad {n:02}", item, key=f"{n}{item}") for n in range(20) for item in ("i00", "i01", "i11")]
    session = start(answer=answer, interactions=[*failing, *lived("ann", events=9)])
    done = await fold_everyone(session.services, "prints", at_once=1)
    assert (done.folds, len(done.failed)) == (3, 20)


async def test_a_model_that_is_busy_now_and_then_does_not_end_the_run(start):
    asked = []

    def answer(prompt):
        asked.append(prompt)
        return ModelBusy("played", "slow down") if len(asked) % GIVE_UP else telling(prompt)

    session = start(answer=answer, interactions=lived(*(f"user {n:02}" for n in range(40)), events=3))
    session.services.models.played_chat.answer = lambda prompt: telling(prompt)
    await fold_everyone(session.services, "prints", users=["user 00"])
    session.services.models.played_chat.answer = answer
    done = await fold_everyone(session.services, "prints", at_once=1)
    assert len(done.failed) > GIVE_UP


async def test_a_run_that_is_stopped_loses_nothing_and_is_gone_on_with(start):
    session = start(interactions=lived(*USERS))
    seen = asyncio.Event()
    run = asyncio.create_task(fold_everyone(session.services, "prints", lambda what, done, of: seen.set(), at_once=2))
    await seen.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    versions = {user: session.services.preferences.current(user, "prints").version for user in USERS}
    assert 0 < sum(versions.values()) < 15
    assert (await fold_everyone(session.services, "prints")).folds == 15 - sum(versions.values())
    assert tastes(session) == {user: list(range(9)) for user in USERS}


async def test_somebody_being_forgotten_is_passed_over(start):
    from memory.file_scan import Sought

    session = start(interactions=lived(*USERS))
    now = session.services.log.of_user("bea", "prints")[0].at
    session.services.marks.put(Mark("bea", now, Sought((), (), frozenset())))
    done = await fold_everyone(session.services, "prints")
    assert (done.users, done.failed) == (4, {})
    assert session.services.preferences.current("bea", "prints").version == 0


async def test_a_taste_grows_no_longer_with_a_long_history(start):
    session = start(answer=polite, interactions=lived("ann", events=600))
    await fold_everyone(session.services, "prints")
    taste = session.services.preferences.current("ann", "prints")
    assert taste.version == 200
    assert all(len(fact.evidence) <= EVIDENCE_KEPT for fact in taste.facts)
    [fact] = taste.facts
    assert fact.evidence[-1] == max(fact.evidence) > 590  # the latest ones are kept


async def test_without_a_memory_nothing_is_asked_and_nothing_kept(start):
    session = start(interactions=lived(*USERS), **{"memory.mode": "none"})
    assert (await fold_everyone(session.services, "prints")).folds == 0
    assert not played(session).played_chat.heard


async def test_one_shot_makes_the_taste_anew_of_the_latest_blocks_in_one_prompt(start):
    session = start(interactions=lived("ann", events=9), **{"memory.mode": "one_shot", "memory.catch_up_blocks": 2})
    mine = Taste.of(session.services, "ann", "prints")
    mine.edit(SetFact(polarity="like", aspect="title", value="Quiet Hour 42"))
    assert (await fold_everyone(session.services, "prints")).folds == 1
    assert taste(session, "ann") == [3, 4, 5, 6, 7, 8, 42]  # what they pinned stays
    session.services.log.append([event("ann", "i00", key="new 1"), event("ann", "i01", key="new 2")])
    assert (await fold_everyone(session.services, "prints")).folds == 0  # no block is full
    session.services.log.append([event("ann", "i02", key="new 3")])
    assert (await fold_everyone(session.services, "prints")).folds == 1
    assert taste(session, "ann") == [0, 1, 2, 6, 7, 8, 42]

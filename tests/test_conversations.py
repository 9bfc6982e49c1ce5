"""The conversations of one person: found, named, read and deleted, and never anybody else's."""

from __future__ import annotations

import pytest

from graphs.conversations import UNNAMED, Conversations, NoSuchTurn
from memory.errors import BeingForgotten
from memory.file_scan import Sought
from memory.marks import Mark
from tests import world
from tracing.events import trace_id_of


@pytest.fixture
async def session(tmp_path):
    session = world.open_session(tmp_path)
    for user, thread, message in (
        ("ann", "a", "a fox for the hall"),
        ("ann", "b", "under 50 EUR, for Bob"),
        ("bob", "a", "an owl"),
        ("ann", "a", "another one"),
    ):
        await world.talk(session, user, message, thread_id=thread)
    yield session
    await session.aclose()


def conversations(session, user: str = "ann") -> Conversations:
    return Conversations.of(session.services, user)


async def test_they_are_listed_by_their_latest_turn_and_called_what_was_said_first(session):
    rows = conversations(session).list()
    assert [(row.thread_id, row.name, row.turns, row.named) for row in rows] == [
        ("a", "a fox for the hall", 2, False),
        ("b", "under 50 EUR, for Bob", 1, False),
    ]
    assert [row.catalogue for row in rows] == ["prints", "prints"]
    assert [row.name for row in conversations(session, "bob").list()] == ["an owl"]
    assert [row.thread_id for row in conversations(session).list(limit=1)] == ["a"]


async def test_a_name_of_ones_own_stands_until_it_is_taken_away(session):
    own = conversations(session)
    own.rename("a", "Presents")
    assert (own.list()[0].name, own.list()[0].named) == ("Presents", True)
    assert conversations(session, "bob").list()[0].name == "an owl"
    own.rename("a", "")
    assert own.list()[0].name == "a fox for the hall"


@pytest.mark.parametrize(
    ("words", "found"),
    [("FOX hall", ["a"]), ("presents", ["a"]), ("bob", ["b"]), ("another fox", ["a"]), ("owl", []), ("  ", ["a", "b"])],
)
async def test_search_reads_names_and_all_that_was_said(session, words, found):
    own = conversations(session)
    own.rename("a", "Presents")
    assert [row.thread_id for row in own.list(words)] == found


async def test_a_deleted_conversation_is_gone_from_every_place_and_the_taste_and_the_others_stay(session, tmp_path):
    own = conversations(session)
    own.rename("a", "Presents")
    before = session.services.log.of_user("ann", "prints")
    own.delete("a")
    assert [row.thread_id for row in own.list()] == ["b"]
    assert await session.turns("ann", "a") == ()
    assert await session.history("ann", "a") == ()
    assert own.turns(thread_id="a") == []
    assert session.services.log.of_user("ann", "prints") == before
    assert len(await session.turns("bob", "a")) == 1
    assert [row.name for row in conversations(session, "bob").list()] == ["an owl"]
    own.delete("a")  # once more is no error
    own.rename("a", "")
    assert [row.thread_id for row in own.list()] == ["b"]


async def test_a_conversation_that_was_deleted_can_be_begun_anew_under_its_id(session):
    conversations(session).delete("a")
    await world.talk(session, "ann", "hello again, a whale", thread_id="a")
    assert [turn.message for turn in await session.turns("ann", "a")] == ["hello again, a whale"]


async def test_turns_are_the_persons_own_newest_first_whichever_way_they_are_asked_for(session):
    own = conversations(session)
    assert [row.message for row in own.turns()] == ["another one", "under 50 EUR, for Bob", "a fox for the hall"]
    assert [row.message for row in own.turns(thread_id="a", limit=1)] == ["another one"]
    assert own.turns(errors_only=True) == []
    [foreign] = conversations(session, "bob").turns()
    assert own.turn(foreign.trace_id) is None
    assert own.turn("nonsense") is None
    mine = own.turn(own.turns()[0].trace_id)
    assert mine is not None
    assert mine.started.message == "another one"


async def test_a_picture_without_words_has_a_name_too_and_a_long_beginning_is_cut(session):
    await world.talk(session, "ann", "x" * 300, thread_id="c")
    await world.talk(session, "eve", "", thread_id="d")
    assert len(conversations(session).list()[0].name) == 60
    assert conversations(session, "eve").list()[0].name == UNNAMED


async def test_a_branch_has_the_turns_up_to_one_and_goes_its_own_way(session):
    own = conversations(session)
    first, second = await session.turns("ann", "a")
    events = session.services.log.of_user("ann", "prints", edits=True)
    branch = own.branch("a", first.turn_id, catalogue="prints")
    assert session.services.log.of_user("ann", "prints", edits=True) == events, "nothing is taught anew"
    [copied] = await session.turns("ann", branch)
    assert (copied.message, copied.slate, copied.history) == (first.message, first.slate, first.history)
    assert trace_id_of(copied.turn_id) == trace_id_of(first.turn_id), "its trace is the same"
    await world.talk(session, "ann", "an owl", thread_id=branch)
    assert [turn.message for turn in await session.turns("ann", branch)] == ["a fox for the hall", "an owl"]
    assert [turn.turn_id for turn in await session.turns("ann", "a")] == [first.turn_id, second.turn_id]


async def test_a_branch_is_listed_before_anything_was_said_in_it_with_a_name_and_where_it_came_from(session):
    own = conversations(session)
    first, _ = await session.turns("ann", "a")
    branches = [own.branch("a", first.turn_id, catalogue="prints") for _ in range(2)]
    rows = {row.thread_id: row for row in own.list()}
    assert [rows[one].name for one in branches] == ["a fox for the hall (2)", "a fox for the hall (3)"]
    assert {rows[one].came_from for one in branches} == {"a"}
    assert rows["a"].came_from == ""
    assert [row.thread_id for row in own.list("hall (2)")] == [branches[0]]
    await world.talk(session, "ann", "an owl", thread_id=branches[0])
    assert own.list()[0].thread_id == branches[0]
    assert own.list()[0].came_from == "a"
    own.delete(branches[0])
    assert branches[0] not in {row.thread_id for row in own.list()}
    assert conversations(session, "bob").list()[0].came_from == ""


async def test_a_turn_replaced_in_a_branch_takes_nothing_back_and_stays_where_it_was_said(session):
    own = conversations(session)
    first, second = await session.turns("ann", "a")
    branch = own.branch("a", second.turn_id, catalogue="prints")
    copy = (await session.turns("ann", branch))[0]
    result, _ = await world.talk(session, "ann", "an owl", thread_id=branch, replaces=[copy.turn_id])
    assert result.taken_back == ""
    assert [turn.message for turn in await session.turns("ann", branch)] == ["an owl"]
    assert [turn.turn_id for turn in await session.turns("ann", "a")] == [first.turn_id, second.turn_id]
    assert "a fox" in [event.text for event in session.services.log.of_user("ann", "prints")]


async def test_no_branch_begins_at_a_turn_that_was_replaced_or_is_somebody_elses(session):
    first, second = await session.turns("ann", "a")
    await world.talk(session, "ann", "an owl", thread_id="a", replaces=[second.turn_id])
    [theirs] = await session.turns("bob", "a")
    for turn_id in (second.turn_id, theirs.turn_id, ""):
        with pytest.raises(NoSuchTurn):
            conversations(session).branch("a", turn_id, catalogue="prints")
    branch = conversations(session).branch("a", first.turn_id, catalogue="prints")
    assert [turn.message for turn in await session.turns("ann", branch)] == ["a fox for the hall"]


async def test_nothing_is_read_of_somebody_who_is_being_forgotten(session):
    from datetime import UTC, datetime

    session.services.marks.put(Mark("ann", datetime(2026, 1, 1, tzinfo=UTC), Sought()))
    with pytest.raises(BeingForgotten):
        conversations(session)

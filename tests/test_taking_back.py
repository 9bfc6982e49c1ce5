"""Taking a thumb back: the event stays in the log, and nothing that it brought about counts any more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.taking_back import without_evidence
from memory.collaborative import Collaborative
from memory.database import open_engine
from memory.event_log import EventLog
from memory.interactions import Interaction
from memory.preferences import Fact, Preference
from tests import world

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(user: str, item: str, kind: str, **more: object) -> Interaction:
    return Interaction(user_id=user, catalogue="c", kind=kind, item_id=item, at=NOW, **more)  # type: ignore[arg-type]


@pytest.fixture
def log(database_url: str) -> EventLog:
    return EventLog(open_engine(database_url))


def test_a_like_that_is_taken_back_stays_in_the_log_and_is_read_by_nobody_else(log):
    like, rated, back = log.append(
        [event("ann", "a", "like"), event("ann", "a", "rating", value=5.0), event("ann", "a", "take_back")]
    )
    assert log.of_user("ann", "c") == [rated]
    assert log.of_user("ann", "c", edits=True) == [like, rated, back]
    assert log.item_ids("ann", "c", ["like", "dislike"]) == set()
    assert log.matrix("c") == [("ann", "a", 1, rated.event_id)]
    assert log.standing("ann", "c", ["a"]) == {}
    assert log.taken_back("ann", [like.event_id, rated.event_id, back.event_id, 999]) == {like.event_id}


def test_only_the_same_users_earlier_thumbs_of_the_same_item_are_void(log):
    log.append([event("ann", "a", "like"), event("ann", "b", "like"), event("bob", "a", "like")])
    log.append([event("ann", "a", "take_back"), event("ann", "a", "dislike")])
    log.append([Interaction(user_id="bob", catalogue="other", kind="take_back", item_id="a", at=NOW)])
    assert [(one.item_id, one.kind) for one in log.of_user("ann", "c")] == [("b", "like"), ("a", "dislike")]
    assert [one.item_id for one in log.of_user("bob", "c")] == ["a"]
    assert {item: [one.kind for one in held] for item, held in log.standing("ann", "c", ["a", "b", "z"]).items()} == {
        "a": ["dislike"],
        "b": ["like"],
    }
    assert Collaborative.from_log(log, "c").likes("a") == 1


thumbs = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["like", "dislike", "take_back"])), max_size=10)


@given(thumbs)
@settings(max_examples=40, deadline=None)
def test_what_stands_is_what_was_given_since_the_last_taking_back(given_thumbs):
    log, expected = EventLog(open_engine("sqlite://")), dict[str, list[str]]()
    for item, kind in given_thumbs:
        log.append([event("ann", item, kind)])
        expected[item] = [] if kind == "take_back" else [*expected.get(item, []), kind]
    standing = {item: [one.kind for one in held] for item, held in log.standing("ann", "c", "ab").items()}
    assert standing == {item: kinds for item, kinds in expected.items() if kinds}
    liked = {item for item, kinds in expected.items() if kinds}
    assert {item for _, item, _, _ in log.matrix("c")} == log.item_ids("ann", "c", ["like", "dislike"]) == liked


def fact(value: str, evidence: tuple[int, ...], strength: float = 0.6, **more: object) -> Fact:
    return Fact(polarity="like", aspect="subject", value=value, strength=strength, evidence=evidence, since=NOW, **more)  # type: ignore[arg-type]


def taste(*facts: Fact, prose: str = "") -> Preference:
    return Preference(user_id="ann", version=4, prose=prose, facts=facts, watermark=9)


def less(preference: Preference, gone: set[int]) -> Preference:
    return without_evidence(preference, gone, reason="taken back", words=60, now=NOW)


def test_a_fact_that_rested_on_it_alone_goes_with_its_sentence_and_the_others_stay():
    before = taste(fact("fox", (1,)), fact("owl", (2,)), prose="They like fox. They like owl.")
    after = less(before, {1})
    assert [one.value for one in after.holding] == ["owl"]
    assert after.prose == "They like owl."
    assert (after.version, after.watermark, after.made_by) == (5, 9, "edit")
    assert [(edit.op, edit.value, edit.reason, edit.evidence) for edit in after.edits] == [
        ("retract", "fox", "taken back", (1,))
    ]


def test_a_fact_with_other_evidence_is_believed_less_and_not_dropped():
    after = less(taste(fact("fox", (1, 2), 0.45)), {2})
    assert [(one.strength < 0.45, one.evidence) for one in after.holding] == [(True, (1,))]
    assert [edit.op for edit in after.edits] == ["weaken"]


def test_a_pinned_fact_stays_and_a_retracted_one_is_not_told_again():
    before = taste(fact("fox", (1,), pinned=True), fact("owl", (1,), retracted=True))
    assert less(before, {1}) is before


@given(
    st.sets(st.integers(1, 6)),
    st.lists(st.tuples(st.sets(st.integers(1, 6), min_size=1), st.floats(0.05, 1)), max_size=5),
)
def test_nothing_that_holds_rests_on_what_is_gone_and_nothing_grows_stronger(gone, made):
    before = taste(*(fact(f"v{n}", tuple(sorted(ids)), round(strength, 4)) for n, (ids, strength) in enumerate(made)))
    after, old = less(before, gone), {one.fact_id: one for one in before.facts}
    assert {one.fact_id for one in after.facts} == set(old)
    for one in after.facts:
        assert one.retracted or not gone & set(one.evidence)
        assert one.strength <= old[one.fact_id].strength
        assert one.retracted == (set(old[one.fact_id].evidence) <= gone)


class TestInATurn:
    """Through the real graph, on real stores."""

    @pytest.fixture
    async def session(self, tmp_path):
        session = world.open_session(tmp_path)
        yield session
        await session.aclose()

    async def give(self, session, item_id: str, kind: str) -> None:
        _ = [one async for one in session.give_feedback("ann", item_id, kind, thread_id="t")]

    async def test_taking_back_every_like_a_fact_rests_on_unmakes_the_fact_at_once(self, session):
        for item_id in ("i00", "i04", "i08"):  # foxes, as many as a fold waits for
            await self.give(session, item_id, "like")
        before = session.taste("ann")
        assert [one.value for one in before.holding] == ["fox"]
        for event_id in before.holding[0].evidence:
            [liked] = session.services.log.by_ids("ann", [event_id])
            await self.give(session, liked.item_id, "take_back")
        after = session.taste("ann")
        assert after.holding == ()
        assert "fox" not in after.prose
        assert "you took back your thumb on “Quiet Hour" in after.edits[0].reason
        trace = session.traces.get(session.traces.list(limit=1, user="ann")[0].trace_id)
        assert [change.type for change in trace.events if change.type == "preference"] == ["preference"]

    async def test_a_thumb_that_turns_round_leaves_only_the_new_one(self, session):
        await self.give(session, "i00", "like")
        await self.give(session, "i00", "dislike")
        standing = session.services.log.standing("ann", "prints", ["i00"])
        assert [one.kind for one in standing["i00"]] == ["dislike"]
        assert len(session.services.log.of_user("ann", "prints", edits=True)) == 3, "nothing was erased"

    async def test_what_was_taken_back_before_a_fold_is_never_folded(self, session):
        await self.give(session, "i00", "like")
        await self.give(session, "i00", "take_back")
        for item_id in ("i01", "i02", "i03"):
            await self.give(session, item_id, "like")
        [prompt] = [
            text for text in world.played(session).played_chat.heard if text.startswith("You keep a short memory")
        ]
        assert "Quiet Hour 0" not in prompt
        assert "Quiet Hour 1" in prompt

    async def test_words_that_judge_again_are_kept_beside_the_ones_before(self, session):
        await self.give(session, "i00", "like")
        await world.talk(session, "ann", "I do not like Quiet Hour 0", thread_id="t")
        kinds = [one.kind for one in session.services.log.of_user("ann", "prints", edits=True) if one.item_id]
        assert kinds == ["like", "dislike"]

    async def test_a_thread_tells_what_was_taken_back(self, session):
        await self.give(session, "i00", "like")
        await self.give(session, "i00", "take_back")
        turns = await session.turns("ann", "t")
        assert [turn.reactions[0].kind for turn in turns] == ["like", "take_back"]

    async def test_a_reaction_of_another_name_is_refused(self, session):
        with pytest.raises(ValueError, match="take_back"):
            await self.give(session, "i00", "adore")

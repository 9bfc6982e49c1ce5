"""A taste through its versions: nothing is lost, what the user says by hand holds, and each fact can say why."""

import pickle
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.memory import InMemoryStore
from pydantic import ValidationError

from agents.folding import apply_edits
from agents.hand_edits import BY_HAND, PinFact, RemoveFact, SetFact, revised_prose
from catalog.items import Catalogue
from graphs.taste import Taste
from memory.database import open_engine
from memory.errors import StaleVersion, UnknownFact, UnknownTaste, UnknownVersion
from memory.event_log import EventLog
from memory.preference_store import PreferenceStore
from memory.preferences import Edit, Fact, Preference
from memory.taste_history import apply_changes, diff, find_fact, prose_diff
from tests.world import ITEMS, SCHEMA, event
from tracing.recorder import Recorder
from tracing.storage import TraceStore

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = 60


@dataclass
class Clock:
    """Moves on a minute whenever it is read."""

    reads: int = 0

    def __call__(self):
        self.reads += 1
        return START + timedelta(minutes=self.reads)


@dataclass
class Bench:
    """A taste on real stores beside the plain list of what was saved; `fold` is a fold without a model."""

    user_id: str = "ann"
    engine: object = field(default_factory=lambda: open_engine("sqlite://"))

    def __post_init__(self):
        self.clock, self.log = Clock(), EventLog(self.engine)
        self.store, self.traces = PreferenceStore(InMemoryStore()), TraceStore(self.engine)
        self.taste = self.of(self.user_id)
        self.saved = [Preference(user_id=self.user_id)]
        self.taught = {0: frozenset()}  # version → the events its facts have counted
        self.folded = set()  # every event that was in a block at any time

    def of(self, user_id):
        prints = Catalogue("prints", SCHEMA, ITEMS)
        return Taste(user_id, prints, self.log, self.store, self.traces, WORDS, self.clock)

    @property
    def now(self):
        return self.saved[-1]

    def keep(self, after, taught):
        if after.version > self.now.version:
            self.saved.append(after)
            self.taught[after.version] = taught
        return after

    def happen(self, *more, **details):
        [kept] = self.log.append([event(self.user_id, "i00", *more, **details)])
        return kept.event_id

    def fold(self, *edits, prose="They like foxes.", block=3):
        """The next block of waiting events folded, as `agents.preference_memory.fold_due` chooses them."""
        waiting = self.log.of_user(self.user_id, "prints", after=self.now.watermark)[:block]
        if not waiting:
            return self.now
        ids = {one.event_id for one in waiting}
        before = self.taught[self.now.version]
        assert not ids & before, "an event was counted twice in the same facts"
        self.folded |= ids
        edits = [one.model_copy(update={"evidence": tuple(sorted(ids))}) for one in edits]
        after = apply_edits(self.now, edits, prose=prose, words=WORDS, watermark=max(ids), now=self.clock())
        self.store.save(after, "prints")
        return self.keep(after, before | ids)

    def edit(self, one):
        return self.keep(self.taste.edit(one), self.taught[self.now.version])

    def undo(self, to=None, fold_again=False):
        target = self.now.version - 1 if to is None else to
        return self.keep(self.taste.undo(to, fold_again=fold_again), self.taught[target])


def like(value="fox", **more):
    return SetFact(**{"polarity": "like", "aspect": "subject", "value": value, **more})


def change(op="add", value="fox", polarity="like"):
    return Edit(op=op, polarity=polarity, aspect="subject", value=value)


def by_id(preference):
    return {fact.fact_id: fact for fact in preference.facts}


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def folded(bench):
    """Likes foxes and owls, since two folds."""
    for _ in range(2):
        bench.happen()
    bench.fold(change(), change(value="owl"), prose="They like fox and owl. They keep to small prints.", block=1)
    bench.fold(change("strengthen"), prose="They like fox and owl. They keep to small prints.", block=1)
    return bench


# -- whatever happens in whatever order ------------------------------------------------------------------------------

VALUES = st.sampled_from(["fox", "owl", "red fox", "city", "calm"])
POLARITIES = st.sampled_from(["like", "dislike", "must", "must_not"])
OPS = st.sampled_from(["add", "strengthen", "weaken", "retract"])
ACTIONS = st.one_of(
    st.tuples(st.just("happen")),
    st.tuples(st.just("fold"), st.lists(st.builds(change, OPS, VALUES, POLARITIES), max_size=4), st.integers(1, 3)),
    st.tuples(
        st.just("set"),
        st.builds(
            like,
            VALUES,
            polarity=POLARITIES,
            strength=st.none() | st.sampled_from([0.1, 0.5, 1.0]),
            pinned=st.booleans(),
        ),
    ),
    st.tuples(st.just("remove"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("pin"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("undo"), st.none() | st.integers(0, 9), st.booleans()),
)


def act(bench, action, *details):
    """Do one thing, and check it against what it promises."""
    before = bench.now
    facts = by_id(before)
    match action:
        case "happen":
            bench.happen()
        case "fold":
            edits, block = details
            bench.happen()
            after = bench.fold(*edits, block=block)
            pinned = {fact for fact in before.facts if fact.pinned}
            assert pinned <= set(after.facts)
        case "set":
            [edit] = details
            after = by_id(bench.edit(edit))
            fact = after.pop(edit.fact_id)
            old = facts.pop(edit.fact_id, None)
            held = old is not None and not old.retracted and old.polarity == edit.polarity
            assert not fact.retracted
            assert (fact.polarity, fact.value, fact.pinned) == (edit.polarity, edit.value, edit.pinned)
            assert fact.strength == (edit.strength or (old.strength if held else BY_HAND))
            assert after == facts
        case "remove" | "pin" if facts:
            number, pinned = details
            fact_id = sorted(facts)[number % len(facts)]
            one = RemoveFact if action == "remove" else PinFact
            after = by_id(bench.edit(one(fact_id=fact_id, pinned=pinned)))
            changed = {"pinned": pinned, "retracted": action == "remove" or facts[fact_id].retracted}
            assert after.pop(fact_id) == facts.pop(fact_id).model_copy(update=changed)
            assert after == facts
        case "undo" if before.version:
            number, fold_again = details
            to = None if number is None else number % (before.version + 1)
            after = bench.undo(to, fold_again)
            target = bench.saved[before.version - 1 if to is None else to]
            assert (after.facts, after.prose) == (target.facts, target.prose)
            if not fold_again and before.made_by != "undo":
                assert after.watermark >= before.watermark


@settings(max_examples=150)
@given(st.lists(ACTIONS, max_size=14), st.data())
def test_whatever_is_folded_edited_and_undone_no_version_and_no_event_is_lost(actions, data):
    bench = Bench()
    for action in actions:
        act(bench, *action)
        waiting = {one.event_id for one in bench.log.of_user("ann", "prints", after=bench.now.watermark)}
        done = {one.event_id for one in bench.log.of_user("ann", "prints")}
        assert done - waiting <= bench.folded  # what no longer waits has been folded once at least
    saved = bench.saved
    if len(saved) == 1:
        with pytest.raises(UnknownTaste):
            bench.taste.history()
        return
    assert bench.taste.history() == saved[:0:-1]
    assert bench.taste.current() == saved[-1]
    assert [one.version for one in saved] == list(range(len(saved)))
    # between any two versions the difference leads from the one to the other
    a, b = data.draw(st.sampled_from(saved)), data.draw(st.sampled_from(saved))
    difference = bench.taste.diff(a.version, b.version)
    assert apply_changes(a.facts, difference.changes) == b.facts
    assert len({one.fact_id for one in difference.changes}) == len(difference.changes)
    assert bool(difference.changes) == (a.facts != b.facts)
    held = {fact.fact_id for fact in b.holding} - {fact.fact_id for fact in a.holding}
    assert {one.fact_id for one in difference.of("added")} == held
    # the version in force changes at the very moment it was made
    one = data.draw(st.sampled_from(saved[1:]))
    assert bench.taste.as_of(one.updated_at) == one
    assert bench.taste.as_of(one.updated_at + timedelta(microseconds=1)) == one
    assert bench.taste.as_of(one.updated_at - timedelta(microseconds=1)) == saved[one.version - 1]
    assert bench.taste.as_of(START + timedelta(days=9)) == saved[-1]
    # undoing twice returns
    before = bench.taste.current()
    bench.taste.undo()
    again = bench.taste.undo()
    assert (again.facts, again.prose, again.watermark) == (before.facts, before.prose, before.watermark)
    # every fact can say why: its last step left it as it is
    for told in bench.taste.why_all():
        assert told.steps[-1].strength == told.fact.strength or told.steps[-1].kind in ("pinned", "unpinned", "noted")
        assert [seen.event_id for seen in told.evidence] == list(told.fact.evidence)
        assert all(seen.origin != "gone" for seen in told.evidence)


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_of_two_proses_make_up_both(before, after):
    pieces = prose_diff(before, after)
    assert " ".join(one.words for one in pieces if one.op != "added").split() == before.split()
    assert " ".join(one.words for one in pieces if one.op != "removed").split() == after.split()


# -- the differences -------------------------------------------------------------------------------------------------


def held(polarity="like", value="fox", strength=0.5, **more):
    return Fact(polarity=polarity, aspect="subject", value=value, strength=strength, since=START, **more)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, held(), "added"),
        (held(retracted=True), held(), "added"),
        (held(), held(retracted=True), "retracted"),
        (held(), None, "retracted"),
        (held(), held("dislike"), "turned"),
        (held("must"), held("must_not"), "turned"),
        (held(), held(strength=0.6), "stronger"),
        (held(), held(strength=0.4, pinned=True), "weaker"),
        (held(), held(pinned=True), "pinned"),
        (held(pinned=True), held(), "unpinned"),
        (held(), held(evidence=(4,)), "noted"),
        (held(retracted=True), None, "noted"),
        (None, held(retracted=True), "noted"),
    ],
)
def test_each_difference_of_a_fact_has_its_name(before, after, kind):
    a, b = (Preference(user_id="ann", facts=(one,) if one else ()) for one in (before, after))
    assert [one.kind for one in diff(a, b).changes] == [kind]
    assert diff(a, a).changes == ()


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_a_fact_set_by_hand_holds_at_once_rests_on_the_edit_and_is_pinned(folded):
    after = folded.edit(like("whale", polarity="dislike", strength=0.9, reason="they scare me"))
    fact = find_fact(after, "whale")
    [kept] = folded.log.by_ids("ann", fact.evidence)
    assert (fact.polarity, fact.strength, fact.pinned) == ("dislike", 0.9, True)
    assert (kept.kind, kept.source) == ("edit", "edit")
    assert SetFact.model_validate_json(kept.text).reason == "they scare me"
    assert (after.made_by, after.edits[0].op, after.edits[0].reason) == ("edit", "add", "they scare me")
    assert after.prose.startswith("They avoid whale.")


def test_no_fold_overrules_what_was_set_or_removed_by_hand(folded):
    folded.edit(like("owl", polarity="dislike"))
    removed = folded.edit(RemoveFact(fact_id="subject:fox"))
    for _ in range(3):
        folded.happen()
        after = folded.fold(change(value="owl"), change("add"), change("strengthen"))
    assert after.facts == removed.facts
    folded.edit(PinFact(fact_id="subject:fox", pinned=False))
    folded.happen()
    assert "subject:fox" in {fact.fact_id for fact in folded.fold(change("add")).holding}


def test_what_waits_for_a_fold_goes_on_waiting_and_no_edit_is_ever_folded(folded):
    waiting = folded.happen()
    folded.edit(like("whale"))
    later = folded.happen()
    folded.undo()
    read = folded.log.of_user("ann", "prints", after=folded.now.watermark)
    assert [one.event_id for one in read] == [waiting, later]
    kinds = [one.kind for one in folded.log.of_user("ann", "prints", edits=True)]
    assert kinds == ["like", "like", "like", "edit", "like", "edit"]


def test_undoing_leaves_what_was_seen_as_seen_or_lets_it_wait_anew(folded):
    first, second = folded.saved[1], folded.saved[2]
    assert folded.undo().watermark == second.watermark
    again = folded.undo(1, fold_again=True)
    assert (again.watermark, again.restores, again.made_by) == (first.watermark, 1, "undo")
    assert folded.undo(2).watermark == second.watermark  # its facts have counted the second event


def test_going_back_to_nothing_forgets_every_fact_and_no_version(folded):
    after = folded.undo(0)
    assert (after.facts, after.prose, after.version) == ((), "", 3)
    assert len(folded.taste.history()) == 3


def test_what_changes_nothing_makes_no_version_and_no_event(folded):
    folded.edit(like("fox", strength=0.6))
    events = len(folded.log.of_user("ann", "prints", edits=True))
    for one in (like("fox", strength=0.6), like("fox"), PinFact(fact_id="subject:fox")):
        assert folded.edit(one).version == 3
    assert folded.undo(3).version == 3
    assert len(folded.log.of_user("ann", "prints", edits=True)) == events


def test_a_fact_put_in_the_place_of_another_takes_over_its_evidence(folded):
    old = find_fact(folded.now, "fox")
    after = folded.edit(like("red fox", replaces="subject:fox"))
    new = find_fact(after, "red fox")
    assert new.evidence[:-1] == old.evidence
    assert (new.strength, new.since) == (old.strength, old.since)
    assert by_id(after)["subject:fox"].retracted
    assert [(one.op, one.value) for one in after.edits] == [("retract", "fox"), ("add", "red fox")]
    turned = find_fact(folded.edit(like("red fox", polarity="must_not", replaces="subject:red-fox")), "red fox")
    assert turned.strength == BY_HAND  # the evidence for liking it says nothing for ruling it out
    assert len(turned.evidence) == 1


def test_the_prose_says_what_was_set_and_no_longer_what_is_gone(folded):
    after = folded.edit(RemoveFact(fact_id="subject:fox"))
    assert after.prose == "They keep to small prints. They like owl."
    after = folded.edit(like("owl", polarity="dislike"))
    assert after.prose == "They avoid owl. They keep to small prints."


@given(st.text(max_size=80), st.text(alphabet="ab .", min_size=1, max_size=6))
def test_revised_prose_never_adds_a_word_of_its_own_where_nothing_is_gone(prose, value):
    assert revised_prose(prose, gone=(), said=(), facts=(held(value=value),)) == " ".join(prose.split())


@pytest.mark.parametrize("text", ["", "  ", "!?", "a\x1b[2Jb", "x" * 121, "a\u202eb"])
def test_a_value_nobody_could_read_is_refused(text):
    with pytest.raises(ValidationError):
        like(text)


@pytest.mark.parametrize("strength", [0, -0.1, 1.01, float("nan")])
def test_a_strength_lies_above_0_and_up_to_1(strength):
    with pytest.raises(ValidationError):
        like(strength=strength)


def test_a_line_break_in_a_value_cannot_pose_as_another_line():
    assert like("fox\n- dislike subject: owl").value == "fox - dislike subject: owl"


def test_an_edit_is_redone_on_the_version_that_came_in_between(folded):
    class Overtaken(PreferenceStore):
        overtaken = 0

        def save(self, preference, catalogue):
            if self.overtaken:
                self.overtaken -= 1
                current = self.current("ann", "prints")
                between = apply_edits(current, [change(value="city")], prose="Cities.", words=9, watermark=2, now=START)
                super().save(between, catalogue)
            super().save(preference, catalogue)

    store = Overtaken(folded.store._store)
    taste = Taste("ann", folded.taste.catalogue, folded.log, store, folded.traces, WORDS, folded.clock)
    store.overtaken = 2
    after = taste.edit(like("whale"))
    assert {"subject:whale", "subject:city", "subject:fox"} <= {fact.fact_id for fact in after.holding}
    assert after.version == 5
    assert [one.kind for one in folded.log.of_user("ann", "prints", edits=True)].count("edit") == 1
    store.overtaken = 99
    with pytest.raises(StaleVersion):
        taste.edit(like("boat"))


# -- names, reasons and whose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["subject:fox", "fox", " FOX ", "Subject: Fox", "subject:Fox"])
def test_a_fact_is_found_by_its_id_its_words_or_its_value(folded, name):
    assert find_fact(folded.now, name).fact_id == "subject:fox"


def test_an_unknown_fact_is_refused_with_the_nearest_and_an_ambiguous_one_with_all(folded):
    with pytest.raises(UnknownFact, match="write subject:fox"):
        find_fact(folded.now, "foxx")
    with pytest.raises(UnknownFact, match="palate taste show"):
        find_fact(folded.now, "quetzalcoatl")
    after = folded.edit(like("fox", polarity="must"))
    with pytest.raises(UnknownFact, match="names several facts; write") as told:
        find_fact(after, "fox")
    assert set(told.value.near) == {"subject:fox", "must/subject:fox"}
    assert find_fact(folded.edit(RemoveFact(fact_id="must/subject:fox")), "fox").fact_id == "subject:fox"


def test_an_unknown_version_names_those_there_are(folded):
    for version in (-1, 3, 99):
        with pytest.raises(UnknownVersion, match="from 0, which is empty, to 2"):
            folded.taste.version(version)
    assert folded.taste.version(0) == Preference(user_id="ann")


def test_of_somebody_unknown_nothing_can_be_told_and_nothing_is_kept(bench):
    asked = [
        bench.taste.history,
        bench.taste.undo,
        bench.taste.why_all,
        lambda: bench.taste.why("fox"),
        lambda: bench.taste.diff(0, 0),
        lambda: bench.taste.as_of(START),
        lambda: bench.taste.edit(RemoveFact(fact_id="subject:fox")),
        lambda: bench.taste.edit(PinFact(fact_id="subject:fox")),
    ]
    for ask in asked:
        with pytest.raises(UnknownTaste, match="'ann'"):
            ask()
    assert bench.log.catalogues("ann") == bench.store.catalogues("ann") == []
    assert bench.edit(like()).version == 1  # but anyone may say what they like


@pytest.mark.parametrize(
    "error", [UnknownTaste("ann", "shop"), UnknownVersion("ann", 4, 2), UnknownFact("fx", ("subject:fox",), True)]
)
def test_errors_survive_pickling(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_a_fact_says_which_versions_changed_it_and_what_it_rests_on(folded):
    folded.edit(like("fox", strength=0.9, reason="above all"))
    told = folded.taste.why("fox")
    assert [(one.version, one.kind, one.made_by) for one in told.steps] == [
        (1, "added", "fold"),
        (2, "stronger", "fold"),
        (3, "stronger", "edit"),
    ]
    assert told.steps[-1].reason == "above all"
    first, _, mine = told.evidence
    assert (first.kind, first.title, first.origin) == ("like", "Quiet Hour 0", "elsewhere")
    assert (mine.origin, mine.words) == ("edit", "set like subject: fox")
    folded.log.forget("ann")
    assert {one.origin for one in folded.taste.why("fox").evidence} == {"gone"}


def test_no_call_reaches_another_users_taste_events_or_turns(bench):
    other = bench.of("bob")
    recorder = Recorder(bench.traces)
    names = {"trace_id": "0123456789abcdef", "thread_id": "t1", "profile": "demo", "catalogue": "prints"}
    recorder.start_turn(user_id="ann", message="my secret", **names)
    recorder.end_turn(reply="hm")
    theirs = bench.happen(source="turn:0123456789abcdef99")
    bench.edit(like("whale"))
    other.edit(like("fox"))
    [[mine]] = [bench.log.append([event("bob", "i01", source="turn:0123456789abcdef99")])]
    evidence = (theirs, mine.event_id)
    current = other.current()
    fact = current.facts[0].model_copy(update={"evidence": evidence})
    bench.store.save(current.model_copy(update={"version": 2, "facts": (fact,)}), "prints")
    gone, seen = other.why("fox").evidence
    assert gone.origin == "gone"
    assert (seen.trace_id, seen.thread_id, seen.said) == ("", "", "")
    with pytest.raises(UnknownFact):
        other.why("whale")
    assert bench.log.catalogues("bob") == bench.store.catalogues("bob") == ["prints"]
    assert bench.log.catalogues("carl") == bench.store.catalogues("carl") == []

"""What fitting the blend must learn, must not know, and where it must not be used."""

import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.blending import NEGATIVES, Blend, Curve, Curves, Fitted, ModelWeight
from agents.ranking import blend_parts, blended
from agents.state import Candidate
from catalog.items import Item
from evaluation.blend import FEWEST_LISTS, Log, TooFewLists, features_of, fit_blend, fitted, labels_of, learned
from evaluation.curves import fit_curves
from evaluation.earning import earning_parts
from evaluation.fitting import fit_and_keep, fit_if_due
from evaluation.held_out import HeldOut, held_out_lists, known_before
from evaluation.judged_lists import weighed
from evaluation.reliability import calibration_error, reliability
from graphs.blends import BlendStore, BlendUnusable, LogPrint, StoredBlend
from graphs.setup import store_catalogue
from memory.embedding import EmbedderSpec
from memory.signals import SIGNALS
from palate.health import findings
from palate.importing import learned as learned_by_import
from tests.world import SCHEMA, event, open_session

WORDS = ("left", "right")
ITEMS = [
    Item(item_id=f"i{n:02}", title=f"Item {n}", attributes={"genres": (WORDS[n % 2],), "price": float(n)})
    for n in range(60)
]
NOTHING_SAID = np.zeros((len(ITEMS), 4), dtype=np.float32)
PEOPLE = 50


def rows_of(people=PEOPLE, seed=0):
    """Half of the people like even items, half odd ones, a few likings each; the first items are liked more."""
    draw, rows = np.random.default_rng(seed), []
    for person in range(people):
        own = np.arange(person % 2, 60, 2)
        chosen = draw.choice(own, size=6, replace=False, p=(w := 1.0 / (1 + np.arange(30))) / w.sum())
        rows += [(f"u{person:02}", f"i{one:02}", 1) for one in chosen]
    return [(*row, number) for number, row in enumerate(rows, 1)]


def log_of(rows=None, items=ITEMS):
    return Log(
        "shop", rows_of() if rows is None else rows, items, NOTHING_SAID[: len(items)], NOTHING_SAID[: len(items)]
    )


@pytest.fixture(scope="module")
def result():
    return fit_blend(log_of(), als=False)


def column(name):
    return next(place for place, signal in enumerate(SIGNALS) if signal.name == name)


def test_a_list_holds_out_the_last_liking_and_nothing_that_anyone_touched():
    sequences = {"ann": ("a", "b", "c", "d"), "bob": ("a", "b")}
    touched = {"ann": {"a", "b", "c", "d", "seen later"}}
    items = ["seen later", *"abcdefgh"]
    [last] = held_out_lists(sequences, touched, items, "last", negatives=3)
    [before] = held_out_lists(sequences, touched, items, "last_but_one", negatives=3)
    assert (last.history, last.target) == (("a", "b", "c"), "d")
    assert (before.history, before.target) == (("a", "b"), "c")
    assert set(last.negatives) | set(before.negatives) <= set("efgh")
    assert known_before(sequences, "last_but_one") == {"ann": ("a", "b"), "bob": ("a", "b")}
    assert held_out_lists(sequences, touched, items, "last", negatives=5) == []


@pytest.mark.parametrize("changed", ["target", "dropped"])
def test_nothing_of_what_is_held_out_is_in_any_feature(changed):
    """Whatever people went on to like last, or whether they did, no number about the lists before it changes."""
    rows = rows_of()
    log = log_of(rows)
    lists = held_out_lists(log.likings, log.touched, log.item_ids, "last")
    before = features_of(learned(log, known_before(log.likings, "last"), als=False)[0], lists)
    last = {row[0]: row[3] for row in rows}
    unliked = {user: next(one for one in log.item_ids if one not in liked) for user, liked in log.likings.items()}
    other = [(user, unliked[user] if number == last[user] else one, 1, number) for user, one, _, number in rows]
    if changed == "dropped":
        other = [row for row in rows if row[3] != last[row[0]]]
    anew = log_of(other)
    known = anew.likings if changed == "dropped" else known_before(anew.likings, "last")
    after = features_of(learned(anew, known, als=False)[0], lists)
    np.testing.assert_array_equal(before, after)


def test_the_same_log_and_seed_give_the_same_blend(result):
    again = fit_blend(log_of(), als=False)
    assert again.blend == result.blend
    assert again.measured.figures == result.measured.figures
    assert (again.learned.vectors.company == result.learned.vectors.company).all()


def test_the_blend_finds_what_suits_among_what_is_drawn_evenly(result):
    reached = result.measured.figures["blend"]["auc"]
    assert reached.mean > 0.75 > 0.6 > 0.5
    assert reached.lists == result.tested_on == PEOPLE
    assert result.measured.calibration_error < 0.05


def test_an_import_tells_nothing_of_a_blend_that_found_nothing_in_its_log():
    shown = {"auc": {"mean": 0.61234, "low": 0.5, "high": 0.7}}
    assert learned_by_import(None) is None
    assert learned_by_import(StoredBlend.model_construct(figures={"popularity": shown})) is None
    assert learned_by_import(StoredBlend.model_construct(figures={"blend": shown})) == {"auc": 0.6123}


def test_more_of_what_speaks_for_an_item_never_lowers_it(result):
    for curves in (result.blend.seen, result.blend.told):
        assert curves.curves
        for curve in curves.curves:
            if SIGNALS[column(curve.signal)].rising:
                assert all(np.diff(curve.adds) >= -1e-9)


@given(st.integers(0, 2**32 - 1))
def test_a_fitted_curve_rises_where_it_must_even_where_the_data_fall(seed):
    draw = np.random.default_rng(seed)
    features = np.full((200, len(SIGNALS)), np.nan)
    features[:, 0] = draw.normal(size=200)
    curves = fit_curves(features, (features[:, 0] + 0.3 * draw.normal(size=200) < -0.5).astype(float))
    assert all(np.diff(curves.curves[0].adds) >= -1e-9)


def test_without_anything_that_varies_the_share_of_likings_is_left():
    empty = fit_curves(np.full((21, len(SIGNALS)), np.nan), np.eye(21)[0])
    assert empty.curves == ()
    assert empty.offset == pytest.approx(math.log(1 / 20))


def test_a_part_that_says_nothing_is_left_out():
    draw = np.random.default_rng(1)
    labels = np.tile(np.eye(5)[0], 60)
    features = np.full((300, len(SIGNALS)), np.nan)
    features[:, column("popularity")] = labels + draw.normal(size=300)
    features[:, column("place")] = draw.normal(size=300)
    assert set(earning_parts(features, labels, np.repeat(np.arange(60), 5))) == {"popularity"}


def test_too_few_people_are_not_fitted_on():
    with pytest.raises(TooFewLists, match=f"a blend takes {FEWEST_LISTS} to fit"):
        fit_blend(log_of(rows_of(people=FEWEST_LISTS - 1)), als=False)


def test_a_new_item_is_ranked_by_what_is_told_of_it(result):
    now = [*ITEMS, Item(item_id="new left", title="New", attributes={"genres": ("left",), "price": 3.0})]
    now.append(Item(item_id="new right", title="New", attributes={"genres": ("right",), "price": 3.0}))
    said = np.zeros((len(now), 4), dtype=np.float32)
    vectors, told = result.learned.joined(now, said, said)
    signals = learned(log_of(), log_of().likings, als=False)[0]
    ready = Fitted(result.blend, type(signals)(vectors, signals.collaborative, told))
    found = ready.weigh(["i00", "i02", "i04"], ["new left", "new right", "i06"])
    assert found.log_odds[0] > found.log_odds[1]
    assert "ppmi" in found.told(2)
    assert found.told(0)["ppmi"] == 0
    assert ready.weigh(["nowhere"], ["i00"]) is None
    for row in range(3):
        assert sum(found.told(row).values()) == pytest.approx(found.log_odds[row])


def test_probabilities_are_binned_and_the_gap_is_weighted_by_how_many():
    table = reliability([0.05, 0.05, 0.6, 1.0], [0, 1, 1, 1], edges=(0.0, 0.5, 1.0))
    assert [(one.candidates, one.said, one.were) for one in table] == [(2, 0.05, 0.5), (2, 0.8, 1.0)]
    assert calibration_error(table) == pytest.approx((2 * 0.45 + 2 * 0.2) / 4)
    assert calibration_error([]) == 0


def test_a_model_counts_as_far_as_it_helps():
    draw = np.random.default_rng(3)
    labels = np.tile(np.eye(21)[20], (60, 1))
    odds = draw.normal(size=labels.shape) - 3
    helpful, noise = 2 * labels + draw.normal(size=labels.shape), draw.normal(size=labels.shape)
    assert weighed(odds, helpful, labels, model="m", kind="k").weight > 0.5
    useless = weighed(odds, noise, labels, model="m", kind="k")
    assert (useless.weight, useless.signals, useless.offset) == (0, 1, 0)
    assert weighed(odds, -helpful, labels, model="m", kind="k").weight == 0


# ranking by a fitted blend

FLAT = Blend(seen=Curves(offset=-3.0), told=Curves(offset=-3.0))
WEIGHTS = {"model": 1.0, "semantic": 0.3, "cooccurrence": 0.5, "popularity": 0.1}
PAIR = (
    Candidate("a", semantic=0.1, weighed={"base": -3.0, "ppmi": 2.0}, p_yes=0.2, model="m", kind="k"),
    Candidate("b", semantic=0.9, weighed={"base": -3.0, "ppmi": 0.0}, p_yes=0.9, model="m", kind="k"),
)


def order(blend, **more):
    return [one.item_id for one in blended(PAIR, WEIGHTS, blend=blend, **more)]


def test_a_model_that_was_not_weighed_changes_no_order():
    assert order(FLAT) == ["a", "b"]
    other = ModelWeight(model="another", kind="k", offset=0, signals=1, weight=5, lists=60)
    assert order(FLAT.model_copy(update={"judged": other})) == ["a", "b"]


def test_a_model_that_was_weighed_counts_by_its_weight():
    judged = ModelWeight(model="m", kind="k", offset=0.5, signals=0.8, weight=1.0, lists=60)
    blend = FLAT.model_copy(update={"judged": judged})
    assert order(blend) == ["b", "a"]
    best = blended(PAIR, WEIGHTS, blend=blend)[0]
    assert best.blend == pytest.approx(0.5 + 0.8 * -3 + math.log(0.9 / 0.1))
    for one, parts in zip(PAIR, blend_parts(PAIR, WEIGHTS, blend=blend), strict=True):
        [alone] = [found for found in blended(PAIR, WEIGHTS, blend=blend) if found.item_id == one.item_id]
        assert sum(parts.values()) == pytest.approx(alone.blend)


def test_a_wish_is_weighed_by_the_declared_weights_beside_the_fitted_taste():
    assert order(FLAT, wished=True) == ["b", "a"]
    [first, _] = blend_parts(PAIR, WEIGHTS, blend=FLAT, wished=True)
    assert set(first) == {"model", "semantic", "fitted"}


def test_one_candidate_that_was_not_weighed_leaves_the_declared_weights():
    bare = (PAIR[0], Candidate("c", cooccurrence=0.5, p_yes=0.5))
    parts = blend_parts(bare, WEIGHTS, blend=FLAT)
    assert all(set(one) == {"model", "semantic", "cooccurrence", "popularity"} for one in parts)


# keeping and loading


@pytest.fixture
def kept(tmp_path, result):
    store = BlendStore(tmp_path)
    rows = rows_of()
    about = {"catalogue": "shop", "fitted_at": datetime.now(UTC), "log": LogPrint.of(rows), "blend": result.blend}
    return store, store.save(about, result.learned)


def test_what_is_kept_comes_back(kept, result):
    store, stored = kept
    assert store.read("shop") == stored
    assert stored.blend == result.blend
    again, vectors = store.learned(stored), result.learned.vectors
    assert again.vectors.item_ids == vectors.item_ids
    assert again.vectors.company == pytest.approx(vectors.company, abs=1e-3)
    assert (again.vectors.likes == vectors.likes).all()
    assert again.telling.vocabulary == result.learned.telling.vocabulary
    assert (again.weights == result.learned.weights).all()
    assert store.read("another") is None


def test_a_file_that_was_changed_is_not_used(kept):
    store, stored = kept
    [vectors] = store.path("shop").parent.glob("*.npz")
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"x")
    with pytest.raises(BlendUnusable, match="missing or was changed"):
        store.learned(stored)
    vectors.unlink()
    with pytest.raises(BlendUnusable, match=r"palate blend fit --catalogue shop"):
        store.learned(stored)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"seen": {"offset": 0.0, "curves": [{"signal": "gone", "knots": [0, 1], "adds": [0, 1]}]}},
        {"seen": {"offset": 0.0, "curves": [{"signal": "als", "knots": [1, 0], "adds": [0, 1]}]}},
    ],
)
def test_a_blend_of_another_make_is_not_used(kept, change):
    store, _ = kept
    held = json.loads(store.path("shop").read_text())
    held["blend"] |= change
    store.path("shop").write_text(json.dumps(held))
    with pytest.raises(BlendUnusable, match="cannot be read"):
        store.read("shop")


def test_fitting_again_leaves_one_file_of_what_was_learned(kept, result):
    store, stored = kept
    about = stored.model_dump(exclude={"learned"}) | {"log": LogPrint.of(rows_of(seed=1))}
    store.save(about, fit_blend(log_of(rows_of(seed=1)), als=False).learned)
    assert len(list(store.path("shop").parent.glob("*.npz"))) == 1


def test_a_curve_with_a_knot_out_of_place_is_refused():
    with pytest.raises(ValueError, match="do not rise"):
        Curve(signal="als", knots=(0, 0), adds=(0, 1))
    with pytest.raises(ValueError, match="no signal 'horoscope'"):
        Curve(signal="horoscope", knots=(0, 1), adds=(0, 1))


# in a session


@pytest.fixture
def session(tmp_path):
    likes = [event(user, one) for user, one, _, _ in rows_of()]
    found = open_session(tmp_path, items=ITEMS, interactions=likes)
    yield found
    found.services.close()


HISTORY, CANDIDATES = ["i00", "i02", "i04"], ["i07", "i06", "i09", "i08"]


async def test_a_session_ranks_by_the_fitted_blend_and_by_the_declared_weights_without_one(session, tmp_path):
    services = session.services
    assert services.fitted("prints") is None
    declared = await session.rank("somebody", HISTORY, CANDIDATES)
    fit_and_keep(services, "prints", lists=30)
    assert services.blend_problem("prints") is None
    ranked = await session.rank("somebody", HISTORY, CANDIDATES)
    assert ranked != declared
    assert min(ranked[1], ranked[3]) > max(ranked[0], ranked[2])
    assert len(ranked) == len(CANDIDATES)


async def test_a_model_without_weight_is_not_asked_to_rank(session):
    fit_and_keep(session.services, "prints", lists=30)
    heard = session.services.models.played_decider.heard
    await session.rank("somebody", HISTORY, CANDIDATES)
    assert heard == []
    await session.rank("a stranger", [], CANDIDATES)  # of whom no log knows anything
    assert len(heard) == 1


def test_a_model_that_judged_lists_is_weighed(session):
    stored = fit_and_keep(session.services, "prints", lists=30, judged=3)
    assert stored.blend.judged is not None
    assert (stored.blend.judged.model, stored.blend.judged.lists) == ("played", 3)
    heard = session.services.models.played_decider.heard
    assert [len(request.questions) for request in heard] == [NEGATIVES + 1] * 3


async def test_a_blend_of_another_log_leaves_the_declared_weights_and_says_why(session):
    services = session.services
    declared = await session.rank("somebody", HISTORY, CANDIDATES)
    fit_and_keep(services, "prints", lists=30)
    for user in {user for user, _, _, _ in rows_of()} - {"u01"}:
        services.log.forget(user)
    services.forget_cached()
    assert services.fitted("prints") is None
    assert "fitted on another log" in str(services.blend_problem("prints"))
    assert len(await session.rank("somebody", HISTORY, CANDIDATES)) == len(declared)


def test_the_doctor_tells_why_a_fitted_blend_does_not_rank(session):
    fit_and_keep(session.services, "prints", lists=30)
    profile = session.services.profile

    def told(dims, mode="fitted"):
        embedder = EmbedderSpec(backend="litellm", model="openai/x", dims=dims)
        recommend = profile.recommend.model_copy(update={"blend": mode})
        changed = profile.model_copy(update={"embedder": embedder, "recommend": recommend})
        return [(one.weight, one.what, one.remedy) for one in findings(changed, {}) if "blend" in one.what]

    width = session.services.embedder.dims
    assert told(width) == []
    [(_, what, _)] = told(width + 1)
    assert f"vectors of {width + 1} numbers instead of {width}" in what
    next(profile.stores.blends.glob("*.npz")).write_bytes(b"cut short")
    [(weight, what, remedy)] = told(width)
    assert weight == "hinders"
    assert "is missing or was changed" in what
    assert remedy.endswith("palate blend fit --catalogue prints")
    assert told(width, "declared") == []


async def test_some_people_forgotten_leave_the_blend_in_use(session):
    fit_and_keep(session.services, "prints", lists=30)
    session.services.log.forget("u00")
    session.services.forget_cached()
    assert session.services.fitted("prints") is not None


async def test_an_item_imported_a_minute_ago_is_ranked_by_the_fitted_blend(session):
    services = session.services
    fit_and_keep(services, "prints", lists=30)
    fresh = [Item(item_id=f"new {word}", title="New", attributes={"genres": (word,), "price": 3.0}) for word in WORDS]
    store_catalogue(services, "prints", SCHEMA, [*ITEMS, *fresh], [])
    left, right = await session.rank("somebody", HISTORY, ["new left", "new right"])
    assert left > right
    with pytest.raises(KeyError):
        await session.rank("somebody", HISTORY, ["never imported"])


def test_an_import_fits_the_blend_once_and_again_when_the_log_has_grown(session):
    services = session.services
    assert fit_if_due(services, "prints").log.events == 6 * PEOPLE
    assert fit_if_due(services, "prints") is None
    services.log.append([event(f"more of {user}", one) for user, one, _, _ in rows_of(people=12, seed=2)])
    assert fit_if_due(services, "prints").log.events == 6 * (PEOPLE + 12)
    path = services.blends.path("prints")
    path.write_text("{")
    assert fit_if_due(services, "prints") is not None  # what cannot be read is fitted anew


def test_a_log_of_too_few_people_is_imported_without_a_blend(tmp_path):
    session = open_session(tmp_path, items=ITEMS, interactions=[event("ann", "i00")])
    assert fit_if_due(session.services, "prints") is None
    assert session.services.fitted("prints") is None
    session.services.close()


async def test_what_others_like_now_counts_in_the_next_ranking(session):
    fit_and_keep(session.services, "prints", lists=30)
    before = session.services.fitted("prints").signals.collaborative.likes("i31")
    session.services.log.append([event("somebody else", "i31"), event("somebody else", "i00")])
    after = session.services.fitted("prints").signals.collaborative
    assert after.likes("i31") == before + 1
    assert after.kept_by("i31", "i00") == 1


def test_a_profile_may_say_that_only_declared_weights_rank(tmp_path):
    likes = [event(user, one) for user, one, _, _ in rows_of()]
    session = open_session(tmp_path, items=ITEMS, interactions=likes, **{"recommend.blend": "declared"})
    fit_and_keep(session.services, "prints", lists=30)
    assert session.services.fitted("prints") is None
    session.services.close()


def test_labels_mark_the_target_alone():
    one = HeldOut("ann", ("a",), "t", ("x", "y"))
    assert labels_of([one]).tolist() == [[0, 0, 1]]
    assert one.candidates[-1] == "t"


def test_curves_for_new_items_are_fitted_on_all_candidates_as_if_nobody_had_liked_them():
    draw = np.random.default_rng(5)
    labels = np.tile(np.eye(21)[20], (40, 1))
    features = np.full((40, 21, len(SIGNALS)), np.nan)
    features[..., column("popularity")] = labels + draw.normal(size=labels.shape)
    features[..., column("guessed_company")] = labels + draw.normal(size=labels.shape)
    blend, worth = fitted(features, labels)
    assert set(worth.seen) == {"popularity"}
    assert set(worth.told) == {"guessed"}
    assert [curve.signal for curve in blend.told.curves] == ["guessed_company"]

"""The demo world: prints that show their look and do not tell it, people whose tastes drift."""

from __future__ import annotations

import hashlib
import random
import re
import statistics
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from io import BytesIO
from itertools import pairwise

import pytest
from PIL import Image, ImageChops, ImageStat

from catalog.demo import install as shop
from catalog.demo.drawing import draw
from catalog.demo.looks import (
    ASPECTS,
    COMPOSITIONS,
    MOODS,
    PALETTES,
    STYLES,
    SUBJECTS,
    VALUES,
    Look,
    describe,
    random_look,
)  # fmt: skip
from catalog.demo.people import (
    DAYS,
    OPENED,
    Person,
    Taste,
    history,
    make_people,
    p_like,
    top_truths,
)  # fmt: skip
from catalog.demo.prints import SCHEMA, Print, make_prints
from memory.interactions import Interaction

FOX = Look("fox", "pop art", "deep blue", "calm", "centred")


@pytest.fixture(scope="module")
def prints() -> list[Print]:
    return make_prints()


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return make_people(120)


# looks and their summaries


def test_a_description_names_every_value_verbatim_in_at_most_35_words() -> None:
    rng = random.Random(1)
    for _ in range(300):
        look = random_look(rng)
        text = describe(look)
        assert all(look.value(aspect) in text for aspect in ASPECTS)
        assert len(text.split()) <= 35


def test_two_looks_never_share_a_description() -> None:
    looks = {
        Look(s, st, p, m, c) for s in SUBJECTS for st in STYLES for p in PALETTES for m in MOODS for c in COMPOSITIONS
    }
    assert len({describe(look) for look in looks}) == len(looks) == 24_000


def test_a_description_can_be_read_back() -> None:
    pattern = r"A (.+) print of an? (.+) in (.+)\. The mood is (.+), the subject (.+)\."
    look = random_look(random.Random(3))
    found = re.fullmatch(pattern, describe(look))
    assert found is not None
    style, subject, palette, mood, composition = found.groups()
    assert Look(subject, style, palette, mood, composition) == look


# drawings

PINNED = {
    Look("fox", "woodcut", "deep blue", "calm", "centred"): "9d9baf27f260a1dc",
    Look("bicycle", "watercolour", "warm earth", "joyful", "small in a wide space"): "a7cadbd9801d0f98",
    Look("moon", "pop art", "neon", "gloomy", "repeated as a pattern"): "e27c3b1fac2fe618",
    Look("sunflower", "line drawing", "pastel pink", "dreamy", "framed by a border"): "762fff2bc481387a",
    Look("whale", "geometric", "sunset orange", "dramatic", "close up"): "429efa6b64343fee",
    Look("bridge", "pointillist", "gold and black", "joyful", "framed by a border"): "082bf9191eaf456e",
}


@pytest.mark.parametrize(("look", "digest"), PINNED.items(), ids=lambda value: getattr(value, "style", ""))
def test_a_drawing_has_the_same_pixels_on_every_machine(look: Look, digest: str) -> None:
    assert hashlib.sha256(draw(look, seed=11).tobytes()).hexdigest()[:16] == digest


def test_drawing_leaves_no_trace_on_later_drawings() -> None:
    first = draw(FOX, seed=5).tobytes()
    random.seed(0)
    for style in STYLES:
        draw(Look("owl", style, "neon", "dreamy", "framed by a border"), seed=9, size=96)
    assert draw(FOX, seed=5).tobytes() == first


def test_the_seed_varies_the_picture_and_the_size_is_as_asked() -> None:
    assert draw(FOX, seed=1).tobytes() != draw(FOX, seed=2).tobytes()
    for size in (32, 97, 256):
        picture = draw(FOX, seed=1, size=size)
        assert (picture.mode, picture.size) == ("RGB", (size, size))


def test_a_size_too_small_to_show_a_look_is_refused() -> None:
    with pytest.raises(ValueError, match="32 px or more"):
        draw(FOX, seed=1, size=31)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of pixels, 0 to 255."""
    return statistics.mean(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_value_of_an_aspect_looks_different_at_96_pixels(aspect: str) -> None:
    values = {name: FOX.value(name) for name in ASPECTS}
    drawn = [draw(Look(**{**values, aspect: value}), seed=4, size=96) for value in VALUES[aspect]]
    for number, one in enumerate(drawn):
        for other in drawn[:number]:
            assert difference(one, other) > 6


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("style", STYLES)
def test_a_subject_stands_out_in_every_style_and_mood(style: str, mood: str) -> None:
    for palette in PALETTES:
        pair = [draw(Look(subject, style, palette, mood, "centred"), seed=4, size=64) for subject in ("fox", "bridge")]
        assert difference(*pair) > 6, palette


# prints


def test_the_same_seed_makes_the_same_prints_and_another_makes_others(prints: list[Print]) -> None:
    assert make_prints() == prints
    others = make_prints(seed=77)
    assert sum(one.look == other.look for one, other in zip(prints, others, strict=True)) < 10


def test_a_shop_of_any_size_has_unique_ids_and_titles() -> None:
    many = make_prints(3000, seed=3)
    assert len({made.item.item_id for made in many}) == len({made.item.title for made in many}) == 3000
    assert make_prints(0) == []


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_value_is_in_the_shop_about_equally_often(prints: list[Print], aspect: str) -> None:
    counts = Counter(made.look.value(aspect) for made in prints)
    assert set(counts) == set(VALUES[aspect])
    assert max(counts.values()) - min(counts.values()) <= 1


LITTLE_WORDS = {"a", "as", "by", "in", "and", "up"}
SYNONYMS = set(
    """vixen foxes bird feather wing boat ship sail sea ocean wave harbour lamp beacon coast peak summit hill alp
    town urban tower street tea kettle cup bike wheel cycle forest leaf wood oak branch crescent lunar night star
    desert spine kitten feline purr flower bloom petal seed sun river arch rain parasol storm fin aquarium home
    roof cottage flight balloon basket fungus toadstool engraved engraving carved wash painted paint comic
    halftone ink sketch outline triangle cubist dots dotted stipple navy azure indigo brown ochre clay terracotta
    grey monochrome ivory rose blush emerald olive moss red amber dusk dawn electric glow golden gilded yellow
    purple quiet still peaceful serene happy cheerful merry glad sad dark melancholy grim dream misty mist sleep
    thunder tense bold middle centre central tiny little lonely empty large detail near tile tiles repeat motif
    frame edge light colour color""".split()
)


def test_title_and_text_give_nothing_of_the_look_away() -> None:
    telling = {word for values in VALUES.values() for value in values for word in re.findall(r"\w+", value)}
    telling = telling - LITTLE_WORDS | SYNONYMS
    for made in make_prints(2500, seed=8):
        words = set(re.findall(r"[^\W\d]+", f"{made.item.title} {made.item.text}".casefold()))
        told = {word for word in words if word in telling or word.rstrip("s") in telling}
        assert not told, made.item


def test_attributes_fit_the_schema_and_their_ranges(prints: list[Print]) -> None:
    ranges = {"price": (15, 240), "width_cm": (20, 90), "year": (1960, 2025), "edition": (10, 500)}
    for made in prints:
        assert set(made.item.attributes) == {spec.name for spec in SCHEMA}
        for name, (low, high) in ranges.items():
            value = made.item.attributes[name]
            assert isinstance(value, float)
            assert low <= value <= high
            assert value == round(value)
        assert isinstance(made.item.attributes["paper"], tuple)
        assert made.item.picture is None


# people


def test_the_same_seed_makes_the_same_people_whatever_their_number(people: list[Person]) -> None:
    assert make_people(3) == people[:3]
    assert [person.user_id for person in people[:2]] == ["p0001", "p0002"]
    assert make_people(3, seed=1) != people[:3]


def auc(scores: list[float], labels: list[bool]) -> float:
    yes = [score for score, label in zip(scores, labels, strict=True) if label]
    no = [score for score, label in zip(scores, labels, strict=True) if not label]
    return sum((a > b) + 0.5 * (a == b) for a in yes for b in no) / (len(yes) * len(no))


def test_people_like_about_a_third_of_the_prints_and_know_what_they_like(
    people: list[Person], prints: list[Print]
) -> None:
    rng, shares, areas = random.Random(2), [], []
    for person in people[:40]:
        chances = [p_like(person, made, 30) for made in prints[:300]]
        liked = [rng.random() < chance for chance in chances]
        shares.append(sum(liked) / len(liked))
        areas.append(auc(chances, liked))
    assert 0.32 < statistics.mean(shares) < 0.38
    assert min(shares) > 0.2
    assert min(areas) > 0.85


def test_tastes_differ_from_person_to_person(people: list[Person], prints: list[Print]) -> None:
    rng, areas = random.Random(2), []
    for one, other in pairwise(people[:30]):
        liked = [rng.random() < p_like(one, made, 30) for made in prints[:200]]
        areas.append(auc([p_like(other, made, 30) for made in prints[:200]], liked))
    assert abs(statistics.mean(areas) - 0.5) < 0.06


def test_the_top_truths_are_the_heaviest_likes_and_dislikes(people: list[Person]) -> None:
    for person in people:
        weights = person.taste_at(0).weights
        truths = top_truths(person, 0, 6)
        sizes = [abs(weights[aspect, value]) for _, aspect, value in truths]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] == max(map(abs, weights.values()))
        assert all((polarity == "like") == (weights[aspect, value] > 0) for polarity, aspect, value in truths)
        assert {polarity for polarity, _, _ in top_truths(person, 0, 12)} == {"like", "dislike"}


def test_a_taste_is_centred_within_every_aspect(people: list[Person]) -> None:
    taste: Taste = people[0].taste_at(0)
    for aspect in ASPECTS:
        assert sum(taste.weights[aspect, value] for value in VALUES[aspect]) == pytest.approx(0, abs=1e-9)


def test_most_tastes_drift_within_the_year_and_do_so_gradually(people: list[Person], prints: list[Print]) -> None:
    moved = [person for person in people if top_truths(person, 0, 8) != top_truths(person, DAYS, 8)]
    assert 0.5 < len(moved) / len(people) < 1
    for person in moved:
        for (_, before), (_, after) in pairwise(person.phases):
            step = max(abs(before.weights[trait] - after.weights[trait]) for trait in before.weights)
            assert step < 1.1


def test_a_taste_is_known_before_the_opening_and_long_after(people: list[Person]) -> None:
    person = people[0]
    assert person.taste_at(-5) is person.taste_at(0)
    assert person.taste_at(10_000) is person.phases[-1][1]


def test_price_matters_mildly_and_only_downwards(people: list[Person], prints: list[Print]) -> None:
    made = prints[0]
    dear, cheap = (
        Print(made.item.model_copy(update={"attributes": {**made.item.attributes, "price": price}}), made.look, 1)
        for price in (240.0, 15.0)
    )
    for person in people:
        drop = p_like(person, cheap, 10) - p_like(person, dear, 10)
        assert 0 <= drop < 0.35


# histories


def test_a_history_is_16_to_80_events_about_other_prints_in_order(people: list[Person], prints: list[Print]) -> None:
    lengths = []
    for person in people:
        events = history(person, prints)
        lengths.append(len(events))
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert len({event.item_id for event in events}) == len(events)
        assert all(OPENED <= event.at <= OPENED + timedelta(days=DAYS) for event in events)
        assert all((event.kind == "rating") == (event.value is not None) for event in events)
        assert all(event.value in (None, 1, 2, 3, 4, 5) for event in events)
    assert min(lengths) >= 16
    assert 65 < max(lengths) <= 80


def test_a_history_is_repeatable_and_another_seed_tells_another(people: list[Person], prints: list[Print]) -> None:
    assert history(people[0], prints) == history(people[0], prints)
    assert history(people[0], prints) != history(people[0], prints, seed=99)


def test_a_tiny_shop_makes_short_histories(people: list[Person]) -> None:
    assert len(history(people[0], make_prints(3))) == 3
    assert history(people[0], []) == []


def test_what_people_do_follows_what_they_like(people: list[Person], prints: list[Print]) -> None:
    by_id = {made.item.item_id: made for made in prints}
    chances: dict[int, list[float]] = {1: [], -1: []}
    for person in people:
        for event in history(person, prints):
            day = (event.at - OPENED) / timedelta(days=1)
            said = Interaction(
                user_id=person.user_id, catalogue="demo", kind=event.kind, value=event.value, at=event.at
            )
            if said.liking:
                chances[said.liking].append(p_like(person, by_id[event.item_id], day))
    assert statistics.mean(chances[1]) > 0.75
    assert statistics.mean(chances[-1]) < 0.4
    assert len(chances[1]) > len(chances[-1]) > 200


def test_popularity_has_a_long_tail(prints: list[Print]) -> None:
    met = Counter(event.item_id for person in make_people(400) for event in history(person, prints))
    counts = sorted((met[made.item.item_id] for made in prints), reverse=True)
    assert sum(counts[:60]) > 0.25 * sum(counts)
    assert sum(counts[300:]) > 0.15 * sum(counts)


# the shop set up


def test_installing_gives_items_with_pictures_and_interactions_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "make_prints", lambda: make_prints(4))
    monkeypatch.setattr(shop, "make_people", lambda: make_people(5))
    kept: dict[str, bytes] = {}

    def keep(picture: bytes) -> str:
        digest = hashlib.sha256(picture).hexdigest()
        kept[digest] = picture
        return digest

    schema, items, interactions = shop.install(keep)
    assert schema == SCHEMA
    for item, made in zip(items, make_prints(4), strict=True):
        assert item.picture is not None
        shown = Image.open(BytesIO(kept[item.picture]))
        assert shown.format == "PNG"
        assert shown.tobytes() == draw(made.look, seed=made.seed).tobytes()
    assert [said.at for said in interactions] == sorted(said.at for said in interactions)
    assert [said.key for said in interactions] == [f"demo:{number}" for number in range(1, len(interactions) + 1)]
    assert {said.catalogue for said in interactions} == {"demo"}
    assert {said.source for said in interactions} == {"import:demo"}
    assert {said.user_id for said in interactions} == {f"p000{number}" for number in range(1, 6)}


def test_a_full_disk_while_pictures_are_kept_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "make_prints", lambda: make_prints(1))

    def keep(picture: bytes) -> str:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        shop.install(keep)


def test_importing_the_world_loads_nothing_heavy() -> None:
    code = (
        "import sys, catalog.demo.install;"
        "heavy = {'torch', 'transformers', 'litellm', 'chromadb', 'streamlit', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

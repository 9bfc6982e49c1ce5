"""Which words a text names: looked up among its words, as if each value were searched for as a pattern."""

import re

from hypothesis import given
from hypothesis import strategies as st

from agents.evidence import mentions, met_words, shares_met

WORDS = st.sampled_from(
    ("fox", "foxes", "Fox", "deep", "blue", "glass", "glas", "bus", "ÄRA", "ära", "straße", "x", "42")
)
TEXTS = st.lists(st.one_of(WORDS, st.sampled_from((" ", "-", ", ", "_", "'", "")))).map("".join)
VALUES = st.one_of(TEXTS, st.text(max_size=6))


def searched(text: str, value: str) -> bool:
    """What the words mean: the value as a whole phrase, in small letters, perhaps with a plural's end."""
    words = re.findall(r"\w+", value.casefold())
    pattern = r"\b" + r"\W+".join(map(re.escape, words)) + r"(?:s|es)?\b"
    return bool(words) and re.search(pattern, text.casefold()) is not None


@given(TEXTS, VALUES)
def test_a_value_is_named_where_a_search_finds_it(text, value):
    assert mentions(text, value) == searched(text, value)


@given(TEXTS, st.lists(WORDS, min_size=1, max_size=4).map(" ".join))
def test_words_of_a_wish_are_met_where_a_search_finds_one_of_their_forms(text, wish):
    telling = re.findall(r"\w{3,}", wish)
    met = [w for w in telling if any(searched(text, form) for form in (w, w.removesuffix("s"), w.removesuffix("es")))]
    assert met_words(text, wish) == (wish if searched(text, wish) else " ".join(met))
    assert shares_met([text], [wish]) == [(len(met) / len(telling) if telling else float(searched(text, wish)))]


def test_every_wish_counts_the_same():
    assert shares_met(["a red fox at night"], ["fox", "calm blue", "the night"]) == [2 / 3]
    assert shares_met(["a red fox at night"], []) == [0.0]

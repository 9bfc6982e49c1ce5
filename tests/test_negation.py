"""Whether a message turns away from what it names."""

import pytest

from agents.parsing.negation import turned_away

REFUSED = [
    ("no foxes please", "a fox"),
    ("I hate woodcuts", "woodcut"),
    ("not too gloomy, and without neon", "neon"),
    ("foxes bore me", "fox"),
    ("Foxes really bore me these days.", "fox"),
    ("pop art isn't my thing", "pop art"),
    ("I think horror is not for me", "horror"),
    ("owls do not appeal to me, hares do", "owls"),
    ("Gloomy pictures: no. Something bright. And nothing neon", "neon"),
]
WANTED = [
    ("show me a fox", "a fox"),
    ("foxes but no owls", "fox"),
    ("why not a fox?", "fox"),
    ("I can't get enough foxes", "fox"),
    ("no foxes? no, I love a fox", "fox"),
    ("it bores me, show me an owl", "owl"),
    ("a fox is for me what owls are for you", "fox"),
    ("something calm", "fox"),
]


@pytest.mark.parametrize(("message", "value"), REFUSED)
def test_a_refusal_is_found_before_and_after_what_it_refuses(message, value):
    assert turned_away(message, value)


@pytest.mark.parametrize(("message", "value"), WANTED)
def test_what_is_welcome_or_not_named_is_not_turned_away(message, value):
    assert not turned_away(message, value)

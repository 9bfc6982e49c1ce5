"""Whether a message turns away from what it names."""

import pytest

from agents.parsing.negation import praised, turned_away

REFUSED = [
    ("no foxes please", "a fox"),
    ("I hate woodcuts", "woodcut"),
    ("not too gloomy, and without neon", "neon"),
    ("foxes bore me", "fox"),
    ("Foxes really bore me these days.", "fox"),
    ("pop art isn't my thing", "pop art"),
    ("I think horror is not for me", "horror"),
    ("owls do not appeal to me, hares do", "owls"),
    ("anything but neon, please", "neon"),
    ("any palette except neon", "neon"),
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
    ("nothing but neon", "neon"),
    ("anything, but in neon please", "neon"),
]
PRAISED = [("I love owls and woodcuts", "woodcut"), ("I'd like an owl", "owl"), ("really into pop art", "pop art")]
NOT_PRAISED = [("I don't like owls", "owl"), ("I'm done with owls", "owl"), ("owls", "owl"), ("I love hares", "owl")]


@pytest.mark.parametrize(("message", "value"), REFUSED)
def test_a_refusal_is_found_before_and_after_what_it_refuses(message, value):
    assert turned_away(message, value)


@pytest.mark.parametrize(("message", "value"), WANTED)
def test_what_is_welcome_or_not_named_is_not_turned_away(message, value):
    assert not turned_away(message, value)


@pytest.mark.parametrize(("message", "value"), PRAISED)
def test_plain_praise_is_known(message, value):
    assert praised(message, value)


@pytest.mark.parametrize(("message", "value"), NOT_PRAISED)
def test_what_is_refused_or_only_named_is_not_praised(message, value):
    assert not praised(message, value)

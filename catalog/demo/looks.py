"""What a print can look like: five aspects, their values, and the one true sentence about a look."""

from __future__ import annotations

import random
from dataclasses import dataclass

SUBJECTS: tuple[str, ...] = (
    "fox", "owl", "sailing boat", "lighthouse", "mountain", "city skyline", "teapot", "bicycle", "whale", "tree",
    "moon", "cactus", "cat", "sunflower", "bridge", "umbrella", "fish", "house", "hot-air balloon", "mushroom",
)  # fmt: skip
STYLES: tuple[str, ...] = ("woodcut", "watercolour", "pop art", "line drawing", "geometric", "pointillist")
PALETTES: tuple[str, ...] = (
    "deep blue", "warm earth", "black and white", "pastel pink", "forest green", "sunset orange", "neon",
    "gold and black",
)  # fmt: skip
MOODS: tuple[str, ...] = ("calm", "joyful", "gloomy", "dreamy", "dramatic")
COMPOSITIONS: tuple[str, ...] = (
    "centred", "small in a wide space", "close up", "repeated as a pattern", "framed by a border",
)  # fmt: skip
ASPECTS: tuple[str, ...] = ("subject", "style", "palette", "mood", "composition")
VALUES: dict[str, tuple[str, ...]] = dict(
    zip(ASPECTS, (SUBJECTS, STYLES, PALETTES, MOODS, COMPOSITIONS), strict=True),
)  # the values of every aspect


@dataclass(frozen=True)
class Look:
    """How a print looks: one value of every aspect, in the words of the constants above."""

    subject: str
    style: str
    palette: str
    mood: str
    composition: str

    def value(self, aspect: str) -> str:
        """The value of one of `ASPECTS`. Raises AttributeError for any other name."""
        return str(getattr(self, aspect))


def describe(look: Look) -> str:
    """The true summary of a look: always the same wording, at most 35 words, naming all five values verbatim.

    >>> describe(Look("owl", "woodcut", "deep blue", "calm", "centred"))
    'A woodcut print of an owl in deep blue. The mood is calm, the subject centred.'
    """
    article = "an" if look.subject[0] in "aeiou" else "a"
    return (
        f"A {look.style} print of {article} {look.subject} in {look.palette}. "
        f"The mood is {look.mood}, the subject {look.composition}."
    )


def random_look(rng: random.Random) -> Look:
    """A look whose five values are drawn evenly and independently."""
    return Look(*(rng.choice(VALUES[aspect]) for aspect in ASPECTS))

"""Messages with the hard filters they ask for: of a small grammar, and written by hand. No lesson holds either.

What a message asks for is told as a condition on an item's attributes, so that any filters that let the same items
through are right.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from training import phrases
from training.messages import finished, print_wish

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Filtered:
    """A message and whether an item with such attributes may be shown."""

    text: str
    allows: Callable[[Attributes], bool]


def _price(attributes: Attributes) -> float:
    return float(attributes["price"])


def _year(attributes: Attributes) -> float:
    return float(attributes["year"])


def _width(attributes: Attributes) -> float:
    return float(attributes["width_cm"])


def filtered(rng: random.Random) -> Filtered:
    """A request with a wish and one or two filters."""
    price, decade, width = (
        rng.choice((30, 45, 60, 80, 120)),
        rng.randrange(1960, 2020, 10),
        rng.choice((30, 40, 50, 60)),
    )
    paper = rng.choice(("cotton", "washi", "recycled", "bamboo", "hemp", "linen"))
    tails: list[tuple[str, Callable[[Attributes], bool]]] = [
        (f"under {price} euros", lambda a: _price(a) < price),
        (f"for at most {price} EUR", lambda a: _price(a) <= price),
        (f"that costs more than {price} euros", lambda a: _price(a) > price),
        (f"between {price} and {price + 40} euros", lambda a: price <= _price(a) <= price + 40),
        (f"from the {decade}s", lambda a: decade <= _year(a) < decade + 10),
        (f"printed after {decade}", lambda a: _year(a) > decade),
        (f"from before {decade}", lambda a: _year(a) < decade),
        (f"at least {width} cm wide", lambda a: _width(a) >= width),
        (f"no wider than {width} cm", lambda a: _width(a) <= width),
        (f"on {paper} paper", lambda a: paper in a["paper"]),
        (f"not on {paper}", lambda a: paper not in a["paper"]),
    ]
    chosen = rng.sample(tails, rng.choice((1, 1, 2)))
    words = print_wish(rng)[0] if rng.random() < 0.7 else rng.choice(("something", "a print", "a picture"))
    text = rng.choice(phrases.ASK).replace("{w}", f"{words} {' and '.join(tail for tail, _ in chosen)}")
    return Filtered(finished(rng, text), lambda a: all(allows(a) for _, allows in chosen))


FILTERED_BY_HAND = (
    Filtered("my budget is 70 euros, what have you got?", lambda a: _price(a) <= 70),
    Filtered("it has to stay below fifty", lambda a: _price(a) < 50),
    Filtered("a fox, but nothing over 90 EUR please", lambda a: _price(a) <= 90),
    Filtered("something from the seventies for my hallway", lambda a: 1970 <= _year(a) < 1980),
    Filtered("prints made in 1985 or later", lambda a: _year(a) >= 1985),
    Filtered("older than 1980 would be lovely", lambda a: _year(a) < 1980),
    Filtered("the wall is narrow, 40 cm at most", lambda a: _width(a) <= 40),
    Filtered("a big one, 60 cm or wider", lambda a: _width(a) >= 60),
    Filtered("I only want washi paper", lambda a: "washi" in a["paper"]),
    Filtered("owls on linen or on hemp", lambda a: "linen" in a["paper"] or "hemp" in a["paper"]),
    Filtered("anything calm that isn't on recycled paper", lambda a: "recycled" not in a["paper"]),
    Filtered("between 1990 and 2005, and less than 100 euros", lambda a: 1990 <= _year(a) <= 2005 and _price(a) < 100),
    Filtered("a present, 30 to 60 euros", lambda a: 30 <= _price(a) <= 60),
    Filtered("bamboo paper, under 80", lambda a: "bamboo" in a["paper"] and _price(a) < 80),
    Filtered("something gloomy from the 1990s under €120", lambda a: 1990 <= _year(a) < 2000 and _price(a) < 120),
    Filtered("editions of fewer than 100 prints", lambda a: a["edition"] < 100),
    Filtered("I can spend up to 45 euros on a whale", lambda a: _price(a) <= 45),
    Filtered("nothing cheaper than 100, it is for my boss", lambda a: _price(a) >= 100),
    Filtered("exactly 50 cm wide, in deep blue", lambda a: _width(a) == 50),
    Filtered("no cotton, no hemp", lambda a: not {"cotton", "hemp"} & set(a["paper"])),
)

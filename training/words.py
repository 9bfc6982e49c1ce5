"""Words of other domains, so that the model learns to copy what it is given instead of reciting prints."""

from __future__ import annotations

import random

GENRES = (
    "horror comedy drama thriller romance western documentary musical fantasy adventure mystery crime war "
    "animation noir biography satire slapstick heist spy superhero"
).split()
GENRES += ["science fiction", "film noir", "coming of age", "road movie", "time travel", "black comedy"]
FEELINGS = (
    "scary slow funny tense warm quiet bright dark cosy wild gentle strange hopeful bitter sweet loud soft bold "
    "romantic melancholic peaceful playful elegant rough minimal lively cheerful serious moody airy cool spicy "
    "fresh crisp rich light"
).split()
FOODS = (
    "curry noodles lemon chocolate cheese olive pasta salad bread coffee tea mango ginger garlic honey tomato "
    "pepper cherry plum oak berry vanilla smoke butter rice soup steak salmon tofu"
).split()
THINGS = (
    "linen denim wool silk leather cotton velvet sneakers jacket scarf hat boots dress shirt lamp chair vase rug "
    "clock mirror guitar piano drum trumpet garden river desert forest island harbour castle village market train "
    "ship robot dragon horse dog bear wolf rabbit deer heron crane swan bee butterfly rose tulip fern apple pear"
).split()
NOUNS = (
    "print picture poster film movie book song album wine dish recipe painting photograph jacket chair game "
    "series novel gift"
).split()
ASPECTS = (
    "genre mood era setting pace tone theme flavour texture material colour fit director actor keyword topic "
    "style region body sweetness length rhythm instrument voice plot"
).split()
TITLE_WORDS = (
    "Night Day Last First Long Quiet Silver Golden Broken Hidden Lost Secret Winter Summer Autumn Spring River "
    "Road House Sea Stone Glass Paper Letter Letters Song Story Tale Garden Window Door Bridge Shadow Light Fire "
    "Water Wind Rain Snow Star Stars Sky Island Harbour Morning Evening Midnight Sunday Monday Return Journey "
    "Dream Dreams Memory Silence Echo Whisper Heart Hand Eye Eyes Blood Bone King Queen Prince Princess Soldier "
    "Sailor Thief Stranger Brother Sister Mother Father Son Daughter Child Children Man Woman Men Women Boy Girl "
    "Old New Young Little Great Big Small Black White Red Blue Green Yellow Grey North South East West City Town "
    "Village Street Hotel Station Train Ship Paris London Rome Berlin Tokyo America Africa Texas Perfect Strange "
    "Beautiful Dangerous Dead Living Wild Gentle Deep High Low Dark Bright Cold Warm Hour Minute Year Years Time "
    "Space Earth World Life Death Love War Peace Game Party Wedding Summerhouse Study Number Note Field Hill Path "
    "Thread Measure Interval Passage Arrival Departure Tide Weather Margin Chapter Verse Promise Errand"
).split()
_ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pl qu r s sh st t tr v w z".split()
_VOWELS = "a e i o u ai ea ou oo io".split()
_CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "nd", "rk", "x", "ck"]


def invented(rng: random.Random, *, syllables: int | None = None) -> str:
    """A word nobody has seen, `brosterk`."""
    count = syllables or rng.choice((1, 2, 2, 3))
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))


def other_value(rng: random.Random) -> tuple[str, str]:
    """An aspect and a value that no print has, `("genre", "horror")`."""
    match rng.randrange(6):
        case 0 | 1:
            return "genre", rng.choice(GENRES)
        case 2:
            return rng.choice(("mood", "tone", "feeling", "pace")), rng.choice(FEELINGS)
        case 3:
            return rng.choice(("flavour", "texture", "region", "body")), rng.choice(FOODS)
        case 4:
            return rng.choice(ASPECTS), rng.choice(THINGS)
        case _:
            value = invented(rng) if rng.random() < 0.7 else f"{rng.choice(FEELINGS)} {invented(rng)}"
            return rng.choice((rng.choice(ASPECTS), invented(rng))), value


def other_title(rng: random.Random) -> str:
    """A title as films, books or wines bear it; sometimes with a year, a colon, an article behind or a strange name."""
    words = [rng.choice(TITLE_WORDS) for _ in range(rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 6)))]
    if rng.random() < 0.3:
        words[rng.randrange(len(words))] = invented(rng).capitalize()
    if rng.random() < 0.25 and len(words) > 1:
        words.insert(1, rng.choice(("of", "and", "in", "the", "of the", "for", "with", "&")))
    title = " ".join(words)
    chance = rng.random()
    if chance < 0.1:
        title = f"The {title}"
    elif chance < 0.16:
        title = f"{title}, The"
    elif chance < 0.24:
        title = f"{title}: {rng.choice(TITLE_WORDS)} {rng.choice(TITLE_WORDS)}"
    elif chance < 0.3:
        title = f"{title} {rng.choice(('II', 'III', '2', '3', 'No. 4', '7'))}"
    elif chance < 0.33:
        title = f"{rng.choice(TITLE_WORDS)}'s {title}"
    return f"{title} ({rng.randint(1930, 2024)})" if rng.random() < 0.25 else title


def other_text(rng: random.Random) -> str:
    """A line about an item of another domain, which says nothing about a print."""
    one, two = other_value(rng), other_value(rng)
    match rng.randrange(4):
        case 0:
            return f"{one[0]}: {one[1]}; {two[0]}: {two[1]}"
        case 1:
            return f"{one[1].capitalize()} and {two[1]} from {rng.randint(1950, 2024)}."
        case 2:
            return (
                f"A {rng.choice(FEELINGS)} {rng.choice(NOUNS)} about a {rng.choice(THINGS)} and a {rng.choice(THINGS)}."
            )
        case _:
            return (
                " ".join(rng.choice((*THINGS, *FEELINGS, *FOODS)) for _ in range(rng.randint(3, 9))).capitalize() + "."
            )

"""What people write: messages of all intents, with the wishes in them, put together from many small parts."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from catalog.demo.looks import COMPOSITIONS, MOODS, PALETTES, STYLES, SUBJECTS
from training import phrases
from training.words import FEELINGS, FOODS, GENRES, NOUNS, THINGS, invented

PLURALS = {subject: f"{subject}s" for subject in SUBJECTS} | {
    "fox": "foxes", "city skyline": "city skylines", "cactus": "cactuses", "fish": "fishes", "teapot": "teapots",
}  # fmt: skip
_FILTERS = (
    " under {p} euros", " below {p} EUR", " for less than {p}", " from the {d}s", " from {d}", " after {d}",
    " before {d}", " between {p} and {p} euros", ", at most {p} euros", ", no {g}", ", not {g}", " without {g}",
    ", nothing {g}", " on cotton paper", " wider than {p} cm", ", up to {p} cm", " that is not {g}", ", but no {g}",
    " made in the {d}s", ", under {p}",
)  # fmt: skip
_STARTS = (
    "hi, ", "hello! ", "hey, ", "ok, ", "please ", "well, ", "so ", "hmm, ", "thanks, now ", "hi there, ", "and ",
    "oh, ", "sorry, ", "good morning, ", "good evening! ", "listen, ", "look, ", "right, ", "er, ", "ok so ", "um ",
    "hello again, ", "one thing: ", "by the way, ", "you know, ", "dear shop, ", "great, ",
)  # fmt: skip
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "last", "first", "second", "third", "last", "1st", "2nd", "3rd",
    "middle", "top", "frist",
)  # fmt: skip
_BLANK = re.compile(r"(\{\w\})")


@dataclass(frozen=True)
class Message:
    """A message as someone may write it.

    wishes: its soft wishes, in the order they are named. values: (aspect, value) it stands for, where they are known;
    avoided: those it turns away from.
    """

    text: str
    intent: str
    wishes: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    avoided: tuple[tuple[str, str], ...] = ()


def _chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def careless(rng: random.Random, template: str) -> str:
    """The template as hasty hands type it: now and then without apostrophes or with two letters swapped.

    Blanks stay whole, so what fills them is spelled right.
    """
    if _chance(rng, 0.2):
        template = template.replace("'", "")
    if not _chance(rng, 0.06):
        return template
    parts = _BLANK.split(template)
    swaps = [
        (number, at)
        for number, part in enumerate(parts)
        for at in range(1, len(part) - 1)
        if not _BLANK.fullmatch(part) and part[at - 1 : at + 2].isalpha()
    ]
    if swaps:
        number, at = rng.choice(swaps)
        part = parts[number]
        parts[number] = part[:at] + part[at + 1] + part[at] + part[at + 2 :]
    return "".join(parts)


def _worded(rng: random.Random, templates: tuple[str, ...]) -> str:
    """One of the templates, typed carelessly at times and with a word of courtesy behind it at others."""
    template = careless(rng, rng.choice(templates))
    if _chance(rng, 0.07):
        return template.rstrip("?!") + rng.choice(phrases.AFTERTHOUGHTS)
    return template


def filled(rng: random.Random, template: str, titles: tuple[str, ...], **values: str) -> str:
    """The template with its blanks filled: prices, decades, numbers, ordinals, genres, a title."""
    while "{p}" in template:
        template = template.replace(
            "{p}", str(rng.choice((5, 10, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200, 300))), 1
        )
    decade = str(rng.choice((rng.randrange(1920, 2030, 10), rng.randrange(1930, 2025))))
    title = rng.choice(titles) if titles else "it"
    blanks = {
        "{d}": decade,
        "{n}": str(rng.randint(1, 5)),
        "{k}": rng.choice(_ORDINALS),
        "{g}": rng.choice((*GENRES, *FEELINGS)),
        "{t}": title,
    }
    for blank, value in (blanks | {f"{{{name}}}": value for name, value in values.items()}).items():
        template = template.replace(blank, value)
    return template


def finished(rng: random.Random, text: str) -> str:
    """The text with the small differences of people: a start, capitals, a full stop or none."""
    if _chance(rng, 0.35):
        text = rng.choice(_STARTS) + text
    chance = rng.random()
    if chance < 0.35:
        text = text[:1].upper() + text[1:]
    elif chance < 0.45:
        text = text.lower()
    if _chance(rng, 0.25) and text[-1:].isalnum():
        text += rng.choice((".", ".", "!"))
    return text


def print_wish(rng: random.Random) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A wish for a print in words, and the values it names in that order."""
    subject, style, palette = rng.choice(SUBJECTS), rng.choice(STYLES), rng.choice(PALETTES)
    mood, composition = rng.choice(MOODS), rng.choice(COMPOSITIONS)
    article = "an" if subject[0] in "aeiou" else "a"
    match rng.randrange(9):
        case 0:
            return rng.choice((f"{article} {subject}", PLURALS[subject], f"{article} {subject} print")), (
                ("subject", subject),
            )
        case 1:
            return rng.choice((f"something {mood}", f"a {mood} print", f"{mood} pictures")), (("mood", mood),)
        case 2:
            return rng.choice((f"something in {palette}", f"a print in {palette}", palette)), (("palette", palette),)
        case 3:
            return rng.choice((f"a {style}", f"a {style} print", f"{style} prints")), (("style", style),)
        case 4:
            return f"a {mood} {subject}", (("mood", mood), ("subject", subject))
        case 5:
            return f"{article} {subject} in {palette}", (("subject", subject), ("palette", palette))
        case 6:
            return f"a {style} of {article} {subject}", (("style", style), ("subject", subject))
        case 7:
            return f"something {mood} in {palette}", (("mood", mood), ("palette", palette))
        case _:
            return f"{article} {subject}, {composition}", (("subject", subject), ("composition", composition))


def other_wish(rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """A wish of another domain in words, and its phrases."""
    feeling, noun, genre = rng.choice(FEELINGS), rng.choice(NOUNS), rng.choice(GENRES)
    thing = rng.choice((rng.choice(THINGS), rng.choice(FOODS), invented(rng)))
    match rng.randrange(7):
        case 0:
            return f"something {feeling}", (feeling,)
        case 1:
            return f"a {feeling} {noun}", (feeling,)
        case 2:
            return f"a {genre} {noun}", (genre,)
        case 3:
            return f"a {noun} about {thing}", (thing,)
        case 4:
            other = rng.choice(FEELINGS)
            return f"something {feeling} and {other}", (feeling, other)
        case 5:
            return f"a {feeling} {genre} {noun}", (feeling, genre)
        case _:
            return f"a {noun} with {thing} and {genre}", (thing, genre)


def _requested(rng: random.Random, templates: tuple[str, ...]) -> str:
    """A request, at times with the reason for it."""
    template = _worded(rng, templates)
    if not _chance(rng, 0.12):
        return template
    reason = careless(rng, rng.choice(phrases.REASONS))
    return rng.choice((f"{reason}. {template}", f"{reason}, {template}", f"{template.rstrip('.!')} - {reason}"))


def recommend(rng: random.Random, titles: tuple[str, ...] = ()) -> Message:
    """Someone asks for suggestions, with wishes, filters, both or neither."""
    if _chance(rng, 0.25):
        text = _requested(rng, phrases.ASK_OPEN)
        if _chance(rng, 0.12) and not text.endswith("?"):
            text += rng.choice(_FILTERS)
        return Message(finished(rng, filled(rng, text, titles)), "recommend")
    if _chance(rng, 0.1):
        bare = rng.choice(("something", "a film", "a print", "anything", "prints", "a movie", "a picture"))
        text = _requested(rng, phrases.ASK).replace("{w}", bare + rng.choice(_FILTERS))
        return Message(finished(rng, filled(rng, text, titles)), "recommend")
    values: tuple[tuple[str, str], ...] = ()
    if _chance(rng, 0.6):
        words, values = print_wish(rng)
        wishes = tuple(value for _, value in values)
    else:
        words, wishes = other_wish(rng)
        values = tuple(("wish", wish) for wish in wishes)
    tail = rng.choice(_FILTERS) if _chance(rng, 0.3) else ""
    text = _requested(rng, phrases.ASK).replace("{w}", words + tail)
    return Message(finished(rng, filled(rng, text, titles)), "recommend", wishes, values)


def critique(rng: random.Random, titles: tuple[str, ...] = ()) -> Message:
    """Someone wants the shown items changed."""
    chance = rng.random()
    if chance < 0.45:
        return Message(finished(rng, filled(rng, _worded(rng, phrases.CRITIQUE_OPEN), titles)), "critique")
    if chance < 0.57:
        wanted = rng.choice(phrases.COMPARATIVES)
        text = filled(rng, _worded(rng, phrases.COMPARED), titles, v=wanted)
        return Message(finished(rng, text), "critique", (wanted,))
    one, two = (rng.choice((*MOODS, *PALETTES, *STYLES, *SUBJECTS, *FEELINGS, *GENRES)) for _ in range(2))
    turned_away = _chance(rng, 0.33)
    template = _worded(rng, phrases.CRITIQUE_AWAY if turned_away else phrases.CRITIQUE)
    text = finished(rng, filled(rng, template, titles, v=one, o=two))
    return Message(text, "critique", () if turned_away else (one,))


def feedback(rng: random.Random, titles: tuple[str, ...] = ()) -> Message:
    """Someone judges what is shown."""
    template = careless(rng, rng.choice(phrases.FEEDBACK))
    return Message(finished(rng, filled(rng, template, titles)), "feedback")


def correction(rng: random.Random) -> Message:
    """Someone corrects what is believed about their taste."""
    if _chance(rng, 0.7):
        aspect = rng.choice(("subject", "subject", "style", "palette", "mood"))
        value = rng.choice({"subject": SUBJECTS, "style": STYLES, "palette": PALETTES, "mood": MOODS}[aspect])
        word = PLURALS[value] if aspect == "subject" and _chance(rng, 0.5) else value
    else:
        aspect, value = "wish", rng.choice((*GENRES, *FOODS, *THINGS, invented(rng)))
        word = value
    liked = _chance(rng, 0.5)
    template = careless(rng, rng.choice(phrases.FOR if liked else phrases.AGAINST))
    text = finished(rng, template.replace("{v}", word))
    named = ((aspect, value),)
    return Message(text, "correct_taste", values=named if liked else (), avoided=() if liked else named)


def any_message(rng: random.Random, titles: tuple[str, ...] = ()) -> Message:
    """A message of an evenly drawn intent. titles: items that may be named; without them `it` stands for one."""
    match rng.choice(("recommend", "critique", "feedback", "question", "correct_taste", "small_talk")):
        case "recommend":
            return recommend(rng, titles)
        case "critique":
            return critique(rng, titles)
        case "feedback":
            return feedback(rng, titles)
        case "question":
            return Message(finished(rng, filled(rng, _worded(rng, phrases.QUESTION), titles)), "question")
        case "correct_taste":
            return correction(rng)
        case _:
            return Message(finished(rng, careless(rng, rng.choice(phrases.SMALL_TALK))), "small_talk")

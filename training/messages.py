"""What people write: messages of all intents, with the wishes in them, put together from many small parts."""

from __future__ import annotations

import random
from dataclasses import dataclass

from catalog.demo.looks import COMPOSITIONS, MOODS, PALETTES, STYLES, SUBJECTS
from training.words import FEELINGS, FOODS, GENRES, NOUNS, THINGS, invented

PLURALS = {subject: f"{subject}s" for subject in SUBJECTS} | {
    "fox": "foxes", "city skyline": "city skylines", "cactus": "cactuses", "fish": "fishes", "teapot": "teapots",
}  # fmt: skip
_ASK = (
    "show me {w}", "I'd like {w}", "I want {w}", "find me {w}", "do you have {w}?", "something like {w}",
    "I'm looking for {w}", "can you find {w}?", "any {w}?", "recommend {w}", "{w}", "{w} please", "{w}, please",
    "how about {w}", "I am in the mood for {w}", "what about {w}?", "got {w}?", "give me {w}", "I need {w}",
    "let's see {w}", "could you suggest {w}?", "I would love {w}", "maybe {w}", "suggest {w} for my living room",
    "{w} for my mother", "{w} for tonight", "{w} as a gift", "looking for {w}", "a friend wants {w}",
    "help me find {w}", "we want {w}", "please pick {w}", "which {w} would you pick for me?",
)  # fmt: skip
_ASK_OPEN = (
    "what do you recommend?", "any suggestions?", "surprise me", "show me something", "what would suit me?",
    "recommend something", "what should I get?", "what else do you have?", "pick something for me", "what's good?",
    "I need a gift", "ideas?", "show me your best", "what would I like?", "suggest something new",
    "what should I watch tonight?", "help me choose", "find me something nice", "I don't know what I want",
    "show me prints", "what do you have?", "something for the hall", "recommend me a film", "what shall I look at?",
    "got anything for me?", "start", "what is popular?", "show me more like that",
)  # fmt: skip
_CRITIQUE = (
    "more {v}", "less {v}", "more {v}, less {o}", "something more {v}", "not so {v}", "a bit more {v}", "too {v}",
    "these are too {v}", "make it {v}", "the same but {v}", "the same but with {v}", "like the first one but {v}",
    "like the second but in {v}", "rather {v}", "similar but more {v}", "no, more {v}", "closer to {v}",
    "without the {v}", "but {v} instead", "like number 3 but {v}", "can they be more {v}?", "{v} instead of {o}",
    "I'd prefer them more {v}", "a less {v} version", "none of these, more {v}",
)  # fmt: skip
_CRITIQUE_OPEN = (
    "cheaper ones", "something cheaper", "smaller please", "bigger", "others please", "show me others",
    "anything newer?", "older ones", "not these", "none of these", "different ones", "more like the first",
    "more like the second one", "like number 2 but cheaper", "too expensive", "something else",
    "these are all the same", "less of that", "go on, other ones", "not quite, try again", "something different",
    "more variety please", "the same but smaller", "a shorter one", "more recent ones",
)  # fmt: skip
_FEEDBACK = (
    "I love the first one", "I like number {n}", "the second is great", "not my thing", "I don't like the third",
    "{t} is lovely", "I love {t}", "number {n} is beautiful", "hate it", "love it", "the last one is ugly",
    "I don't like {t}", "{t} is not for me", "the first is perfect", "these are wonderful", "I dislike number {n}",
    "yes, {t}!", "nice, I like the last", "the third one is dull", "great choice", "I like it",
    "I don't like any of these", "{t} was boring", "{t} is my favourite", "ugh, not {t}", "wow, number {n}",
    "I enjoyed {t}", "I hated {t}", "I bought {t} and love it", "I have seen {t} and it was great",
    "the second one, lovely", "that one is awful", "good one", "I really like the first two",
    "number {n} is not good", "I'll take {t}", "{t} looks good",
)  # fmt: skip
_QUESTION = (
    "how much is {t}?", "what does {t} cost?", "how big is {t}?", "when was {t} made?", "what year is {t} from?",
    "tell me about {t}", "tell me more about number {n}", "what is the second one?", "who made {t}?",
    "how much is the first one?", "what size is number {n}?", "what is {t} about?", "is {t} expensive?",
    "what paper is {t} on?", "how many copies of {t} are there?", "what does the third show?",
    "why did you pick {t}?", "why the first one?", "is number {n} large?", "who directed {t}?", "how long is {t}?",
    "is {t} scary?", "what's the price of the last one?", "describe {t}", "what colours are in {t}?",
    "how old is {t}?", "is the second one in stock?",
)  # fmt: skip
_CORRECT = (
    "I don't like {v} any more", "I don't actually like {v}", "I never liked {v}", "forget that I like {v}",
    "I'm over {v}", "that's wrong, I don't like {v}", "you think I like {v}, but I don't", "I do not like {v}",
    "stop showing me {v}", "I can't stand {v}", "no more {v} for me", "I don't care for {v}",
    "remember that I avoid {v}", "I hate {v}", "never {v} again",
)  # fmt: skip
_CORRECT_FOR = (
    "I like {v}", "remember that I like {v}", "I actually like {v}", "I love {v}", "I do like {v}",
    "you are wrong, I like {v}", "I now prefer {v}", "for the record, I like {v}", "my favourite is {v}",
    "I have come to love {v}", "note that I like {v}", "in fact I enjoy {v}", "I am really into {v}",
    "you should know I love {v}", "I always liked {v}",
)  # fmt: skip
_TALK = (
    "hi", "hello", "hey there", "good morning", "good evening", "thanks", "thank you", "thanks a lot", "bye",
    "goodbye", "see you", "how are you?", "who are you?", "what can you do?", "how does this work?",
    "nice weather today", "ok", "okay", "cool", "haha", "are you a robot?", "what is your name?", "that's all",
    "I am just looking", "good night", "what do you know about me?", "tell me a joke", "I am bored", "sorry",
    "never mind", "where are you from?", "can you help me?", "great, thanks", "hello again",
)  # fmt: skip
_FILTERS = (
    " under {p} euros", " below {p} EUR", " for less than {p}", " from the {d}s", " from {d}", " after {d}",
    " before {d}", " between {p} and {p} euros", ", at most {p} euros", ", no {g}", ", not {g}", " without {g}",
    ", nothing {g}", " on cotton paper", " wider than {p} cm", ", up to {p} cm", " that is not {g}", ", but no {g}",
    " made in the {d}s", ", under {p}",
)  # fmt: skip
_STARTS = ("", "", "", "", "", "hi, ", "hello! ", "hey, ", "ok, ", "please ", "well, ", "so ", "hmm, ", "thanks, now ")


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


def filled(rng: random.Random, template: str, titles: tuple[str, ...], **values: str) -> str:
    """The template with its blanks filled: prices, decades, numbers, genres, a title."""
    while "{p}" in template:
        template = template.replace(
            "{p}", str(rng.choice((5, 10, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200, 300))), 1
        )
    decade = str(rng.choice((rng.randrange(1920, 2030, 10), rng.randrange(1930, 2025))))
    title = rng.choice(titles) if titles else "it"
    blanks = {"{d}": decade, "{n}": str(rng.randint(1, 5)), "{g}": rng.choice((*GENRES, *FEELINGS)), "{t}": title}
    for blank, value in (blanks | {f"{{{name}}}": value for name, value in values.items()}).items():
        template = template.replace(blank, value)
    return template


def finished(rng: random.Random, text: str) -> str:
    """The text with the small differences of people: a start, capitals, a full stop or none."""
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


def recommend(rng: random.Random, titles: tuple[str, ...] = ()) -> Message:
    """Someone asks for suggestions, with wishes, filters, both or neither."""
    if _chance(rng, 0.18):
        text = rng.choice(_ASK_OPEN) + (filled(rng, rng.choice(_FILTERS), titles) if _chance(rng, 0.2) else "")
        return Message(finished(rng, text), "recommend")
    if _chance(rng, 0.1):
        bare = rng.choice(("something", "a film", "a print", "anything", "prints", "a movie", "a picture"))
        return Message(
            finished(rng, filled(rng, f"{rng.choice(_ASK)}".replace("{w}", bare + rng.choice(_FILTERS)), titles)),
            "recommend",
        )
    values: tuple[tuple[str, str], ...] = ()
    if _chance(rng, 0.6):
        words, values = print_wish(rng)
        wishes = tuple(value for _, value in values)
    else:
        words, wishes = other_wish(rng)
        values = tuple(("wish", wish) for wish in wishes)
    tail = rng.choice(_FILTERS) if _chance(rng, 0.3) else ""
    text = rng.choice(_ASK).replace("{w}", words + tail)
    return Message(finished(rng, filled(rng, text, titles)), "recommend", wishes, values)


def critique(rng: random.Random, titles: tuple[str, ...] = ()) -> Message:
    """Someone wants the shown items changed."""
    if _chance(rng, 0.35):
        return Message(finished(rng, rng.choice(_CRITIQUE_OPEN)), "critique")
    one, two = (rng.choice((*MOODS, *PALETTES, *STYLES, *SUBJECTS, *FEELINGS, *GENRES)) for _ in range(2))
    template = rng.choice(_CRITIQUE)
    turned_away = ("less {v}", "not so {v}", "too {v}", "these are too {v}", "without the {v}", "a less {v} version")
    wishes = () if template in turned_away else (one,)
    return Message(finished(rng, filled(rng, template, titles, v=one, o=two)), "critique", wishes)


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
    text = finished(rng, rng.choice(_CORRECT_FOR if liked else _CORRECT).replace("{v}", word))
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
            return Message(finished(rng, filled(rng, rng.choice(_FEEDBACK), titles)), "feedback")
        case "question":
            return Message(finished(rng, filled(rng, rng.choice(_QUESTION), titles)), "question")
        case "correct_taste":
            return correction(rng)
        case _:
            return Message(finished(rng, rng.choice(_TALK)), "small_talk")

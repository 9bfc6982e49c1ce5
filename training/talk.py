"""Examples of small talk, questions and corrections: short answers that only say what is known."""

from __future__ import annotations

import random

import prompts
from catalog.demo.looks import ASPECTS, VALUES
from training import phrases
from training.messages import careless, correction, feedback, finished
from training.roles import Example
from training.world import Domain, Thing, told_taste

_ATTRIBUTES = {
    "price": (
        (
            "how much is {t}?", "what does {t} cost?", "the price of {t}?", "is {t} expensive?", "how much for {t}?",
            "what would I pay for {t}?", "what do you ask for {t}?", "is {t} cheap?", "can I afford {t}?",
            "I'd like to know the price of {t}", "how pricey is {t}?", "how much money is {t}?", "{t}, how much?",
            "what's {t} worth?", "how much cost {t}?", "tell me what {t} costs",
        ),
        "{t} costs {v}.",
    ),
    "size": (
        (
            "how big is {t}?", "what size is {t}?", "how wide is {t}?", "is {t} large?", "what does {t} measure?",
            "how many centimetres is {t}?", "is {t} a small one?", "will {t} fit over my desk?", "the size of {t}?",
            "how much space does {t} take?", "what are the dimensions of {t}?", "{t}, how big?", "how large is {t}?",
            "I need to know how wide {t} is", "would {t} fit in my frame?", "is {t} big enough for a wide wall?",
        ),
        "{t} measures {v}.",
    ),
    "year": (
        (
            "when was {t} made?", "what year is {t} from?", "how old is {t}?", "what year is {t}?", "is {t} recent?",
            "when did {t} come out?", "from when is {t}?", "in what year did they make {t}?", "the year of {t}?",
            "is {t} an old one?", "when does {t} date from?", "how new is {t}?", "{t}, which year?",
            "which year was {t} made in?", "do you know when {t} was made?",
        ),
        "{t} is from {v}.",
    ),
    "edition": (
        (
            "how many copies of {t} are there?", "what is the edition of {t}?", "how large is the edition of {t}?",
            "how many of {t} were printed?", "is {t} rare?", "is {t} limited?", "am I the only one with {t}?",
            "how many others will own {t}?", "edition size of {t}?", "how many prints of {t} did they make?",
            "is {t} a limited edition?", "how exclusive is {t}?",
        ),
        "The edition of {t} is {v}.",
    ),
    "paper": (
        (
            "what paper is {t} on?", "what is {t} printed on?", "which paper did they use for {t}?", "paper of {t}?",
            "what kind of paper is {t}?", "is {t} on good paper?", "what is the material of {t}?", "what's {t} on?",
            "is the paper of {t} recycled?", "does {t} come on cotton paper?", "what sort of sheet is {t} on?",
        ),
        "{t} is on {v} paper.",
    ),
    "genres": (
        (
            "what genre is {t}?", "what kind of film is {t}?", "what sort of film is {t}?", "is {t} a comedy?",
            "is {t} a horror film?", "which genre would you call {t}?", "is {t} for children?", "genre of {t}?",
            "what category is {t} in?", "is {t} a drama?", "what type of movie is {t}?",
        ),
        "{t} is {v}.",
    ),
}  # fmt: skip
_SHOWS = (
    "tell me about {t}", "describe {t}", "tell me more about {t}", "what does {t} show?", "what is {t} about?",
    "what can you tell me about {t}?", "what is {t}?", "what do I see in {t}?", "what's in {t}?", "more on {t} please",
    "what does {t} look like?", "I want to know more about {t}", "can you describe {t} for me?", "explain {t} to me",
    "how would you describe {t}?", "say something about {t}", "what is on {t}?", "details of {t} please",
    "what kind of thing is {t}?", "give me some words on {t}", "what is the subject of {t}?", "and {t}?",
)  # fmt: skip
_POINTING = (
    "it",
    "it",
    "that one",
    "this one",
    "the first one",
    "the second one",
    "the third",
    "number two",
    "the last",
)
_UNKNOWN = (
    "who made {t}?", "who directed {t}?", "is {t} in stock?", "where is {t} from?", "how heavy is {t}?",
    "who drew {t}?", "who is the artist of {t}?", "who plays in {t}?", "is {t} signed?", "does {t} come with a frame?",
    "do you ship {t} abroad?", "how long does {t} take to arrive?", "what does shipping cost for {t}?",
    "can I return {t}?", "is {t} sold out?", "how long is {t}?", "has {t} won a prize?", "what do others say of {t}?",
    "will {t} fade in the sun?", "where was {t} printed?", "who bought {t} before?", "how is {t} packed?",
    "is there a discount on {t}?", "can I get {t} by Friday?", "why is it called {t}?", "what did critics make of {t}?",
    "who owns {t} now?", "is {t} framed?", "what language is {t} in?", "does {t} end well?", "who printed {t}?",
    "can I see {t} in a shop?", "does {t} need glass?", "is {t} available in other sizes?",
)  # fmt: skip


def attributes(rng: random.Random) -> dict[str, str]:
    """Attributes of an item as prompts quote them, some of them missing."""
    every = {
        "price": f"{rng.randint(15, 240)} EUR",
        "size": f"{rng.randint(20, 120)} cm",
        "year": str(rng.randint(1930, 2025)),
        "edition": f"{rng.choice((15, 20, 25, 30, 50, 60, 75, 100, 120, 150, 200, 300))} prints",
        "paper": rng.choice(("cotton", "washi", "recycled", "washi, linen", "bamboo", "hemp", "hemp, cotton")),
        "genres": rng.choice(("Horror", "Comedy, Romance", "Drama", "Action, Thriller", "Children, Animation")),
    }
    kept = [name for name in every if rng.random() < 0.75]
    return {name: every[name] for name in kept}


def item_text(thing: Thing, given: dict[str, str]) -> str:
    """What the prompt says of an item: its summary and its attributes."""
    return "; ".join(
        [part for part in (thing.summary, "; ".join(f"{name}: {value}" for name, value in given.items())) if part]
    )


def asking(rng: random.Random, domain: Domain) -> tuple[str, list[dict[str, str]], str]:
    """A question about one item among those shown, the items, and the answer."""
    things = [(domain.thing(rng), attributes(rng)) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    items = [{"title": thing.title, "text": item_text(thing, given)} for thing, given in things]
    thing, given = rng.choice(things)
    title = thing.title
    chance = rng.random()
    if chance < 0.2:
        wording = rng.choice(_SHOWS)
        answer = f"{title}: {thing.summary.rstrip('.')}."
    elif chance < 0.32:
        wording, answer = rng.choice(_UNKNOWN), f"I do not know that about {title}."
    elif chance < 0.5:
        wording, answer = _two_at_once(rng, title, given)
    else:
        name = rng.choice(list(_ATTRIBUTES))
        wording, answer = rng.choice(_ATTRIBUTES[name][0]), _told(name, title, given)
    named = title if len(things) > 1 or rng.random() < 0.6 else rng.choice(_POINTING)
    return careless(rng, wording).replace("{t}", named), items, answer


def _told(name: str, title: str, given: dict[str, str]) -> str:
    value = given.get(name, "")
    return _ATTRIBUTES[name][1].format(t=title, v=value) if value else f"I do not know that about {title}."


def _two_at_once(rng: random.Random, title: str, given: dict[str, str]) -> tuple[str, str]:
    """A question about two attributes, and an answer that tells both."""
    one, other = rng.sample(list(_ATTRIBUTES), 2)
    first, second = (rng.choice(_ATTRIBUTES[name][0]) for name in (one, other))
    joined = rng.choice((", and ", " and ", "? and ", "? And ", ", also: ")).join(
        [first.rstrip("?"), second.replace("{t}", "it")]
    )
    then = _told(other, "it", given)
    return joined, f"{_told(one, title, given)} {then[:1].upper()}{then[1:]}"


def news_line(rng: random.Random) -> str:
    """What changed in a taste, as the memory tells it."""
    changes = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        verb = rng.choice(("now", "now", "more surely", "less surely", "no longer"))
        aspect = rng.choice(ASPECTS)
        changes.append(f"{verb} {rng.choice(('like', 'dislike'))} {aspect}: {rng.choice(VALUES[aspect])}")
    return "; ".join(changes) if rng.random() < 0.9 else "nothing but the wording"


def talking(rng: random.Random) -> Example:
    """The responder answers without recommending."""
    domain = Domain(rng, prints=rng.random() < 0.75)
    prose = told_taste(rng, domain.taste(rng)).prose
    items: list[dict[str, str]] = []
    news = ""
    chance = rng.random()
    if chance < 0.45:
        message, items, answer = asking(rng, domain)
    elif chance < 0.65:
        message, news = (correction(rng) if rng.random() < 0.6 else feedback(rng)).text, news_line(rng)
        answer = f"Noted: {news}."
    elif chance < 0.72:
        message, answer = correction(rng).text, "Thank you, I will keep that in mind."
    else:
        message, answer = _small_talk(rng, prose)
    prompt = prompts.load("responder_talk").render(message=finished(rng, message), prose=prose, items=items, news=news)
    return Example("responder_talk", prompt, answer)


def _small_talk(rng: random.Random, prose: str) -> tuple[str, str]:
    wordings: tuple[str, ...]
    match rng.randrange(6):
        case 0:
            wordings, answer = phrases.GREETINGS, "Hello! Tell me what you are looking for, or ask for a suggestion."
        case 1:
            wordings, answer = phrases.THANKS, "You are welcome."
        case 2:
            wordings, answer = phrases.FAREWELLS, "Goodbye, and come back any time."
        case 3:
            wordings, answer = (
                phrases.ABOUT_US,
                "I help you choose: tell me what you like, and I will suggest what suits you and say why.",
            )
        case 4:
            known = f"This is what I know: {prose}" if prose else "I do not know your taste yet; tell me what you like."
            wordings, answer = phrases.ABOUT_THEM, known
        case _:
            wordings, answer = phrases.ASIDES, "I am here when you want a suggestion."
    return careless(rng, rng.choice(wordings)), answer

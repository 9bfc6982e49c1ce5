"""Examples of small talk, questions and corrections: short answers that only say what is known."""

from __future__ import annotations

import random

import prompts
from catalog.demo.looks import ASPECTS, VALUES
from training.messages import correction, finished
from training.roles import Example
from training.world import Domain, Thing, known_taste

_GREETINGS = ("hi", "hello", "hey", "hey there", "good morning", "good evening", "hello again")
_THANKS = ("thanks", "thank you", "thanks a lot", "great, thanks", "that is kind, thank you")
_FAREWELLS = ("bye", "goodbye", "see you", "good night", "that's all")
_ABOUT_US = (
    "what can you do?",
    "how does this work?",
    "who are you?",
    "can you help me?",
    "what is your name?",
    "are you a robot?",
)
_ABOUT_THEM = ("what do you know about me?", "what is my taste?", "what do I like?", "do you remember me?")
_ASIDES = (
    "nice weather today",
    "ok",
    "cool",
    "haha",
    "I am bored",
    "never mind",
    "how are you?",
    "tell me a joke",
    "I am just looking",
)
_ATTRIBUTES = {
    "price": (("how much is {t}?", "what does {t} cost?", "the price of {t}?", "is {t} expensive?"), "{t} costs {v}."),
    "size": (("how big is {t}?", "what size is {t}?", "how wide is {t}?", "is {t} large?"), "{t} measures {v}."),
    "year": (
        ("when was {t} made?", "what year is {t} from?", "how old is {t}?", "what year is it?"),
        "{t} is from {v}.",
    ),
    "edition": (("how many copies of {t} are there?", "what is the edition of {t}?"), "The edition of {t} is {v}."),
    "paper": (("what paper is {t} on?", "what is {t} printed on?"), "{t} is on {v} paper."),
    "genres": (("what genre is {t}?", "what kind of film is {t}?"), "{t} is {v}."),
}
_UNKNOWN = ("who made {t}?", "who directed {t}?", "is {t} in stock?", "where is {t} from?", "how heavy is {t}?")


def attributes(rng: random.Random) -> dict[str, str]:
    """Attributes of an item as prompts quote them, some of them missing."""
    every = {
        "price": f"{rng.randint(15, 240)} EUR",
        "size": f"{rng.randint(20, 120)} cm",
        "year": str(rng.randint(1930, 2025)) + rng.choice((" year", " year", "")),
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
        wording = rng.choice(
            ("tell me about {t}", "describe {t}", "tell me more about {t}", "what does {t} show?", "what is {t} about?")
        )
        answer = f"{title}: {thing.summary.rstrip('.')}."
    elif chance < 0.32:
        wording, answer = rng.choice(_UNKNOWN), f"I do not know that about {title}."
    else:
        name = rng.choice(list(_ATTRIBUTES))
        wordings, told = _ATTRIBUTES[name]
        wording = rng.choice(wordings)
        value = given.get(name, "").removesuffix(" year")
        answer = told.format(t=title, v=value) if value else f"I do not know that about {title}."
    named = title if len(things) > 1 or rng.random() < 0.7 else "it"
    return wording.replace("{t}", named), items, answer


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
    prose = known_taste(rng, domain.taste(rng)).prose
    items: list[dict[str, str]] = []
    news = ""
    chance = rng.random()
    if chance < 0.45:
        message, items, answer = asking(rng, domain)
    elif chance < 0.65:
        message, news = correction(rng).text if rng.random() < 0.7 else "I love the first one", news_line(rng)
        answer = f"Noted: {news}."
    elif chance < 0.72:
        message, answer = correction(rng).text, "Thank you, I will keep that in mind."
    else:
        message, answer = _small_talk(rng, prose)
    prompt = prompts.load("responder_talk").render(message=finished(rng, message), prose=prose, items=items, news=news)
    return Example("responder_talk", prompt, answer)


def _small_talk(rng: random.Random, prose: str) -> tuple[str, str]:
    match rng.randrange(6):
        case 0:
            return rng.choice(_GREETINGS), "Hello! Tell me what you are looking for, or ask for a suggestion."
        case 1:
            return rng.choice(_THANKS), "You are welcome."
        case 2:
            return rng.choice(_FAREWELLS), "Goodbye, and come back any time."
        case 3:
            return rng.choice(
                _ABOUT_US
            ), "I help you choose: tell me what you like, and I will suggest what suits you and say why."
        case 4:
            known = f"This is what I know: {prose}" if prose else "I do not know your taste yet; tell me what you like."
            return rng.choice(_ABOUT_THEM), known
        case _:
            return rng.choice(_ASIDES), "I am here when you want a suggestion."

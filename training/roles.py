"""Examples of every role: the prompt as the product renders it, and the answer the model is to give."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cache

import prompts
from agents.recurrence import FACTS_SHOWN, fact_lines
from agents.weighing import is_liking
from catalog.demo.looks import ASPECTS, VALUES, describe
from memory.preferences import Preference
from training.messages import Message, any_message, recommend
from training.pictures import PicturePool
from training.teacher import listed
from training.tokens import INTENTS, choice_text, yes_no_text
from training.words import FEELINGS, FOODS, THINGS, TITLE_WORDS, invented, other_text, other_title
from training.world import (
    PROSE_WORDS,
    RECENT,
    Domain,
    FoldStep,
    Taste,
    Thing,
    Value,
    fold,
    folds,
    history,
    look_values,
    print_thing,
    title_and_text,
    told_taste,
)

BLOCKS_BEFORE = (1, 1, 2, 3, 4, 6, 8, 10, 12, 13, 16, 24)  # folds that a memory rests on
_NUMBERS = ("zero", "one", "two", "three", "four", "five")


@dataclass(frozen=True)
class Example:
    """A user message and its answer. picture: a row of the pool, before the text. weight: of each answer token.

    named: values in the order the events of a fold and then its answer name them, with what the facts held before say
    of each: 0 nothing, 1 liked, 2 disliked. Empty elsewhere.
    """

    role: str
    prompt: str
    answer: str
    picture: int | None = None
    weight: float = 1.0
    named: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Decisions:
    """A state and the questions asked about it, with the probability of a yes each.

    named: for each question the values its summary names, with what the state's facts say of them: 0 nothing, 1 liked,
    2 disliked. Empty where it does not matter.
    """

    state: str
    questions: tuple[tuple[str, float], ...]
    named: tuple[tuple[tuple[str, int], ...], ...] = ()


def describing(rng: random.Random, pool: PicturePool) -> Example:
    """The item-summarizer looks at a picture beside a title and text that do not help."""
    row = rng.randrange(len(pool))
    title, text = ("a picture they sent", "") if rng.random() < 0.08 else title_and_text(rng)
    text = text if rng.random() < 0.7 else ""
    prompt = prompts.load("item_summarizer").render(title=title, text=text)
    return Example("item_summarizer", prompt, describe(pool.looks[row]), picture=row)


def folding(rng: random.Random) -> Example:
    """The preference memory folds one block of a person's history."""
    domain = Domain(rng, prints=rng.random() < 0.75)
    taste = domain.taste(rng)
    size = rng.choices((3, 1, 2, 4, 5, 6), (60, 14, 10, 6, 5, 5))[0]
    if rng.random() < 0.8:
        events = history(rng, domain, taste, size * rng.choice(BLOCKS_BEFORE))
        return fold_example(rng.choice(folds(events, domain.shown, size=size, slips=rng)))
    told = told_taste(rng, taste if rng.random() < 0.7 else domain.taste(rng))
    return fold_example(fold(told, history(rng, domain, taste, size), domain.shown))


def fold_example(step: FoldStep) -> Example:
    """The prompt of a fold as the product renders it, and the teacher's answer."""
    said = sides(step.before)
    values = [*(value for event in step.block for value in (*event.values, *event.avoided))]
    values += [(edit.aspect, edit.value) for edit in step.answer.edits]
    prompt = fold_text(step.before, [event.line for event in step.block])
    named = tuple((value, said.get((aspect, value), 0)) for aspect, value in values)
    return Example("preference_memory", prompt, step.answer.model_dump_json(), named=named)


def fold_text(before: Preference, events: list[str]) -> str:
    """The prompt of a fold as the product renders it."""
    return prompts.load("preference_memory").render(
        prose=before.prose, facts=fact_lines(before), events=events, words=PROSE_WORDS
    )


def sides(memory: Preference) -> dict[Value, int]:
    """What the facts of a memory say of the values they name: 1 liked, 2 disliked."""
    return {(fact.aspect, fact.value): 1 if is_liking(fact) else 2 for fact in memory.holding[:FACTS_SHOWN]}


def state_text(prose: str, facts: list[str], recent: list[str], wish: str = "") -> str:
    """The shared state of a recommendation as the product renders it."""
    return prompts.load("recommender_state").render(prose=prose, facts=facts, recent=recent, wish=wish)


@cache
def _question_pattern() -> str:
    """The question with marks for its blanks: rendered once, because thousands are needed."""
    return prompts.load("recommender_question").render(title="\x01", summary="\x02")


def question_text(thing: Thing) -> str:
    """The question about one candidate as the product renders it."""
    return _question_pattern().replace("\x01", thing.title).replace("\x02", thing.summary)


def deciding(rng: random.Random, *, candidates: int = 14) -> Decisions:
    """The recommender weighs several candidates for one person at one moment.

    A quarter of the people have a plain taste, a quarter one that they told, and of half the memory knows what it
    folded from their history, which leaves much open.
    """
    domain = Domain(rng, prints=rng.random() < 0.85)
    how = rng.choice(("plain", "told", "folded", "folded"))
    taste = plain_taste(rng, domain) if how == "plain" else domain.taste(rng)
    lived = rng.choice([3 * blocks for blocks in BLOCKS_BEFORE] if how == "folded" else (0, 0, 2, 5, 8))
    events = history(rng, domain, taste, lived)
    if how == "folded":
        memory = folds(events, domain.shown, size=3, slips=rng)[-1].after
    else:
        memory = told_taste(rng, taste, whole=how == "plain" or rng.random() < 0.7)
    known = [*taste.mattering(1), *taste.mattering(-1)]
    wish, wanted = _wish(rng, domain) if rng.random() < 0.2 else ("", ())
    said = sides(memory)
    questions, named = [], []
    for _ in range(candidates):
        chance = rng.random()
        value = rng.choice(known) if chance < 0.4 else rng.choice(wanted) if wanted and chance < 0.8 else None
        thing = domain.thing(rng, with_value=value)
        questions.append((question_text(thing), wished_p(taste.p_like(thing), thing, wanted)))
        named.append(tuple((value[1], said.get(value, 0)) for value in thing.values))
    state = state_text(memory.prose, fact_lines(memory), [event.line for event in events[-RECENT:]], wish)
    return Decisions(state, tuple(questions), tuple(named))


def plain_taste(rng: random.Random, domain: Domain) -> Taste:
    """A few strong likes and dislikes: a memory can hold all of them, and an answer is nearly certain."""
    chosen = rng.sample(domain.values, rng.randint(1, 5))
    return Taste({value: rng.choice((1, 1, -1)) * rng.uniform(2.5, 4.0) for value in chosen}, rng.uniform(-1.5, -0.5))


def _wish(rng: random.Random, domain: Domain) -> tuple[str, tuple[Value, ...]]:
    wanted = tuple(rng.sample(domain.values, rng.choice((1, 1, 2))))
    words = [value for _, value in wanted]
    return rng.choice(("; ", ", ", " and ")).join(words), wanted


def wished_p(p: float, thing: Thing, wanted: tuple[Value, ...]) -> float:
    """The probability once a wish is said: much higher where the thing meets all of it, much lower where not."""
    if not wanted:
        return p
    met = sum(value in thing.values for value in wanted) / len(wanted)
    odds = math.log(p / (1 - p)) * 0.7 + (2.4 if met == 1 else -0.8 if met > 0 else -2.8)
    return 1 / (1 + math.exp(-odds))


def deciding_by_eye(rng: random.Random, pool: PicturePool) -> Example:
    """The recommender sees the candidate's picture; the answer is drawn from the probability."""
    domain = Domain(rng, prints=True)
    taste, row = domain.taste(rng), rng.randrange(len(pool))
    memory, look = told_taste(rng, taste), pool.looks[row]
    thing = Thing(other_title(rng), "", describe(look) if rng.random() < 0.5 else "", look_values(look))
    answer = "Yes" if rng.random() < taste.p_like(thing) else "No"
    text = yes_no_text(state_text(memory.prose, fact_lines(memory), []), question_text(thing))
    return Example("recommender", text, answer, picture=row, weight=2.0)


def intending(rng: random.Random) -> Example:
    """Understanding names what a message asks for."""
    titles = tuple(title_and_text(rng)[0] for _ in range(rng.randint(1, 5)))
    shown = list(titles) if rng.random() < 0.6 else []
    message = any_message(rng, titles if shown or rng.random() < 0.5 else ())
    state = prompts.load("understanding_intent").render(message=message.text, shown=shown)
    letter = "ABCDEF"[list(INTENTS).index(message.intent)]
    return Example("understanding_intent", choice_text(state, "", list(INTENTS.items())), letter, weight=8.0)


def choosing(rng: random.Random) -> Example:
    """A plain choice among named options, so that the letters mean something beyond intents."""
    thing, aspect = print_thing(rng), rng.choice(ASPECTS)
    true = dict(thing.values)[aspect]
    options = [*rng.sample([value for value in VALUES[aspect] if value != true], rng.randint(1, 4)), true]
    rng.shuffle(options)
    question = rng.choice((f"What is the {aspect}?", f"Which {aspect} is it?", f"The {aspect}?"))
    text = choice_text(thing.summary, question, [(option, "") for option in options])
    return Example("choice", text, "ABCDEFG"[options.index(true)], weight=2.0)


def wishing(rng: random.Random) -> Example:
    """Understanding names the soft wishes of a message."""
    message: Message = recommend(rng) if rng.random() < 0.8 else any_message(rng)
    prompt = prompts.load("understanding_wishes").render(message=message.text)
    return Example("understanding_wishes", prompt, "; ".join(message.wishes) or "none", weight=2.0)


def responding(rng: random.Random) -> Example:
    """The responder presents a slate with reasons that are true."""
    domain = Domain(rng, prints=rng.random() < 0.75)
    taste = domain.taste(rng)
    memory = told_taste(rng, taste)
    message = recommend(rng)
    wanted, count = message.wishes[0] if message.wishes else "", rng.randint(1, 5)
    items, lines = [], []
    for number in range(1, count + 1):
        held = [(fact.aspect, fact.value) for fact in memory.holding] or domain.values
        thing = domain.thing(rng, with_value=rng.choice(held) if rng.random() < 0.7 else None)
        liked = [
            fact for fact in memory.holding if fact.polarity == "like" and (fact.aspect, fact.value) in thing.values
        ][:3]
        asked = wanted if wanted and rng.random() < 0.4 else ""
        fits = [f"like {fact.aspect}: {fact.value}" for fact in liked] + ([asked] if asked else []) + _other_fits(rng)
        summary = thing.summary if rng.random() < 0.95 else ""
        items.append({"title": thing.title, "summary": summary, "fits": ", ".join(fits[:4])})
        lines.append(f"{number}. {thing.title}: {reason([fact.value for fact in liked], asked, summary, thing)}")
    prompt = prompts.load("responder").render(message=message.text, prose=memory.prose, items=items)
    return Example("responder", prompt, "\n".join((opening(count, wanted, known=bool(memory.prose)), *lines)))


def copying(rng: random.Random) -> Example:
    """No role, but what all of them rest on: titles and strange words said again to the letter, in their order."""
    lines, answer = [], []
    for number in range(1, rng.randint(2, 5) + 1):
        title = title_and_text(rng)[0] if rng.random() < 0.3 else strange_title(rng)
        lines.append(f"{number}. {title} | {other_text(rng)}" if rng.random() < 0.4 else f"{number}. {title}")
        answer.append(f"{number}. {title}")
    return Example("copying", "Items:\n" + "\n".join(lines), "\n".join(answer))


def strange_title(rng: random.Random) -> str:
    """Words in no order anyone would guess, so that only looking them up helps."""
    words = (*TITLE_WORDS, *FEELINGS, *FOODS, *THINGS)
    return " ".join(
        invented(rng).capitalize() if rng.random() < 0.25 else rng.choice(words) for _ in range(rng.randint(1, 6))
    )


def _other_fits(rng: random.Random) -> list[str]:
    chance = rng.random()
    if chance < 0.06:
        return [f"{rng.randint(3, 40)} people who liked {other_title(rng)} liked this too"]
    return [f"price at most {rng.choice((20, 30, 40, 60, 100))} EUR"] if chance < 0.12 else []


def opening(count: int, wanted: str, *, known: bool) -> str:
    """The first sentence of a reply: how many, and what they were chosen by."""
    start = "Here is one" if count == 1 else f"Here are {_NUMBERS[count]}"
    if wanted:
        return f"{start} with {wanted} in mind."
    return f"{start} that suit{'s' if count == 1 else ''} your taste." if known else f"{start} to start with."


def reason(liked: list[str], asked: str, summary: str, thing: Thing) -> str:
    """Why an item suits: what was asked for, what is liked, else what it shows."""
    if asked and liked:
        return f"you asked for {asked}, and it has {listed(liked)}, which you like."
    if asked:
        return f"you asked for {asked}."
    if liked:
        return f"it has {listed(liked)}, which you like."
    if not summary:
        return "something new to try."
    values = dict(thing.values)
    if "subject" in values and "palette" in values:
        article = "an" if values["subject"][0] in "aeiou" else "a"
        return f"it shows {article} {values['subject']} in {values['palette']}, and the mood is {values['mood']}."
    return f"it has {thing.values[0][1]}."

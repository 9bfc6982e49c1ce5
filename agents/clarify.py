"""Clarify or recommend: whether a question would serve better than a slate, and which splits the candidates most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import quantiles

from langgraph.runtime import Runtime

from agents.context import TurnContext
from agents.critiques import leaning
from agents.lift import PEOPLE, lift
from agents.parsing import parse
from agents.parsing.axes import POLES, Pole
from agents.parsing.index import Listed, Measure, index_of
from agents.state import Critique, TurnState, TurnUpdate
from catalog.filters import passes
from catalog.items import Catalogue, Item
from tracing.events import Note

LOOKED_AT = 300  # candidates that tell how an answer would split all
MOST_OPTIONS = 4
LEAST_GAIN = 0.1  # of the candidates decided; below it, next to nothing is told by the answer
UNLEARNED = 0.25  # of the candidates decided, what is expected to be liked more where no log tells
MOST_LIFT = 0.99  # so that a threshold of 1 is never met
SKIP = "Surprise me"
_ASKED_OF_QUALITY = ("calm", "dark", "happy", "warm", "simple", "modern")  # one side of each pair worth asking for
_MEASURES = {  # dimension → the question, how much people care, and its options below, between and above two figures
    "money": ("how much may it cost?", 0.9, "under {0} {u}", "{0} to {1} {u}", "over {1} {u}"),
    "length": ("how big may it be?", 0.8, "up to {0} {u}", "{0} to {1} {u}", "over {1} {u}"),
    "time": ("how long may it take?", 0.8, "up to {0} {u}", "{0} to {1} {u}", "over {1} {u}"),
    "year": ("from which years?", 0.7, "before {0}", "{0} to {1}", "after {1}"),
}


@dataclass(frozen=True)
class Question:
    """One question to the person. options: answers that can be sent as they are.

    gain in [0, 1]: the share of the candidates that an answer is expected to leave behind.
    """

    text: str
    options: tuple[str, ...]
    gain: float


def clarify(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Ask the best question instead of recommending, where it is worth the threshold of the profile."""
    context = runtime.context
    threshold = context.recommend.clarify
    need = openness(state, context)
    if not need or need < threshold or len(state.candidates) <= context.recommend.decide:
        return {}
    some = state.candidates[:: max(1, len(state.candidates) // LOOKED_AT)][:LOOKED_AT]
    items = [context.catalogue[candidate.item_id] for candidate in some]
    views = context.views(tuple(item.item_id for item in items))

    def worth(question: Question) -> float:
        return need * expected_lift(question, context)

    question = best_question(items, views, context.catalogue, worth=worth)
    if question is None or worth(question) < threshold:
        return {}
    detail = f"asked rather than recommended: what is liked of a slate should rise by {worth(question):.2f}"
    context.recorder.record(Note(what="clarify", detail=f"{detail} of it, threshold {threshold:g}"))
    return {"question": question.text, "quick_replies": (*question.options, SKIP)}


def expected_lift(question: Question, context: TurnContext) -> float:
    """By what share of it an answer should raise how much of a slate is liked, in [0, 1).

    As the likings of the people in the log part along the question; where these are too few, as far as it decides the
    candidates.
    """

    def find() -> float | None:
        likings = context.collaborative.likings(PEOPLE)
        known = {one for own in likings for one in own if one in context.catalogue}
        views = context.views(tuple(sorted(known))) if likings else {}
        items = [context.catalogue[item_id] for item_id in views]
        meant = {option: stands_for(option, items, views, context.catalogue) for option in question.options}
        return lift(likings, {option: set(ids) for option, ids in meant.items()})

    learned = context.lifts.of(question.text, find)
    return min(MOST_LIFT, UNLEARNED * question.gain if learned is None else learned)


def openness(state: TurnState, context: TurnContext) -> float:
    """How open it is what the person wants, in [0, 1]: 0 with anything definite, or where a question was just asked."""
    definite = state.conditions or state.wishes or state.critiques or state.upload or state.upload_summary
    asked = state.asked or state.fresh_only or state.mentioned or state.shown or state.relaxations
    if definite or asked or state.intent != "recommend":
        return 0.0
    known = context.taste(state.user_id).holding or context.recent(state.user_id, 1)
    return 0.0 if known else 1.0


def best_question(
    items: Sequence[Item],
    views: Mapping[str, str],
    catalogue: Catalogue,
    *,
    worth: Callable[[Question], float] = attrgetter("gain"),
) -> Question | None:
    """The question worth most; by itself, the one whose answer leaves the fewest of these items."""
    return max(questions(items, views, catalogue), key=worth, default=None)


def questions(items: Sequence[Item], views: Mapping[str, str], catalogue: Catalogue) -> list[Question]:
    """Every question that splits these items and whose answers are all understood."""
    index = index_of(catalogue)
    asked = [
        *(one for listed in index.listed if listed.kind for one in _of_kind(listed, items)),
        *(one for measure in index.measures for one in _of_measure(measure, items)),
        *_of_qualities(items, views),
    ]
    return [one for one in asked if one.gain > LEAST_GAIN and _understood(one, catalogue)]


def _of_kind(listed: Listed, items: Sequence[Item]) -> Iterator[Question]:
    counts = Counter(word for item in items for word in _words(item, listed.spec.name))
    told = counts.most_common(MOST_OPTIONS)
    label = (listed.spec.label or listed.spec.name).replace("_", " ")
    if len(told) > 1:
        yield Question(f"which {label}?", tuple(word for word, _ in told), _gain([n for _, n in told], len(items)))


def _of_measure(measure: Measure, items: Sequence[Item]) -> Iterator[Question]:
    text, answerable, below, between, above = _MEASURES.get(measure.dimension, ("", 0.0, "", "", ""))
    figures = [value for item in items if isinstance(value := item.attributes.get(measure.spec.name), float)]
    if not text or len(figures) < len(items) / 2 or len(set(figures)) < 3:
        return
    step = 10 if max(figures) - min(figures) > 30 else 1
    low, high = (int(round(figure / step) * step) for figure in quantiles(figures, n=3))
    if low >= high:
        return
    unit = measure.spec.unit
    options = tuple(one.format(low, high, u=unit) for one in (below, between, above))
    counts = [sum(value < low for value in figures), sum(low <= value <= high for value in figures)]
    counts.append(len(figures) - sum(counts))
    yield Question(text, options, answerable * _gain(counts, len(items)))


def _of_qualities(items: Sequence[Item], views: Mapping[str, str]) -> Iterator[Question]:
    for word in _ASKED_OF_QUALITY:
        pole = POLES[word]
        lean = [leaning(views.get(item.item_id, ""), (_as_critique(word, pole),)) for item in items]
        for_it, against = sum(value > 0 for value in lean), sum(value < 0 for value in lean)
        if not for_it or not against:
            continue
        other = next(name for name, side in POLES.items() if side.name == pole.name and side != pole)
        neither = len(items) - for_it - against
        left = (for_it * (for_it + neither) + against * (against + neither)) / ((for_it + against) * len(items))
        yield Question(f"rather {word} or {other}?", (f"something {word}", f"something {other}"), 1 - left)


def _as_critique(word: str, pole: Pole) -> Critique:
    return Critique(word, quality=pole.name, towards=pole.towards, away=pole.away)


def _gain(counts: Sequence[int], of: int) -> float:
    """The share that is expected to go, where an answer is as likely as the items it keeps are many."""
    return 1 - sum(count * count for count in counts) / (sum(counts) * of) if sum(counts) else 0.0


def _understood(question: Question, catalogue: Catalogue) -> bool:
    """Whether every option is read by the parser, or is a quality in so many words, and leaves something."""
    for option in question.options:
        filters = parse(option, catalogue).filters
        if not filters and not option.startswith("something "):
            return False
        if not any(passes(item, filters) for item in catalogue):
            return False
    return True


def stands_for(option: str, items: Sequence[Item], views: Mapping[str, str], catalogue: Catalogue) -> list[str]:
    """The ids of these items that an option of a question asks for: those that meet it, or lean the way it names."""
    parsed = parse(option, catalogue)
    if parsed.filters:
        return [item.item_id for item in items if passes(item, parsed.filters)]
    word = option.removeprefix("something ")
    wanted = (_as_critique(word, POLES[word]),) if word in POLES else ()
    return [item.item_id for item in items if leaning(views.get(item.item_id, ""), wanted) > 0]


def _words(item: Item, name: str) -> tuple[str, ...]:
    value = item.attributes.get(name, ())
    return value if isinstance(value, tuple) else (str(value),)


def put(question: str) -> str:
    """The question as the reply puts it."""
    return f"One question first: {question} Or say it in your own words, or send a picture of something you like."

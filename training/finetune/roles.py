"""Examples for every role that a run teaches, as often as its weight says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agents import intents, responder, wishes
from agents.item_summarizer import PROMPT as SUMMARY_PROMPT
from agents.judging import QUESTION_PROMPT, STATE_PROMPT
from agents.preference_memory import PROMPT as FOLD_PROMPT
from palate.progress import Report
from training.finetune.corpus import Corpus
from training.finetune.draw import Draw, Judge, Known
from training.finetune.errors import TrainingRefused
from training.finetune.examples import (
    Candidates,
    Example,
    Written,
    fold_examples,
    intent_example,
    preference_before,
    summary_example,
    wishes_example,
)
from training.finetune.folds import taught_folds
from training.finetune.messages import asks_intent, messages, soft_wishes
from training.finetune.replies import reply_example
from training.finetune.settings import ExampleRole, TrainSettings
from training.finetune.splits import Split

PROMPTS: dict[ExampleRole, tuple[str, ...]] = {
    "recommender": (STATE_PROMPT, QUESTION_PROMPT),
    "item_summarizer": (SUMMARY_PROMPT,),
    "preference_memory": (FOLD_PROMPT,),
    "understanding": (intents.INTENT_PROMPT, wishes.WISHES_PROMPT),
    "responder": (responder.PROMPT,),
}
MESSAGES_AN_ITEM, MESSAGES = 4, 1200  # written about an item, and at most in all
TAUGHT_FOLDS = 2000
SPOKEN_OF, BESIDE = 2000, 200  # items that messages speak of, and that are looked through for a slate, at most


@dataclass(frozen=True)
class Ground:
    """All that the examples of a run are made from. judge: for hard negatives."""

    corpus: Corpus
    split: Split
    known: Known
    draw: Draw
    settings: TrainSettings
    judge: Judge | None
    report: Report

    @property
    def warm(self) -> list[str]:
        """The ids of the items that training may meet, in catalogue order."""
        return [item_id for item_id in self.corpus.catalogue.item_ids if item_id not in self.split.cold]


def examples_of_roles(
    corpus: Corpus,
    split: Split,
    known: Known,
    draw: Draw,
    settings: TrainSettings,
    *,
    judge: Judge | None,
    report: Report,
) -> Iterator[Example]:
    """The examples of each role in turn. The same data and seed give the same, whichever other roles are taught."""
    ground = Ground(corpus, split, known, draw, settings, judge, report)
    for role, weight in settings.roles.items():
        made = list(_MAKERS[role](ground))
        if not made:
            raise TrainingRefused(f"there is nothing to learn {role} from: {_NEEDS[role]}", f"leave out --role {role}")
        yield from weighted(made, weight, random.Random(f"{settings.seed}:weight:{role}"))


def weighted(examples: Sequence[Example], weight: float, rng: random.Random) -> list[Example]:
    """Each example as many times as the weight has wholes, and a share of them, drawn, for what is left of it."""
    whole = int(weight)
    share = round((weight - whole) * len(examples))
    chosen = sorted(rng.sample(range(len(examples)), share))
    return [*(list(examples) * whole), *(examples[number] for number in chosen)]


def _recommender(ground: Ground) -> Iterator[Candidates]:
    return ground.draw.decisions(ground.settings, ground.judge, ground.report)


def _item_summarizer(ground: Ground) -> Iterator[Written]:
    corpus = ground.corpus
    for item in corpus.catalogue:
        if item.picture and item.item_id in corpus.summaries and item.item_id not in ground.split.cold:
            yield summary_example(item, corpus.summaries[item.item_id])


def _preference_memory(ground: Ground) -> Iterator[Written]:
    """The folds that were kept; of people without one those of a rule, a bounded number."""
    corpus, taught = ground.corpus, 0
    for user, versions in corpus.versions.items():
        ids = {event.event_id for event in ground.known.get(user, ())}
        yield from fold_examples(versions, corpus.logs[user], ids, corpus.context)
    strangers = sorted(ground.known.keys() - corpus.versions.keys())
    for user in random.Random(f"{ground.settings.seed}:folds").sample(strangers, len(strangers)):
        log = sorted(ground.known[user], key=lambda event: event.event_id)
        for example in taught_folds(user, log, corpus.context):
            yield example
            taught += 1
        if taught >= TAUGHT_FOLDS:
            return


def _understanding(ground: Ground) -> Iterator[Example]:
    rng = random.Random(f"{ground.settings.seed}:messages")
    catalogue, warm = ground.corpus.catalogue, ground.warm
    spoken_of = rng.sample(warm, min(len(warm), SPOKEN_OF))
    views = ground.corpus.context.views(tuple(spoken_of))
    for message in messages(catalogue, views, min(MESSAGES, MESSAGES_AN_ITEM * len(views)), rng):
        if asks_intent(message, catalogue):
            yield intent_example(message, catalogue)
        if (asked := soft_wishes(message, catalogue)) is not None:
            yield wishes_example(*asked)


def _responder(ground: Ground) -> Iterator[Written]:
    corpus, warm = ground.corpus, ground.warm
    for target in ground.draw.latest(ground.settings):
        event = target.event
        rng = random.Random(f"{ground.settings.seed}:reply:{event.event_id}")
        met = {one.item_id for one in ground.known[event.user_id]}
        beside = [corpus.catalogue[one] for one in rng.sample(warm, min(len(warm), BESIDE)) if one not in met]
        preference = preference_before(corpus.versions.get(event.user_id, ()), event, corpus.logs[event.user_id])
        example = reply_example(corpus.catalogue[event.item_id], beside, preference, corpus.context, rng)
        if example is not None:
            yield example


_NEEDS: dict[ExampleRole, str] = {
    "recommender": "nobody in it liked a second item",
    "item_summarizer": "no item has a picture and a summary (`palate summarize` makes them)",
    "preference_memory": "no block of anybody's events names a value of the catalogue",
    "understanding": "no item has words that one could wish for",
    "responder": "nothing that is known of its items makes a reason",
}
_MAKERS: dict[ExampleRole, Callable[[Ground], Iterator[Example]]] = {
    "recommender": _recommender,
    "item_summarizer": _item_summarizer,
    "preference_memory": _preference_memory,
    "understanding": _understanding,
    "responder": _responder,
}

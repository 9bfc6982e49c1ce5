"""How well a checkpoint keeps a taste, fold after fold, and how well it ranks by a taste it is told or has folded."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from agents.commonness import Commonness
from agents.folding import Fold, finished_part
from agents.recurrence import FACTS_SHOWN, fact_lines
from agents.strength import CLEAR, liking_of
from agents.weighing import is_liking
from catalog.demo.looks import ASPECTS, VALUES, describe
from catalog.demo.people import OPENED, Event, Person, history, make_people, p_like
from catalog.demo.prints import Print, make_prints
from evaluation.lives import TRUE
from memory.preferences import Preference
from training import roles
from training.figures import auc, calibration_error, f1
from training.teacher import TaughtEvent
from training.world import RECENT, Thing, folded, folds, look_values, set_by_hand

BLOCK, BLOCKS = 3, (1, 4, 12)
HOLD = 3.0  # how strongly the yardstick of histories holds every weight to nothing

Scorer = Callable[[roles.Decisions], list[float]]
Writer = Callable[[list[str]], list[str]]


class Panel:
    """People never met, what they did in a shop never met, and the prints they are asked about."""

    def __init__(self, count: int, *, seed: int, candidates: int = 20, fewest: int = 0) -> None:
        self.prints = make_prints(seed=seed)
        self.commonness = Commonness()
        self.by_id = {made.item.item_id: made for made in self.prints}
        rng = random.Random(seed)
        self.people: list[Person] = []
        self.events: list[list[Event]] = []
        self.offered: list[list[Print]] = []
        for person in make_people(count * 8, seed=seed):
            events = history(person, self.prints, seed=seed)
            if len(events) < fewest or len(self.people) == count:
                continue
            met = {event.item_id for event in events}
            self.people.append(person)
            self.events.append(events)
            self.offered.append(rng.sample([made for made in self.prints if made.item.item_id not in met], candidates))
        self.chances = [
            [p_like(person, made, (events[-1].at - OPENED).days) for made in offered]
            for person, events, offered in zip(self.people, self.events, self.offered, strict=True)
        ]
        self.labels = [rng.random() < chance for chances in self.chances for chance in chances]

    def taught(self, number: int) -> list[TaughtEvent]:
        """One person's history as the lessons word it."""
        made = []
        for event in self.events[number]:
            thing = as_thing(self.by_id[event.item_id])
            made.append(TaughtEvent(event.kind, thing.title, thing.summary, rating=event.value, values=thing.values))
        return made

    def told(self, number: int) -> Preference:
        """A memory that holds one person's true taste, set by hand as strong as it weighs."""
        weights = self.people[number].taste_at((self.events[number][-1].at - OPENED).days).weights
        most = max(map(abs, weights.values()))
        heaviest = sorted(weights.items(), key=lambda pair: -abs(pair[1]))[:FACTS_SHOWN]
        return set_by_hand(
            {
                value: math.copysign(max(0.1, abs(weight) / most), weight)
                for value, weight in heaviest
                if abs(weight) > 0.12 * most
            }
        )

    def shown(self, value: str) -> float:
        """The share of the shop that shows a value, counted as the product counts a catalogue."""
        return self.commonness.share(value, lambda: [describe(made.look) for made in self.prints[::3]])


def as_thing(made: Print) -> Thing:
    """A print as the lessons know it."""
    return Thing(made.item.title, made.item.text, describe(made.look), look_values(made.look))


def ranking(panel: Panel, score: Scorer) -> dict[str, float]:
    """AUC of p(yes) by a taste that is told, and by one that the teacher folded from the history.

    Beside them: the AUC of the simulator's own probabilities, and that of a ridge regression on all that a person
    did, which is about what a history can tell at best.
    """
    figures, truth = dict[str, float](), [chance for chances in panel.chances for chance in chances]
    told, folded, counted = list[float](), list[float](), list[float]()
    for number, offered in enumerate(panel.offered):
        questions = tuple((roles.question_text(as_thing(made)), 0.0) for made in offered)
        taught = panel.taught(number)
        recent = [event.line for event in taught[-RECENT:]]
        steps = folds(taught, panel.shown, size=BLOCK)
        told += score(_decisions(panel.told(number), [], questions))
        folded += score(_decisions(steps[-1].after if steps else Preference(user_id="someone"), recent, questions))
        counted += _by_counts(taught, offered)
    figures["auc_of_the_truth"] = auc(truth, panel.labels)
    figures["auc_told"] = auc(told, panel.labels)
    figures["auc_told_of_the_truth"] = figures["auc_told"] / figures["auc_of_the_truth"]
    figures["calibration_error_told"] = calibration_error(told, panel.labels)
    figures["auc_folded"] = auc(folded, panel.labels)
    figures["auc_of_the_history"] = auc(counted, panel.labels)
    figures["calibration_error_folded"] = calibration_error(folded, panel.labels)
    figures["liked_share"] = sum(panel.labels) / len(panel.labels)
    return figures


def _decisions(memory: Preference, recent: Sequence[str], questions: tuple[tuple[str, float], ...]) -> roles.Decisions:
    return roles.Decisions(roles.state_text(memory.prose, fact_lines(memory), list(recent)), questions)


def _by_counts(taught: Sequence[TaughtEvent], offered: Sequence[Print]) -> list[float]:
    places = {value: place for place, value in enumerate((a, v) for a in ASPECTS for v in VALUES[a])}

    def row(values: Sequence[tuple[str, str]]) -> Any:
        made = np.zeros(len(places))
        made[[places[value] for value in values]] = 1
        return made

    said = np.array([liking_of(event.line) for event in taught], dtype=float)
    weights = np.where(said == 0, 0.0, 0.97 ** np.arange(len(said))[::-1])
    seen = np.array([row(event.values) for event in taught])
    centre = (weights * said).sum() / max(weights.sum(), 1e-9)
    matrix = seen.T @ (seen * weights[:, None]) + HOLD * np.eye(len(places))
    learned = np.linalg.solve(matrix, seen.T @ (weights * (said - centre)))
    return [float(row(look_values(made.look)) @ learned) for made in offered]


def keeping(panel: Panel, write: Writer) -> dict[str, float]:
    """The recurrence through the product's whole fold: each rests on what the product made of the answers before it.

    Every figure is told after n blocks. truth_f1: the facts held against `truth`, by aspect, value and side;
    truth_f1_by_rule: the same of the teacher's rule, the most that a model which learned it whole can reach;
    sure_precision, sure_recall: of the facts held that are surer than slight, against the same truth; rule_f1: the
    facts held against those the rule holds. valid: the share of answers that are a fold, before the product holds a
    model to the schema or asks again.
    """
    tastes = [Preference(user_id=person.user_id) for person in panel.people]
    histories = [panel.taught(number) for number in range(len(tastes))]
    by_rule = [folds(taught, panel.shown, size=BLOCK) for taught in histories]
    figures, valid, asked = dict[str, float](), 0, 0
    for block in range(max(BLOCKS)):
        read = [taught[block * BLOCK : (block + 1) * BLOCK] for taught in histories]
        lines = [[event.line for event in events] for events in read]
        answers = write([roles.fold_text(taste, told) for taste, told in zip(tastes, lines, strict=True)])
        for number, answer in enumerate(answers):
            asked += 1
            made, whole = _read(answer)
            valid += whole
            if made is not None:
                tastes[number] = folded(tastes[number], made, read[number], panel.shown)
        if block + 1 in BLOCKS:
            true = [truth(panel, number, (block + 1) * BLOCK) for number in range(len(tastes))]
            ruled = [sides_held(steps[block].after) for steps in by_rule]
            after, held = f"after_{block + 1}", [sides_held(taste) for taste in tastes]
            sure = [sides_held(taste, least=CLEAR) for taste in tastes]
            right = sum(len(one & other) for one, other in zip(sure, true, strict=True))
            figures |= {
                f"truth_f1_{after}": f1(held, true),
                f"truth_f1_by_rule_{after}": f1(ruled, true),
                f"sure_precision_{after}": right / max(1, sum(map(len, sure))),
                f"sure_recall_{after}": right / max(1, sum(map(len, true))),
                f"rule_f1_{after}": f1(held, ruled),
            }
    figures["valid"] = valid / asked
    return figures


def truth(panel: Panel, number: int, events: int) -> set[tuple[str, str, bool]]:
    """(aspect, value, liked) that is true of a person after so many events, as far as these can tell.

    True is what weighs at least TRUE on the day of the last of these events, as in `evaluation.lives`: people are all
    but indifferent to the other values. The events can tell of a value that a print shows of which the person said
    something, a like, a purchase, a dislike or a rating that is one of these; of no other could any memory know.
    """
    done, taught = panel.events[number][:events], panel.taught(number)[:events]
    weights = panel.people[number].taste_at((done[-1].at - OPENED).total_seconds() / 86_400).weights
    told = {value for event in taught if liking_of(event.line) for value in event.values}
    return {(*value, weights[value] > 0) for value in told if abs(weights[value]) >= TRUE}


def sides_held(taste: Preference, *, least: float = 0.0) -> set[tuple[str, str, bool]]:
    """(aspect, value, liked) of the facts that hold and are at least so strong."""
    return {(fact.aspect, fact.value, is_liking(fact)) for fact in taste.holding if fact.strength >= least}


def _read(answer: str) -> tuple[Fold | None, bool]:
    """The fold of an answer, of one that was cut short what it had finished, and whether it was whole."""
    try:
        return Fold.model_validate_json(answer), True
    except ValidationError:
        return finished_part(answer), False

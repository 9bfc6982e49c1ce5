"""How a model's p(yes) counts beside the other signals: found on lists that it judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from agents.blending import ModelWeight
from agents.context import TurnContext
from agents.judging import as_likes, judge
from agents.ranking import log_odds
from evaluation.blend import labels_of
from evaluation.curves import fit_model_weight
from evaluation.earning import FOLDS, SURE, certainty, log_likelihoods
from evaluation.held_out import HeldOut
from memory.guessing import Values
from memory.preferences import Preference

NOBODY = "somebody"  # whose taste is asked about: nothing that was folded later may be known


async def weigh_model(
    lists: Sequence[HeldOut],
    odds: Values,
    new_context: Callable[[], TurnContext],
    report: Callable[[int], None] = lambda done: None,
) -> ModelWeight:
    """Put every list to the recommender's model and weigh what it says; a weight of 0 where it adds nothing.

    odds: (lists, candidates) of the other signals. new_context: the surroundings of one list, with a budget. The model
    is told the last of the history and no preference, which could know of what was held out. Raises ModelError.
    """
    found, model, kind = [], "", ""
    for done, one in enumerate(lists, 1):
        context = new_context()
        recent = as_likes(NOBODY, one.history, context)
        decisions = await judge(one.candidates, Preference(user_id=NOBODY), recent, "", context)
        found.append([log_odds(answer.p_yes) for answer in decisions.answers])
        model, kind = decisions.model, decisions.answers[0].kind
        report(done)
    return weighed(odds, np.array(found), labels_of(lists), model=model, kind=kind)


def weighed(odds: Values, judged: Values, labels: Values, *, model: str, kind: str) -> ModelWeight:
    """The weights that make these lists likeliest; none for a model that may make held-back lists likelier by chance.

    odds, judged, labels: (lists, candidates), the first two log odds by the other signals and by the model.
    """
    count = len(labels)
    fold = np.arange(count) % FOLDS
    gains = np.zeros(count)
    for number in range(FOLDS):
        inside = fold == number
        for sign, told in ((1, judged), (-1, np.zeros_like(judged))):
            offset, signals, weight = fit_model_weight(
                odds[~inside].ravel(), told[~inside].ravel(), labels[~inside].ravel()
            )
            sums = offset + signals * odds[inside] + weight * told[inside]
            gains[inside] += sign * log_likelihoods(sums, labels[inside]).sum(axis=1)
    offset, signals, weight = fit_model_weight(odds.ravel(), judged.ravel(), labels.ravel())
    if certainty(gains) <= SURE:
        offset, signals, weight = 0.0, 1.0, 0.0
    return ModelWeight(model=model, kind=kind, offset=offset, signals=signals, weight=weight, lists=count)

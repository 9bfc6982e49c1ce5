"""Judging candidates: one decision per candidate over a shared state; the same for chat and for whole lists offline.

Source: MLLM-MSR (Ye et al., AAAI-25, arXiv 2408.09698): p(yes) / (p(yes) + p(no)) from a preference summary and a
candidate. The latest raw events travel beside the summary: independent re-runs show that the summary alone loses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import prompts
from agents.context import TurnContext
from agents.preference_memory import event_lines
from agents.ranking import blended
from agents.recurrence import fact_lines
from agents.state import Candidate
from agents.wording import MAX_WORDS, cut, one_line
from memory.interactions import Interaction
from memory.preferences import Preference
from models.decisions import DecisionRequest, Decisions, Predicate

STATE_PROMPT, QUESTION_PROMPT = "recommender_state", "recommender_question"


async def judge(
    item_ids: Sequence[str], preference: Preference, recent: Sequence[Interaction], wish: str, context: TurnContext
) -> Decisions:
    """p(yes) for every item, in order. recent: the latest interactions, oldest first. Raises ModelError."""
    request = DecisionRequest(shared_state(preference, recent, wish, context), candidate_questions(item_ids, context))
    return await context.ask.decide("recommender", prompts.load(STATE_PROMPT).label, request)


def shared_state(preference: Preference, recent: Sequence[Interaction], wish: str, context: TurnContext) -> str:
    """What all candidates of one decision are judged against, in the words of its prompt."""
    return prompts.load(STATE_PROMPT).render(
        prose=cut(preference.prose, words=MAX_WORDS["prose"]),
        facts=fact_lines(preference),
        recent=event_lines(context, recent),
        wish=one_line(wish, words=MAX_WORDS["wish"]),
    )


def candidate_questions(item_ids: Sequence[str], context: TurnContext) -> list[Predicate]:
    """One yes/no question per item, in words, with its picture, or both, as the profile's `candidate_view` says."""
    views, view = context.views(tuple(item_ids)), context.recommend.candidate_view
    questions = []
    for item_id in item_ids:
        item = context.catalogue[item_id]
        words = views[item_id] if view != "picture" or item.picture is None else ""
        picture = item.picture if view != "summary" else None
        questions.append(Predicate(_question(item.title, words), picture=picture))
    return questions


@lru_cache(maxsize=20_000)
def _question(title: str, words: str) -> str:
    return prompts.load(QUESTION_PROMPT).render(
        title=one_line(title, words=MAX_WORDS["title"]), summary=one_line(words, words=MAX_WORDS["summary"])
    )


async def rank_candidates(
    user_id: str, history: Sequence[str], item_ids: Sequence[str], context: TurnContext
) -> list[float]:
    """The blend's score of every item, in order; higher is better. history: liked items, oldest first.

    Any user, known or not: what memory holds of them counts, and the history given stands for their latest events. A
    model is asked only where its answer counts: not where a fitted blend gives it no weight.
    Raises ModelError, and KeyError for an item that is not in the catalogue.
    """
    candidates = gathered(history, item_ids, context)
    weighed = bool(candidates) and candidates[0].weighed is not None
    if not weighed or (context.blend is not None and context.blend.asks_a_model):
        preference = context.taste(user_id)
        decisions = await judge(item_ids, preference, as_likes(user_id, history, context), "", context)
        candidates = [
            replace(candidate, p_yes=answer.p_yes, model=decisions.model, kind=answer.kind)
            for candidate, answer in zip(candidates, decisions.answers, strict=True)
        ]
    ranked = blended(candidates, context.recommend.weights.model_dump(), blend=context.blend)
    scores = {one.item_id: one.blend for one in ranked}
    return [scores[item_id] for item_id in item_ids]


def as_likes(user_id: str, history: Sequence[str], context: TurnContext) -> list[Interaction]:
    """The last of these items as events of liking, as many as a decision is shown; oldest first."""
    latest = history[-context.memory.recent :] if context.memory.recent else []
    name, now = context.catalogue.name, context.now()
    return [Interaction(user_id=user_id, catalogue=name, kind="like", item_id=one, at=now) for one in latest]


def gathered(history: Sequence[str], item_ids: Sequence[str], context: TurnContext) -> list[Candidate]:
    """The items, in order, with what is known of each for someone who likes this. history: oldest first.

    Raises KeyError for an item that is not in the catalogue.
    """
    for item_id in item_ids:
        context.catalogue[item_id]
    together = context.collaborative.score(history, item_ids)
    popular = context.collaborative.popularities(item_ids)
    weighed = context.fitted.weigh(history, item_ids) if context.fitted is not None else None
    return [
        Candidate(
            item_id,
            cooccurrence=float(together[row]),
            popularity=float(popular[row]),
            weighed=weighed.told(row) if weighed is not None else None,
        )
        for row, item_id in enumerate(item_ids)
    ]

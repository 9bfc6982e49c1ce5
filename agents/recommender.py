"""The recommender: from the whole catalogue to a slate, one counted step after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from langgraph.runtime import Runtime

from agents.context import TurnContext
from agents.critiques import cited, effect_of_bounds, effect_of_qualities, leads, leaning
from agents.events import Progress, SlateReady
from agents.evidence import cite, known_words, likeness, neighbours, relaxations, shares_met, short_of
from agents.judging import judge
from agents.narrowing import Unscored
from agents.ordering import cited_order, earliness, in_order, order_of
from agents.ranking import best_of_each, blend_parts, blended, diverse
from agents.state import Candidate, FunnelStep, SlateItem, TurnState, TurnUpdate
from catalog.filters import Filter, passes
from catalog.items import Catalogue
from memory.errors import EmbedderFailed
from memory.interactions import Interaction, InteractionKind
from memory.preferences import Preference
from models.errors import ModelError
from tracing.events import DecisionRow

JUDGED: tuple[InteractionKind, ...] = ("like", "dislike", "rating", "purchase")
USUAL = 40  # items of the catalogue that tell what is nothing special
HISTORY_READ = 200  # latest interactions that the collaborative signals read


def apply_filters(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Keep what meets every hard filter and is not to be shown again; where nothing does, say what would help."""
    context = runtime.context
    runtime.stream_writer(Progress("recommend", "searching the catalogue"))
    preference = context.taste(state.user_id)
    filters = (*state.filters, *lasting_filters(preference, context))
    bounds = state.conditions[len(state.filters) :]
    catalogue, left = context.catalogue, np.ones(len(context.catalogue), dtype=np.bool_)
    for condition in filters:
        left &= catalogue.meeting(condition)
    met = int(left.sum())
    for condition in bounds:
        left &= catalogue.meeting(condition)
    within = int(left.sum())
    hidden = _not_again(state, context)
    left[[catalogue.row_of[item_id] for item_id in hidden if item_id in catalogue]] = False
    candidates = Unscored(catalogue, np.flatnonzero(left))
    rule = " and ".join(str(condition) for condition in filters) or "none asked for"
    funnel = (
        FunnelStep("catalogue", len(catalogue)),
        FunnelStep("filters", met, rule),
        *((FunnelStep("critiques", within, " and ".join(bound.said for bound in bounds)),) if bounds else ()),
        FunnelStep("not again", len(candidates), "leaves out what was shown here, disliked or already owned"),
    )
    return {
        "funnel": funnel,
        "candidates": candidates,
        "relaxations": () if candidates else relaxations((*filters, *bounds), catalogue, hidden=hidden),
        "effects": (*state.effects, *effect_of_bounds(state, catalogue, left=within)),
    }


def retrieve(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Gather the candidates that any source brings up, and what each source thinks of all of them.

    Sources: nearness in meaning to the wish and to the taste; co-occurrence with what was liked; popularity; and where
    a blend was fitted, the company that items keep, guessed for those that nobody has liked yet.
    """
    context, limit = runtime.context, runtime.context.recommend.retrieve
    catalogue, candidates = context.catalogue, Unscored.among(context.catalogue, state.candidates)
    problems, left = state.problems, candidates.rows
    try:
        semantic = _semantic(state, context, limit)
    except EmbedderFailed as error:
        semantic, problems = {}, (*problems, f"Nothing was searched by meaning: {error}.")
    history = _liked(context.recent(state.user_id, HISTORY_READ))
    near = _spread(semantic, catalogue)[left]
    together = context.collaborative.score(history, catalogue.item_ids)[left]
    popular = context.collaborative.popularities(catalogue.item_ids)[left]
    sources = [near, together, popular]
    rule = "nearest in meaning, kept together with what you liked, most kept by all"
    if context.fitted is not None and history:
        sources.append(context.fitted.nearness(history, catalogue.item_ids)[left])
        rule += ", in the company of what you liked"
    if order := order_of(state.critiques):
        sources.append(np.array(earliness(order, [catalogue[item_id] for item_id in candidates.item_ids])))
        rule += ", first by the order asked for"
    rows = best_of_each(sources, limit)
    chosen = [catalogue.item_ids[row] for row in candidates.rows[rows].tolist()]
    weighed = context.fitted.weigh(history[::-1], chosen) if context.fitted is not None else None
    told = context.views(tuple(chosen)) if state.wishes or any(one.quality for one in state.critiques) else {}
    asked = _shares_asked(state, chosen, told, catalogue)
    leanings = [leaning(told.get(item_id, ""), state.critiques) for item_id in chosen]
    kept = tuple(
        Candidate(
            chosen[place],
            semantic=float(near[row]),
            asked=asked[place],
            cooccurrence=float(together[row]),
            popularity=float(popular[row]),
            leaning=leanings[place],
            weighed=weighed.told(place) if weighed is not None else None,
        )
        for place, row in enumerate(rows)
    )
    funnel = (*state.funnel, FunnelStep("retrieved", len(kept), rule))
    effects = (*state.effects, *effect_of_qualities(state, leanings))
    return {"candidates": kept, "funnel": funnel, "problems": problems, "effects": effects}


def pre_rank(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Keep the few that are worth a model's judgement, by all signals but the model's."""
    context = runtime.context
    kept = tuple(_blended(state, context, keep=context.recommend.decide))
    return {"candidates": kept, "funnel": (*state.funnel, FunnelStep("pre-ranked", len(kept), "by the cheap signals"))}


async def decide(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Ask p(yes) of every candidate. A model that fails leaves the order of the other signals, and says so."""
    context = runtime.context
    if not state.candidates:
        return {}
    runtime.stream_writer(Progress("recommend", f"judging {len(state.candidates)} candidates"))
    preference = context.taste(state.user_id)
    recent = context.recent(state.user_id, context.memory.recent)[::-1]
    item_ids = [candidate.item_id for candidate in state.candidates]
    try:
        decisions = await judge(item_ids, preference, recent, _wish(state), context)
    except ModelError as error:
        return {
            "problems": (*state.problems, f"No model judged these; they are ordered by the other signals: {error}.")
        }
    judged = tuple(
        replace(candidate, p_yes=answer.p_yes, mass=answer.mass, model=decisions.model, kind=answer.kind)
        for candidate, answer in zip(state.candidates, decisions.answers, strict=True)
    )
    rule = f"p(yes) by {decisions.model}, {decisions.kind}"
    return {"candidates": judged, "funnel": (*state.funnel, FunnelStep("decided", len(judged), rule))}


def blend(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Order the candidates by the sum of all signals: as fitted where a blend was fitted, else by declared weights."""
    return {"candidates": tuple(_blended(state, runtime.context))}


def diversify(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Choose the slate: good ones that differ from one another; every one is checked against the filters again."""
    context, settings = runtime.context, runtime.context.recommend
    views = context.views(tuple(candidate.item_id for candidate in state.candidates))
    wanted = state.count or settings.slate
    order = order_of(state.critiques)
    chosen = (
        list(state.candidates[:wanted])
        if order
        else diverse(state.candidates, views, balance=settings.diversity, k=wanted)
    )
    preference = context.taste(state.user_id)
    filters = (*state.conditions, *lasting_filters(preference, context))
    chosen = [one for one in chosen if passes(context.catalogue[one.item_id], filters)]
    usual = context.some_views(USUAL) if state.upload_summary else []
    slate = tuple(_card(candidate, state, context, preference, views, usual) for candidate in chosen)
    shown = tuple(card.item_id for card in slate)
    _record(state, shown, context)
    runtime.stream_writer(SlateReady(slate))
    return {
        "slate": slate,
        "funnel": (*state.funnel, FunnelStep("slate", len(slate), "the best that differ")),
        "shown": tuple(dict.fromkeys([*state.shown, *shown])),
        "last_slate": shown or state.last_slate,
        "effects": (*state.effects, *short_of([one.asked for one in chosen])),
    }


def lasting_filters(preference: Preference, context: TurnContext) -> tuple[Filter, ...]:
    """The must and must-not facts that name an attribute of the catalogue, as hard filters."""
    kinds = {spec.name.casefold(): spec for spec in context.catalogue.schema}
    filters = []
    for fact in preference.holding:
        spec = kinds.get(fact.aspect.casefold())
        if spec is None or spec.kind not in ("list", "text") or not fact.polarity.startswith("must"):
            continue
        filters.append(
            Filter(attribute=spec.name, op="has_not" if fact.polarity == "must_not" else "has", value=fact.value)
        )
    return tuple(filters)


def _not_again(state: TurnState, context: TurnContext) -> set[str]:
    """What the thread has shown, what the user judged or bought before, and for something new what they viewed."""
    kinds: tuple[InteractionKind, ...] = ("view", *JUDGED) if state.fresh_only else JUDGED
    return context.log.item_ids(state.user_id, context.catalogue.name, kinds) | set(state.shown)


def _wish(state: TurnState) -> str:
    """What is asked for now: the soft wishes, and what the sent picture shows."""
    return "; ".join([*state.wishes, *([state.upload_summary] if state.upload_summary else [])])


def _semantic(state: TurnState, context: TurnContext, limit: int) -> dict[str, float]:
    """Cosine to the wish, else to the taste; where both are known the wish counts double.

    Where something was shown, likeness to it is asked for and the taste does not count here.
    """
    queries = {_wish(state): 1.0, leads(state.critiques): 1.0} | (
        {} if state.upload_summary else {context.taste(state.user_id).prose: 0.5}
    )
    context.prepare(list(queries))
    scores: dict[str, float] = {}
    for query, weight in queries.items():
        if query:
            for item_id, similarity in context.items.nearest(context.catalogue.name, query, limit=limit):
                scores[item_id] = scores.get(item_id, 0.0) + weight * similarity
    return scores


def _shares_asked(
    state: TurnState, item_ids: Sequence[str], told: Mapping[str, str], catalogue: Catalogue
) -> Sequence[float]:
    """How much each item is known to have of what is wished for in words. told: item id → its view."""
    if not state.wishes:
        return [0.0] * len(item_ids)
    return shares_met([known_words(catalogue[item_id], told[item_id]) for item_id in item_ids], state.wishes)


def _spread(scores: Mapping[str, float], catalogue: Catalogue) -> npt.NDArray[np.float64]:
    """(n,) the score of every item of a catalogue, 0 for those without one."""
    spread = np.zeros(len(catalogue))
    known = {item_id: score for item_id, score in scores.items() if item_id in catalogue}
    spread[[catalogue.row_of[item_id] for item_id in known]] = list(known.values())
    return spread


def _liked(events: Sequence[Interaction]) -> list[str]:
    return list(dict.fromkeys(event.item_id for event in events if event.item_id and event.liking > 0))


def _card(
    candidate: Candidate,
    state: TurnState,
    context: TurnContext,
    preference: Preference,
    views: Mapping[str, str],
    usual: Sequence[str],
) -> SlateItem:
    item = context.catalogue[candidate.item_id]
    liked = _liked(context.recent(state.user_id, HISTORY_READ))
    shown = likeness(views[item.item_id], state.upload_summary, usual) if state.upload_summary else ()
    along = (
        *cited_order(item, order_of(state.critiques), context.catalogue),
        *cited(views[item.item_id], state.critiques),
    )
    citations = (*shown, *along, *cite(item, views[item.item_id], preference, state.wishes, state.conditions))
    return SlateItem(
        item_id=item.item_id,
        title=item.title,
        p=candidate.p_yes,
        kind=candidate.kind or "none",
        citations=(*citations, *neighbours(item, liked, context.catalogue, context.collaborative)),
    )


def _blended(state: TurnState, context: TurnContext, *, keep: int | None = None) -> list[Candidate]:
    weights, wished = _weights(state, context), bool(_wish(state))
    order = order_of(state.critiques)
    best = blended(state.candidates, weights, blend=context.blend, wished=wished, keep=None if order else keep)
    return in_order(best, order, context.catalogue)[:keep] if order else best


def _weights(state: TurnState, context: TurnContext) -> dict[str, float]:
    """The declared weights; where something is asked for now, nearness in meaning is likeness to that."""
    weights = context.recommend.weights.model_dump()
    likeness = weights.pop("likeness")
    return weights | ({"semantic": likeness} if _wish(state) else {})


def _record(state: TurnState, shown: Sequence[str], context: TurnContext) -> None:
    weights, wished = _weights(state, context), bool(_wish(state))
    told = blend_parts(state.candidates, weights, blend=context.blend, wished=wished)
    for one, parts in zip(state.candidates, told, strict=True):
        context.recorder.record(
            DecisionRow(
                item_id=one.item_id,
                p_yes=one.p_yes,
                mass=one.mass,
                kind=one.kind or "none",
                parts=parts,
                blend=one.blend,
                place=shown.index(one.item_id) + 1 if one.item_id in shown else None,
            )
        )

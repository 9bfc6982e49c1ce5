"""Folds by a rule, for people whose events nobody has folded yet.

The rule is that of the lessons (`training.teacher`): a value that a block speaks for is liked, one it speaks against is
disliked. Values are those the catalogue gives an item and the prompt names, else telling words of what is said of it. A
fold that the product would change, in its edits or its prose, is no example.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.context import TurnContext
from agents.evidence import mentions
from agents.folding import Fold
from agents.preference_memory import event_lines, fold_prompt
from agents.recurrence import FACTS_SHOWN, next_version
from catalog.items import Item
from memory.interactions import Interaction
from memory.preferences import Preference
from training.finetune.examples import Written, fold_answer
from training.finetune.messages import wish_phrases
from training.teacher import TaughtEvent, prose_of, teach_edits

THEME, THEMES = "theme", 2  # what stands for an aspect where the catalogue names none, and how many an item has
LONGEST_VALUE = 4  # words


def taught_folds(user_id: str, log: Sequence[Interaction], context: TurnContext) -> Iterator[Written]:
    """Every full block of the latest events, folded into the taste as the blocks before it left it.

    log: events of one user that training may read, in the order they were accepted. Wishes end it: what they say is for
    a model to read.
    """
    size = context.memory.block_size
    events = list(log)[-size * context.memory.catch_up_blocks :]
    preference = Preference(user_id=user_id)
    for start in range(0, len(events) - size + 1, size):
        block = events[start : start + size]
        if any(not event.item_id for event in block):
            return
        lines = event_lines(context, block)
        fold, after = _fold(block, lines, preference, context)
        if after.prose == fold.prose and [edit.polarity for edit in after.edits] == [
            one.polarity for one in fold.edits
        ]:
            prompt = fold_prompt(context, preference, lines).text
            yield Written("preference_memory", prompt, None, fold_answer(fold.edits, fold.prose))
        preference = after


def values_of(item: Item, line: str, view: str, context: TurnContext) -> tuple[tuple[str, str], ...]:
    """(aspect, value) of what the line says of an item, as far as the catalogue can tell; in the schema's order."""
    found = []
    for spec in context.catalogue.schema:
        value = item.attributes.get(spec.name)
        words = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
        found += [
            (spec.label or spec.name, word)
            for word in words
            if len(word.split()) <= LONGEST_VALUE and mentions(line, word)
        ]
    return tuple(found or [(THEME, phrase) for phrase in wish_phrases(item, view)[:THEMES]])


def _fold(
    block: Sequence[Interaction], lines: Sequence[str], preference: Preference, context: TurnContext
) -> tuple[Fold, Preference]:
    """What the rule answers, and the preference that the product makes of it."""
    views = context.views(tuple(event.item_id for event in block))
    taught = []
    for event, line in zip(block, lines, strict=True):
        item = context.catalogue[event.item_id]
        values = values_of(item, line, views[event.item_id], context)
        taught.append(TaughtEvent(event.kind, title=item.title, rating=event.value, values=values))
    held = preference.holding[:FACTS_SHOWN]
    edits = teach_edits(held, taught)
    answer = Fold(edits=edits, prose=prose_of(held, edits))
    read = dict(zip([event.event_id for event in block], lines, strict=True))
    made = next_version(preference, answer, read, words=context.memory.words, now=block[-1].at, shown=context.shown)
    return answer, made.preference

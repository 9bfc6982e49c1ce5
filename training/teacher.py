"""The teacher of the memory role: what a fold should answer, by a plain rule, and the prose it leaves.

The rule sees what the model sees: the facts that hold and one block of events. A value that the block speaks for, all
likes less all dislikes, is added as a fact or strengthened; one it speaks against is disliked, or weakens what was
liked. A slight fact that is contradicted is retracted. What someone asks for counts at once. What becomes of such an
answer, and how strong a fact then is, is the product's to say: `training.world.FoldStep.after`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.folding import FoldEdit
from agents.strength import liking_of
from agents.weighing import is_liking
from agents.wording import event_line, strength_word
from memory.preferences import Fact

EDITS_MADE, PROSE_VALUES = 16, 6
NOTHING_KNOWN = "Their taste is still open."
_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}


@dataclass(frozen=True)
class TaughtEvent:
    """An event with the values that its summary, or its wish, names.

    values: (aspect, value) in the order they are named. avoided: those that a wish turns away from.
    """

    kind: str
    title: str = ""
    summary: str = ""
    text: str = ""
    rating: float | None = None
    values: tuple[tuple[str, str], ...] = ()
    avoided: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """As prompts show it."""
        return event_line(self.kind, title=self.title, summary=self.summary, text=self.text, value=self.rating)


@dataclass(frozen=True)
class _Ground:
    """What a block says of one value: event numbers for and against, and those of wishes."""

    aspect: str
    value: str
    for_it: tuple[int, ...] = ()
    against: tuple[int, ...] = ()
    wishes: tuple[int, ...] = ()

    @property
    def net(self) -> int:
        return len(self.for_it) - len(self.against)


def grounds(events: Sequence[TaughtEvent]) -> list[_Ground]:
    """What the block says of each value, in the order the values are last named."""
    found: dict[tuple[str, str], _Ground] = {}
    for number, event in enumerate(events, start=1):
        for key in (*event.values, *event.avoided):
            ground = found.pop(key, _Ground(*key))
            wish = event.kind == "wish"
            sign = (1 if key in event.values else -1) if wish else liking_of(event.line)
            if sign > 0:
                ground = replace(ground, for_it=(*ground.for_it, number))
            elif sign < 0:
                ground = replace(ground, against=(*ground.against, number))
            found[key] = replace(ground, wishes=(*ground.wishes, number)) if wish else ground
    return list(found.values())


def teach_edits(facts: Sequence[Fact], events: Sequence[TaughtEvent]) -> tuple[FoldEdit, ...]:
    """The edits of one fold in the order the block last names their values, the first EDITS_MADE."""
    held = {(fact.aspect, fact.value): fact for fact in facts}
    made = [_edit_for(ground, held.get((ground.aspect, ground.value))) for ground in grounds(events) if ground.net]
    return tuple(made[:EDITS_MADE])


def _edit_for(ground: _Ground, fact: Fact | None) -> FoldEdit:
    wanted = ground.net > 0
    evidence, polarity = (ground.for_it, "like") if wanted else (ground.against, "dislike")
    asked = bool(set(evidence) & set(ground.wishes))
    if asked:
        reason = "asked for it" if wanted else "asked to avoid it"
    else:
        reason = f"{polarity}d {_TIMES.get(len(evidence), 'often')}"
    if fact is None or (asked and wanted != is_liking(fact)):  # what is said turns an opposite fact round
        op = "add"
    elif wanted == is_liking(fact):
        op, polarity = "strengthen", fact.polarity
    else:
        op, polarity = "retract" if strength_word(fact.strength) == "slight" else "weaken", fact.polarity
    told = {"aspect": ground.aspect, "value": ground.value, "evidence": evidence}
    return FoldEdit.model_validate({**told, "op": op, "polarity": polarity, "reason": reason})


def listed(values: Sequence[str]) -> str:
    """`fox, owl and calm`."""
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"


def prose_of(facts: Sequence[Fact], edits: Sequence[FoldEdit] = ()) -> str:
    """The whole taste in a few sentences: what is sure and holds on, what is new, what they avoid; never empty.

    facts: those that held before the edits, in the order of the prompt. Slight ones are told only while nothing better
    is known.
    """
    gone = {(edit.aspect, edit.value) for edit in edits if edit.op in ("retract", "add")}
    lasting = [fact for fact in facts if (fact.aspect, fact.value) not in gone]
    sure = [fact for fact in lasting if strength_word(fact.strength) != "slight"]
    new = [edit for edit in edits if edit.op == "add" and (len(edit.evidence) > 1 or edit.reason.startswith("asked"))]
    sentences = []
    for polarity, words in (("like", "They like"), ("must", "They insist on")):
        if values := [fact.value for fact in sure if fact.polarity == polarity][:PROSE_VALUES]:
            sentences.append(f"{words} {listed(values)}.")
    if values := [edit.value for edit in new if edit.polarity == "like"][:PROSE_VALUES]:
        sentences.append(f"Lately they lean towards {listed(values)}.")
    if not sentences:
        slight = [fact.value for fact in lasting if is_liking(fact)]
        added = [edit.value for edit in edits if edit.op == "add" and edit.polarity == "like"]
        if values := [*slight, *added][:3]:
            sentences.append(f"They may like {listed(values)}.")
    avoided = [fact.value for fact in sure if fact.polarity == "dislike"]
    if values := [*avoided, *(edit.value for edit in new if edit.polarity == "dislike")][:PROSE_VALUES]:
        sentences.append(f"They avoid {listed(values)}.")
    if values := [fact.value for fact in sure if fact.polarity == "must_not"]:
        sentences.append(f"They rule out {listed(values)}.")
    return " ".join(sentences) or NOTHING_KNOWN

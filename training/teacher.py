"""The teacher of the memory role: what a fold should change, by a plain rule, and the prose it leaves.

The rule sees what the model sees: the facts that hold and one block of events. A value that the block speaks for, all
likes less all dislikes, is added as a fact or strengthened; one it speaks against is disliked, or weakens what was
liked. A slight fact that is contradicted is retracted. What someone asks for counts at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.wording import event_line, strength_word

ADD, WISH, STRENGTHEN, WEAKEN = 0.3, 0.6, 0.15, 0.2  # as the shipped model was taught; `agents.strength` counts instead
FACTS_HELD, EDITS_MADE, PROSE_VALUES = 24, 12, 6
NOTHING_KNOWN = "Their taste is still open."
_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}


@dataclass(frozen=True)
class TaughtFact:
    """A fact as the teacher holds it; strength in [0, 1]."""

    polarity: str
    aspect: str
    value: str
    strength: float

    @property
    def liked(self) -> bool:
        """Whether it speaks for the value."""
        return self.polarity in ("like", "must")

    @property
    def line(self) -> str:
        """As prompts show it; the same words as `agents.wording.fact_line`."""
        return f"{self.polarity.replace('_', ' ')} {self.aspect}: {self.value} ({strength_word(self.strength)})"


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

    @property
    def liking(self) -> int:
        """+1, 0 or -1, as `memory.interactions.Interaction.liking`."""
        if self.kind == "rating" and self.rating is not None:
            return 1 if self.rating >= 4 else -1 if self.rating <= 2 else 0
        return {"like": 1, "purchase": 1, "dislike": -1}.get(self.kind, 0)


@dataclass(frozen=True)
class TaughtEdit:
    """One edit of a fold. evidence: event numbers from 1."""

    op: str
    polarity: str
    aspect: str
    value: str
    reason: str
    evidence: tuple[int, ...]


@dataclass(frozen=True)
class _Ground:
    """What a block says of one value: event numbers for and against, and whether it was said in words."""

    aspect: str
    value: str
    for_it: tuple[int, ...]
    against: tuple[int, ...]
    asked: bool = False

    @property
    def net(self) -> int:
        return len(self.for_it) - len(self.against)


def grounds(events: Sequence[TaughtEvent]) -> list[_Ground]:
    """What the block says of each value, in the order the values are last named."""
    found: dict[tuple[str, str], _Ground] = {}
    for number, event in enumerate(events, start=1):
        for key in (*event.values, *event.avoided):
            ground = found.pop(key, _Ground(*key, (), ()))
            sign = (1 if key in event.values else -1) if event.kind == "wish" else event.liking
            if sign > 0:
                ground = replace(ground, for_it=(*ground.for_it, number))
            elif sign < 0:
                ground = replace(ground, against=(*ground.against, number))
            found[key] = replace(ground, asked=ground.asked or event.kind == "wish")
    return list(found.values())


def teach_edits(facts: Sequence[TaughtFact], events: Sequence[TaughtEvent]) -> list[TaughtEdit]:
    """The edits of one fold in the order the block last names their values, the first EDITS_MADE."""
    held = {(fact.aspect, fact.value): fact for fact in facts}
    made = [_edit_for(ground, held.get((ground.aspect, ground.value))) for ground in grounds(events) if ground.net]
    return made[:EDITS_MADE]


def _edit_for(ground: _Ground, fact: TaughtFact | None) -> TaughtEdit:
    wanted = ground.net > 0
    evidence, polarity = (ground.for_it, "like") if wanted else (ground.against, "dislike")
    if ground.asked:
        reason = "asked for it" if wanted else "asked to avoid it"
    else:
        reason = f"{polarity}d {_TIMES.get(len(evidence), 'often')}"
    if fact is None or (ground.asked and wanted != fact.liked):  # what someone says turns an opposite fact round
        op = "add"
    elif wanted == fact.liked:
        op, polarity = "strengthen", fact.polarity
    else:
        op, polarity = "retract" if strength_word(fact.strength) == "slight" else "weaken", fact.polarity
    return TaughtEdit(op, polarity, ground.aspect, ground.value, reason, evidence)


def apply_taught(facts: Sequence[TaughtFact], edits: Sequence[TaughtEdit]) -> list[TaughtFact]:
    """The facts after the edits, strongest first; at most FACTS_HELD, the weakest dropped."""
    held = {(fact.aspect, fact.value): fact for fact in facts}
    for edit in edits:
        key, times = (edit.aspect, edit.value), max(1, len(edit.evidence))
        if edit.op == "add":  # an opposite fact is replaced
            strength = WISH if edit.reason.startswith("asked") else ADD + STRENGTHEN * (times - 1)
            held[key] = TaughtFact(edit.polarity, edit.aspect, edit.value, round(min(1.0, strength), 2))
        elif edit.op == "retract":
            del held[key]
        else:
            change = times * (STRENGTHEN if edit.op == "strengthen" else -WEAKEN)
            held[key] = replace(held[key], strength=round(min(1.0, max(0.05, held[key].strength + change)), 2))
    return sorted(held.values(), key=lambda fact: (-fact.strength, f"{fact.aspect}:{fact.value}"))[:FACTS_HELD]


def listed(values: Sequence[str]) -> str:
    """`fox, owl and calm`."""
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"


def prose_of(facts: Sequence[TaughtFact], edits: Sequence[TaughtEdit] = ()) -> str:
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
        slight = [fact.value for fact in lasting if fact.liked]
        added = [edit.value for edit in edits if edit.op == "add" and edit.polarity == "like"]
        if values := [*slight, *added][:3]:
            sentences.append(f"They may like {listed(values)}.")
    avoided = [fact.value for fact in sure if fact.polarity == "dislike"]
    if values := [*avoided, *(edit.value for edit in new if edit.polarity == "dislike")][:PROSE_VALUES]:
        sentences.append(f"They avoid {listed(values)}.")
    if values := [fact.value for fact in sure if fact.polarity == "must_not"]:
        sentences.append(f"They rule out {listed(values)}.")
    return " ".join(sentences) or NOTHING_KNOWN


def fold_json(edits: Sequence[TaughtEdit], prose: str) -> str:
    """The answer to a fold, as the model is to write it: JSON without spaces between its parts."""
    answer = {
        "edits": [
            {
                "value": edit.value,
                "aspect": edit.aspect,
                "evidence": list(edit.evidence),
                "op": edit.op,
                "polarity": edit.polarity,
                "reason": edit.reason,
            }
            for edit in edits
        ],
        "prose": prose,
    }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))

"""The teacher of the memory role: what a fold should change, by a plain rule, and the prose it leaves.

The rule sees what the model sees: the facts that hold and one block of events. Values liked twice in the block (net of
dislikes) or asked for are added; facts met again are strengthened; facts met twice the other way are weakened, or
retracted while they are slight.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.wording import event_line, strength_word

ADD, WISH, STRENGTHEN, WEAKEN = 0.45, 0.6, 0.15, 0.2
FACTS_HELD, EDITS_MADE, PROSE_VALUES = 10, 4, 8
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
        return (len(self.for_it) - len(self.against)) * (2 if self.asked else 1)


def grounds(events: Sequence[TaughtEvent]) -> list[_Ground]:
    """What the block says of each value, in the order the values first appear."""
    found: dict[tuple[str, str], _Ground] = {}
    for number, event in enumerate(events, start=1):
        for key in (*event.values, *event.avoided):
            ground = found.setdefault(key, _Ground(*key, (), ()))
            sign = (1 if key in event.values else -1) if event.kind == "wish" else event.liking
            if sign > 0:
                ground = replace(ground, for_it=(*ground.for_it, number))
            elif sign < 0:
                ground = replace(ground, against=(*ground.against, number))
            found[key] = replace(ground, asked=ground.asked or event.kind == "wish")
    return list(found.values())


def teach_edits(facts: Sequence[TaughtFact], events: Sequence[TaughtEvent]) -> list[TaughtEdit]:
    """The edits of one fold, at most EDITS_MADE: new facts first, then contradicted ones, then those met again."""
    held = {(fact.aspect, fact.value): fact for fact in facts}
    added, turned, again = list[TaughtEdit](), list[TaughtEdit](), list[TaughtEdit]()
    for ground in grounds(events):
        fact = held.get((ground.aspect, ground.value))
        edit = _edit_for(ground, fact)
        if edit is not None:
            (again if edit.op == "strengthen" else added if edit.op == "add" else turned).append(edit)
    return [*added, *turned, *again][:EDITS_MADE]


def _edit_for(ground: _Ground, fact: TaughtFact | None) -> TaughtEdit | None:
    net = ground.net
    evidence = ground.for_it if net > 0 else ground.against
    if net == 0:
        return None
    if fact is None:
        if abs(net) < 2:
            return None
        polarity, op = ("like" if net > 0 else "dislike"), "add"
        reason = ("asked for it" if net > 0 else "asked to avoid it") if ground.asked else _counted(polarity, evidence)
    elif (net > 0) == (fact.polarity in ("like", "must")):
        polarity, op = fact.polarity, "strengthen"
        reason = "asked for it" if ground.asked and net > 0 else "liked again" if net > 0 else "disliked again"
    elif ground.asked:  # what someone says outweighs what was inferred: the opposite fact takes its place
        polarity, op = ("like" if net > 0 else "dislike"), "add"
        reason = "asked for it" if net > 0 else "asked to avoid it"
    elif abs(net) >= 2:
        polarity = fact.polarity
        op = "retract" if strength_word(fact.strength) == "slight" else "weaken"
        reason = _counted("like" if net > 0 else "dislike", evidence)
    else:
        return None
    return TaughtEdit(op, polarity, ground.aspect, ground.value, reason, evidence)


def _counted(polarity: str, evidence: Sequence[int]) -> str:
    return f"{polarity}d {_TIMES.get(len(evidence), 'often')}"


def apply_taught(facts: Sequence[TaughtFact], edits: Sequence[TaughtEdit]) -> list[TaughtFact]:
    """The facts after the edits, strongest first; at most FACTS_HELD, the weakest dropped."""
    held = {(fact.aspect, fact.value): fact for fact in facts}
    for edit in edits:
        key = (edit.aspect, edit.value)
        if edit.op == "add":  # an opposite fact is replaced
            strength = WISH if edit.reason.startswith("asked") else ADD
            held[key] = TaughtFact(edit.polarity, edit.aspect, edit.value, strength)
        elif edit.op == "retract":
            del held[key]
        else:
            change = STRENGTHEN if edit.op == "strengthen" else -WEAKEN
            held[key] = replace(held[key], strength=round(min(1.0, max(0.05, held[key].strength + change)), 2))
    return sorted(held.values(), key=lambda fact: (-fact.strength, f"{fact.aspect}:{fact.value}"))[:FACTS_HELD]


def listed(values: Sequence[str]) -> str:
    """`fox, owl and calm`."""
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"


def prose_of(facts: Sequence[TaughtFact], edits: Sequence[TaughtEdit] = ()) -> str:
    """The whole taste in a few sentences: what holds on, what is new, what they avoid; never empty.

    facts: those that held before the edits, in the order of the prompt.
    """
    gone = {(edit.aspect, edit.value) for edit in edits if edit.op in ("retract", "add")}
    lasting = [fact for fact in facts if (fact.aspect, fact.value) not in gone]
    new = [edit for edit in edits if edit.op == "add"]
    sentences = []
    for polarity, words in (("like", "They like"), ("must", "They insist on")):
        if values := [fact.value for fact in lasting if fact.polarity == polarity][:PROSE_VALUES]:
            sentences.append(f"{words} {listed(values)}.")
    if values := [edit.value for edit in new if edit.polarity == "like"]:
        sentences.append(f"Lately they lean towards {listed(values)}.")
    avoided = [fact.value for fact in lasting if fact.polarity == "dislike"]
    if values := [*avoided, *(edit.value for edit in new if edit.polarity == "dislike")][:PROSE_VALUES]:
        sentences.append(f"They avoid {listed(values)}.")
    if values := [fact.value for fact in lasting if fact.polarity == "must_not"]:
        sentences.append(f"They rule out {listed(values)}.")
    return " ".join(sentences) or NOTHING_KNOWN


def fold_json(edits: Sequence[TaughtEdit], prose: str) -> str:
    """The answer to a fold, as the model is to write it: JSON without spaces between its parts."""
    answer = {
        "edits": [
            {
                "op": edit.op,
                "polarity": edit.polarity,
                "aspect": edit.aspect,
                "value": edit.value,
                "reason": edit.reason,
                "evidence": list(edit.evidence),
            }
            for edit in edits
        ],
        "prose": prose,
    }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))

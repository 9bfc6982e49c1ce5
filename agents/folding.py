"""The recurrence itself, free of any model: what a fold's answer may say, and how it changes a preference.

Source: MLLM-MSR, section "Recurrent user preference inference" (Ye et al., AAAI-25, arXiv 2408.09698): the history is
summarised block by block, each step reading the summary before it. Typed facts beside the prose, with the
evidence they rest on, are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from agents.evidence import mentions
from agents.parsing.negation import praised, turned_away
from agents.parsing.tokens import stem
from agents.strength import CLEAR, USUAL_SHARE
from agents.weighing import Scale, weighed
from agents.wording import one_line
from memory.preferences import Edit, Fact, Polarity, Preference, fact_id_of

PLAIN_VALUES = 4  # of one kind, in a prose made without a model
REASON_CHARACTERS = 80
_UNTELLING = frozenset(
    """they them their the and but for with lately now still also like likes love loves enjoy enjoys prefer prefers lean
    leans towards toward avoid avoids dislike dislikes hate hates insist insists taste open are more less rather
    than""".split()
)
_WELCOMES = r"\b(?:(?:like|love|enjoy|prefer)s?|leans? (?:to|towards?)|drawn to|fond of|keen on)\b"
_STUTTER = re.compile(r"(\w.{3,}?)\s*\1")
MAX_FACTS = 24  # that hold at once; the weakest unpinned give way
EVIDENCE_OF_RETRACTED = 8  # the latest events of a fact that holds no longer
MAX_RETRACTED = 48  # that are kept to be remembered should they come back; more would make each version longer


def _short(reason: object) -> object:
    """A reason cut to its bound, and before it stutters: a wordy one costs nothing, and no schema keeps one short."""
    if not isinstance(reason, str):
        return reason
    reason = reason[:REASON_CHARACTERS]
    return reason[: again.end(1)].rstrip(" ,;") if (again := _STUTTER.search(reason)) else reason


class FoldEdit(BaseModel):
    """One edit as the model writes it: first what it is about and rests on, then the verdict.

    evidence: event numbers of the block, from 1.
    """

    model_config = ConfigDict(extra="ignore")

    value: str = Field(min_length=1, max_length=120)
    aspect: str = Field(min_length=1, max_length=40)
    evidence: tuple[int, ...] = Field(default=(), max_length=100)
    op: Literal["add", "keep", "strengthen", "weaken", "retract"]
    polarity: Polarity
    reason: Annotated[str, BeforeValidator(_short)] = Field(default="", max_length=REASON_CHARACTERS)


class Fold(BaseModel):
    """A fold's whole answer."""

    model_config = ConfigDict(extra="ignore")

    edits: Annotated[tuple[FoldEdit, ...], Field(max_length=40)] = ()
    prose: str = Field(min_length=1)


def finished_part(output: str) -> Fold | None:
    """What a fold's answer that was cut short had said to the end: its whole edits, and no prose; None without any."""
    try:
        value = from_json(output, allow_partial=True)
    except ValueError:
        return None
    edits = list[FoldEdit]()
    told_edits = value.get("edits") if isinstance(value, dict) else None
    for told in told_edits if isinstance(told_edits, list) else ():
        with suppress(ValidationError):  # the last one may lack its end
            edits.append(FoldEdit.model_validate(told))
    return Fold.model_construct(edits=tuple(edits), prose="") if edits else None


def checked_edits(
    fold: Fold, block: Sequence[str], event_ids: Sequence[int], facts: Sequence[Fact]
) -> tuple[Edit, ...]:
    """The edits that have ground, with event numbers turned into event ids.

    block: the event lines the model read. An `add` stands only if an event of the block names its value; any other edit
    also if a fact already held does. No event supports the opposite of what it plainly says; where as many say the
    opposite nothing is learned; and what a wish turns away from is disliked, whatever the model made of it. Evidence
    are the events the model named, as far as they name the value, else all that do. What has no ground, and what was
    learned before in the same fold, is left out.
    """
    held = {fact.fact_id for fact in facts}
    edits, seen = list[Edit](), set[tuple[str, str]]()
    for edit in fold.edits:
        value, aspect = one_line(edit.value), one_line(edit.aspect)
        known = fact_id_of(edit.polarity, aspect, value) in held
        naming = [number for number, line in enumerate(block, 1) if mentions(line, value)]
        place, learns = (aspect.casefold(), value.casefold()), edit.op in ("add", "strengthen")
        if edit.op == "keep" or (learns and place in seen) or not (known or (edit.op == "add" and naming)):
            continue
        polarity, reason = edit.polarity, edit.reason
        if learns and naming:
            against = [number for number in naming if _contradicts(block[number - 1], value, polarity)]
            naming = [number for number in naming if number not in against]
            if against and len(against) >= sum(_weight(block[number - 1]) for number in naming) > 0:
                continue
            if not naming:
                liked = polarity not in ("like", "must")  # what the words say instead
                if edit.op != "add" or not (saying := _saying(block, value, liked=liked)):
                    continue
                naming, polarity = saying, "like" if liked else "dislike"
                reason = "said so" if liked else "asked to avoid it"
        told = [number for number in naming if number in edit.evidence] or naming
        evidence = tuple(event_ids[number - 1] for number in told)
        seen.update([place] if learns else [])
        edits.append(Edit(op=edit.op, polarity=polarity, aspect=aspect, value=value, reason=reason, evidence=evidence))
    return tuple(edits)


def _saying(block: Sequence[str], value: str, *, liked: bool) -> list[int]:
    """The numbers of the stated wishes that plainly welcome the value, or turn away from it."""
    says = praised if liked else turned_away
    return [n for n, line in enumerate(block, 1) if line.startswith("wish:") and says(line[5:], value)]


def _weight(line: str) -> int:
    """How much an event says of liking: what is asked for counts twice, having looked at a thing nothing."""
    return 2 if line.startswith("wish:") else 0 if line.startswith("viewed ") else 1


def _contradicts(line: str, value: str, polarity: Polarity) -> bool:
    """Whether an event plainly says the opposite: dislikes or refuses what is liked, or likes what is disliked."""
    liked = polarity in ("like", "must")
    if line.startswith("wish:"):
        return (turned_away if liked else praised)(line[5:], value)
    return line.startswith("disliked ") if liked else line.startswith(("liked ", "bought "))


def trusted_prose(fold: Fold, edits: Sequence[Edit], before: str, ground: Sequence[str] = ()) -> str:
    """The fold's prose without the sentences that speak of an edit left out; the old prose where nothing remains.

    ground: the events and facts the model read; a sentence that shares no word with them or the old prose is left out.
    Nothing is, where no ground is given.
    """
    kept = {(edit.op, edit.value.casefold()) for edit in edits}
    groundless = [
        edit.value.casefold()
        for edit in fold.edits
        if edit.op != "keep" and (edit.op, one_line(edit.value).casefold()) not in kept
    ]
    sentences = re.split(r"(?<=[.!?])\s+", one_line(fold.prose))
    held = [sentence for sentence in sentences if not any(value in sentence.casefold() for value in groundless)]
    known = _telling(" ".join([before, *ground]))
    return " ".join(sentence for sentence in held if not ground or _telling(sentence) & known) or before


def _telling(text: str) -> set[str]:
    """The words of a text that say what it is about."""
    return {stem(word) for word in re.findall(r"[^\W\d_]{3,}", text.casefold()) if word not in _UNTELLING}


def apply_edits(
    preference: Preference,
    edits: Sequence[Edit],
    *,
    prose: str,
    words: int,
    watermark: int,
    now: datetime,
    block: Mapping[int, str] | None = None,
    shown: Callable[[str], float] = lambda value: USUAL_SHARE,
) -> Preference:
    """The next version of a preference.

    prose: where it is empty, a plain one is made of the facts. words: its bound. block: the events that were folded, by
    id, as prompts show them; they are counted for every fact whose value they name, edited or not, and evidence outside
    of them counts as acts. shown: the share of the catalogue that shows a value. Pinned facts stay as they are, and the
    version names no edit of them. How strong an edited fact is then, and whether the edit may do as it says, is up to
    what was counted: `agents.weighing.weighed`. A fact names the latest EVIDENCE_KEPT events it rests on.
    """
    block = block or {}
    scale = Scale(preference.counts, block, shown)
    facts = {fact.fact_id: scale.counted(fact) for fact in preference.facts}
    made = list[Edit]()
    for edit in edits:
        old = facts.get(edit.fact_id)
        if old is not None and old.pinned:
            continue
        if (change := weighed(old, edit, scale, now)) is not None:
            made.append(change.edit)
            facts[edit.fact_id] = change.fact
    ordered = _bounded(sorted(facts.values(), key=lambda fact: (fact.retracted, -fact.strength, fact.fact_id)))
    clear = {fact.fact_id for fact in preference.holding if fact.strength >= CLEAR}
    lasting = [fact for fact in ordered if fact.fact_id in clear]
    return Preference(
        user_id=preference.user_id,
        version=preference.version + 1,
        prose=bounded_prose(complete_prose(agreeing_prose(prose, ordered), lasting) or plain_prose(ordered), words),
        facts=ordered,
        watermark=watermark,
        updated_at=now,
        edits=tuple(made),
        counts=scale.everything,
    )


def agreeing_prose(prose: str, facts: Sequence[Fact]) -> str:
    """The prose without the sentences that say the opposite of a fact, and without values told twice in one list."""
    held = [fact for fact in facts if not fact.retracted]
    sentences = re.split(r"(?<=[.!?])\s+", prose)
    return " ".join(_told_once(one) for one in sentences if not any(_says_opposite(one, fact) for fact in held))


def complete_prose(prose: str, facts: Sequence[Fact]) -> str:
    """The prose with a plain sentence before it for likes, or dislikes, that are clear and of which it names none.

    A sentence that holds one untrue value is left out whole, and must not take what is true with it.
    """
    missing = []
    for polarities in (("like", "must"), ("dislike", "must_not")):
        clear = [one for one in facts if one.polarity in polarities and not one.retracted and one.strength >= CLEAR]
        if prose and clear and not any(mentions(prose, one.value) for one in clear):
            missing.append(plain_prose(clear))
    return " ".join(filter(None, [*missing, prose]))


def _says_opposite(sentence: str, fact: Fact) -> bool:
    if turned_away(sentence, fact.value):
        return fact.polarity in ("like", "must")
    welcomed = rf"{_WELCOMES}[^.;]*\b{re.escape(fact.value)}"
    return fact.polarity in ("dislike", "must_not") and re.search(welcomed, sentence, re.IGNORECASE) is not None


def _told_once(sentence: str) -> str:
    first, *rest = re.split(r"(,? and |, )", sentence.rstrip("."))
    parts, joints = [first], rest[::2]
    for part in rest[1::2]:
        if not any(re.search(rf"\b{re.escape(part)}$", before, re.IGNORECASE) for before in parts):
            parts.append(part)
    if len(parts) > len(joints):
        return sentence
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) + "."


def plain_prose(facts: Sequence[Fact]) -> str:
    """What the facts say, without a model: the strongest likes, then the strongest dislikes; empty without facts.

    facts: strongest first; retracted ones are passed over.
    """
    sentences = []
    for polarity, words in (("like", "They like"), ("must", "They insist on"), ("dislike", "They avoid")):
        values = [fact.value for fact in facts if fact.polarity == polarity and not fact.retracted][:PLAIN_VALUES]
        if values:
            sentences.append(f"{words} {' and '.join(filter(None, [', '.join(values[:-1]), values[-1]]))}.")
    return " ".join(sentences)


def bounded_prose(prose: str, words: int) -> str:
    """The prose on one line in at most that many words, cut after the last whole sentence that fits."""
    parts = prose.split()
    if len(parts) <= words:
        return " ".join(parts)
    kept = " ".join(parts[:words])
    end = max(kept.rfind(mark) for mark in ".!?")
    return kept[: end + 1] if end > 0 else kept


def _bounded(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """At most MAX_FACTS that hold, pins first; the weakest of the rest are retracted, not lost.

    Of those that hold no longer MAX_RETRACTED are kept, the ones with the newest evidence, and all that are pinned.
    """
    holding = sorted((fact for fact in facts if not fact.retracted), key=lambda fact: not fact.pinned)
    surplus = {fact.fact_id for fact in holding[MAX_FACTS:] if not fact.pinned}
    kept = [fact.model_copy(update={"retracted": True}) if fact.fact_id in surplus else fact for fact in facts]
    over = sorted(
        (fact for fact in kept if fact.retracted and not fact.pinned),
        key=lambda fact: (-max(fact.evidence, default=0), fact.fact_id),
    )
    dropped = {fact.fact_id for fact in over[MAX_RETRACTED:]}
    left = [
        fact.model_copy(update={"evidence": fact.evidence[-EVIDENCE_OF_RETRACTED:]}) if fact.retracted else fact
        for fact in kept
        if fact.fact_id not in dropped
    ]
    return tuple(sorted(left, key=lambda fact: (fact.retracted, -fact.strength, fact.fact_id)))

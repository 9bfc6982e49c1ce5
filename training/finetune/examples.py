"""Examples of every role as the product words them: its prompt files, its lines, its views of the items."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from agents.context import TurnContext
from agents.folding import FoldEdit
from agents.intents import intent_request
from agents.item_summarizer import summary_prompt
from agents.judging import candidate_questions, shared_state
from agents.preference_memory import event_lines, fold_prompt
from agents.wishes import wishes_prompt
from catalog.items import Catalogue, Item
from memory.interactions import Interaction
from memory.preferences import Preference
from models.decisions import Choice
from training.finetune.messages import Message
from training.finetune.splits import Target, place


@dataclass(frozen=True)
class YesNo:
    """One candidate: the question as it is asked, its picture if any, and whether they liked it."""

    text: str
    picture: str | None
    yes: bool


@dataclass(frozen=True)
class Candidates:
    """All candidates of one person at one moment. state: what they share. They stay together in training."""

    state: str
    questions: tuple[YesNo, ...]
    role: str = "recommender"

    @property
    def pictured(self) -> bool:
        """Whether any question has a picture."""
        return any(question.picture for question in self.questions)


@dataclass(frozen=True)
class Written:
    """A prompt, its picture if any, and the text that is to be written."""

    role: str
    prompt: str
    picture: str | None
    answer: str

    @property
    def pictured(self) -> bool:
        """Whether a picture stands before the prompt."""
        return self.picture is not None


@dataclass(frozen=True)
class Chosen:
    """A question with named options, name and description each, and the name of the right one."""

    role: str
    state: str
    text: str
    options: tuple[tuple[str, str], ...]
    answer: str
    pictured: ClassVar[bool] = False


Example = Candidates | Written | Chosen
FOLD_OPS = ("add", "keep", "strengthen", "weaken", "retract")  # what a fold does; people also pin


@dataclass(frozen=True)
class HeldOutList:
    """Candidates to be ranked, one of them liked. baselines: scorer → its score of each candidate, in order."""

    candidates: Candidates
    baselines: Mapping[str, tuple[float, ...]]


def preference_before(versions: Sequence[Preference], target: Interaction, log: Sequence[Interaction]) -> Preference:
    """The latest version that has seen nothing of the target or after it; an empty taste where there is none.

    versions: newest first. log: all events of the same user.
    """
    after = [event.event_id for event in log if place(event) >= place(target)]
    fitting = (one for one in versions if one.watermark < min(after, default=target.event_id))
    return next(fitting, Preference(user_id=target.user_id))


def candidates_example(
    target: Target, preference: Preference, item_ids: Sequence[str], context: TurnContext
) -> Candidates:
    """The decision about these items as chat would ask it just before the target. item_ids: the target's among them."""
    recent = target.history[-context.memory.recent :] if context.memory.recent else ()
    state = shared_state(preference, recent, "", context)
    questions = candidate_questions(item_ids, context)
    asked = tuple(
        YesNo(question.text, question.picture, item_id == target.event.item_id)
        for item_id, question in zip(item_ids, questions, strict=True)
    )
    return Candidates(state, asked)


def summary_example(item: Item, summary: str) -> Written:
    """Picture and text of an item to the summary it has."""
    prompt = summary_prompt(item, item.picture)
    return Written("item_summarizer", prompt.text, item.picture, summary)


def fold_examples(
    versions: Sequence[Preference], log: Sequence[Interaction], known: set[int], context: TurnContext
) -> Iterator[Written]:
    """A block and the preference before it, to the edits and prose that were kept.

    versions: of one user, newest first; log: all events of the same user. known: ids of the events training may read;
    a fold of any other gives no example, and neither does a version that is no fold, such as a correction by hand.
    """
    for after, before in zip(versions, [*versions[1:], Preference(user_id="unknown")], strict=False):
        events = (event for event in log if before.watermark < event.event_id <= after.watermark)
        block = sorted(events, key=lambda one: one.event_id)[
            -context.memory.block_size :
        ]  # a long wait skips the oldest
        numbers = {event.event_id: number for number, event in enumerate(block, 1)}
        grounded = all(evidence in numbers for edit in after.edits for evidence in edit.evidence)
        folded = all(edit.op in FOLD_OPS for edit in after.edits)
        if not block or not after.prose or not grounded or not folded or not numbers.keys() <= known:
            continue
        edits = [
            FoldEdit.model_validate(edit.model_dump() | {"evidence": [numbers[one] for one in edit.evidence]})
            for edit in after.edits
        ]
        prompt = fold_prompt(context, before, event_lines(context, block)).text
        yield Written("preference_memory", prompt, None, fold_answer(edits, after.prose))


def fold_answer(edits: Sequence[FoldEdit], prose: str) -> str:
    """A fold as the model is to write it: the parts in the order of the schema it is held to, without spaces."""
    answer = {"edits": [edit.model_dump(mode="json") for edit in edits], "prose": prose}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def intent_example(message: Message, catalogue: Catalogue) -> Chosen:
    """What a message asks for, among all it may ask for."""
    request = intent_request(message.text, [catalogue[item_id].title for item_id in message.shown])
    [question] = request.questions
    assert isinstance(question, Choice)
    return Chosen("understanding", request.state, question.text, tuple(question.options.items()), message.intent)


def wishes_example(rest: str, wishes: Sequence[str]) -> Written:
    """The words that the parser leaves over, to the soft wishes in them."""
    return Written("understanding", wishes_prompt(rest).text, None, "; ".join(wishes) or "none")


def to_json(example: Example | HeldOutList) -> str:
    """The example on one line."""
    return json.dumps(asdict(example), ensure_ascii=False)


def example_of(line: str) -> Example:
    """Read an example back."""
    record = json.loads(line)
    if "options" in record:
        options = tuple((name, described) for name, described in record["options"])
        return Chosen(**record | {"options": options})
    return _candidates(record) if "questions" in record else Written(**record)


def list_of(line: str) -> HeldOutList:
    """Read a held-out list back."""
    record = json.loads(line)
    baselines = {name: tuple(scores) for name, scores in record["baselines"].items()}
    return HeldOutList(_candidates(record["candidates"]), baselines)


def _candidates(record: dict[str, Any]) -> Candidates:
    questions = tuple(YesNo(**question) for question in record["questions"])
    return Candidates(record["state"], questions, record["role"])

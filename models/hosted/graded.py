"""Decisions as grades that a chat model writes: the last resort, and marked as uncalibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, Field, create_model

from models.decisions import Choice, Decision, DecisionRequest, Decisions, Question, Usage
from models.hosted.chat import HostedChatModel
from models.hosted.logprobs import picture_block
from models.hosted.together import total
from models.replies import usage_of
from models.spec import ModelSpec
from models.structured import ask_json
from prompts import load

if TYPE_CHECKING:
    from models.loading import PictureSource

TOKENS_PER_GRADE = 16
Grade = Annotated[float, Field(ge=0, le=100)]


class GradedDecider:
    """Asks for grades of all questions in one call, checks them, and has them corrected once."""

    def __init__(self, spec: ModelSpec, pictures: PictureSource, chat: HostedChatModel) -> None:
        self._spec, self._pictures, self._chat = spec, pictures, chat

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question, in order. Raises ModelBadOutput where the grades do not fit twice, and ModelError."""
        names = [f"q{number}" for number in range(1, len(request.questions) + 1)]
        schema = _schema(dict(zip(names, request.questions, strict=True)))
        used = _Used(self._chat)
        tokens = max(self._spec.max_tokens, TOKENS_PER_GRADE * sum(map(_count, request.questions)))
        value, _ = await ask_json(used, [self._message(request, names)], schema, self._spec, max_tokens=tokens)  # type: ignore[arg-type]
        grades = value.model_dump()["grades"]
        answers = tuple(
            _decision(question, grades[name]) for name, question in zip(names, request.questions, strict=True)
        )
        return Decisions(answers, self._spec.label, "graded", total(used.usages))

    def _message(self, request: DecisionRequest, names: list[str]) -> BaseMessage:
        asked = [
            {"name": name, "text": question.text, "options": _lines(question), "places": _places(question)}
            for name, question in zip(names, request.questions, strict=True)
        ]
        text = load("decision_grades").render(state=request.state, questions=asked)
        blocks: list[str | dict[str, Any]] = []
        for name, question in zip(names, request.questions, strict=True):
            if question.picture:
                blocks.append({"type": "text", "text": f"Picture of question {name}:"})
                blocks.append(picture_block(question.picture, self._pictures, self._spec))
        if not blocks:
            return HumanMessage(content=text)
        return HumanMessage(content=[*blocks, {"type": "text", "text": text}])


class _Used:
    """The chat model, heard by nobody else, with what its calls took."""

    def __init__(self, chat: HostedChatModel) -> None:
        self._chat = chat
        self.usages: list[Usage] = []

    async def ainvoke(self, messages: list[BaseMessage], **options: Any) -> Any:
        result = await self._chat._agenerate(messages, **options)
        message = result.generations[0].message
        self.usages.append(usage_of(message))  # type: ignore[arg-type]
        return message


def _schema(questions: dict[str, Question]) -> type[BaseModel]:
    """Make the schema of the answer: one list of grades a question, as long as its options."""
    closed = ConfigDict(extra="forbid")
    fields: dict[str, Any] = {
        name: (Annotated[list[Grade], Field(min_length=_count(question), max_length=_count(question))], ...)
        for name, question in questions.items()
    }
    grades = create_model("GradesByQuestion", __config__=closed, **fields)
    return create_model("Grades", __config__=closed, grades=(grades, ...))


def _decision(question: Question, grades: list[float]) -> Decision:
    if not isinstance(question, Choice):
        p_yes = grades[0] / 100
        return Decision({"yes": p_yes, "no": 1 - p_yes}, "graded", calibrated=False)
    whole = sum(grades)
    weights = [grade / whole for grade in grades] if whole else [1 / len(grades)] * len(grades)
    return Decision(dict(zip(question.options, weights, strict=True)), "graded", calibrated=False)


def _count(question: Question) -> int:
    return len(question.options) if isinstance(question, Choice) else 1


def _lines(question: Question) -> list[str]:
    if not isinstance(question, Choice):
        return []
    return [f"{name}: {about}" if about else name for name, about in question.options.items()]


def _places(question: Question) -> str:
    return ",".join(["?"] * _count(question))

"""Decide: typed questions answered with probabilities instead of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from models.errors import ModelBadOutput

DecisionKind = Literal["local", "systemone", "logprobs", "graded", "scripted"]


@dataclass(frozen=True)
class Predicate:
    """A yes/no question about the shared state.

    text: the question, the item it is about included. picture: content hash of a picture it refers to, or None; the
    picture stands before the text.
    """

    text: str
    picture: str | None = None


@dataclass(frozen=True)
class Choice:
    """A question with one best answer among named options, in the order given.

    options: name → description, at most 26; a description may be empty.
    """

    text: str
    options: Mapping[str, str]
    picture: str | None = None


Question = Predicate | Choice


@dataclass(frozen=True)
class DecisionRequest:
    """A state that all questions share, and the questions.

    Each answer depends on the state and its own question only.
    """

    state: str
    questions: Sequence[Question]


@dataclass(frozen=True)
class Decision:
    """One answer.

    probabilities: option → probability, summing to 1; a predicate has "yes" and "no". mass: the share of the model's
    whole next-token probability that fell on the allowed answers, in [0, 1], or None where the backend cannot know.
    kind: the evidence behind it. calibrated: False where the figures are the model's own grades.
    """

    probabilities: Mapping[str, float]
    kind: DecisionKind
    mass: float | None = None
    calibrated: bool = True

    @property
    def p_yes(self) -> float:
        """p(yes) / (p(yes) + p(no)), in [0, 1]. Only for predicates; KeyError on a choice."""
        return self.probabilities["yes"]

    @property
    def best(self) -> str:
        """The most probable option; ties go to the first."""
        return max(self.probabilities, key=lambda option: self.probabilities[option])


@dataclass(frozen=True)
class Usage:
    """What answering took. cost_usd: None where no price is known, never 0 for an unknown one."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True)
class Decisions:
    """The answers, one per question and in their order, with the model that gave them and what it took."""

    answers: tuple[Decision, ...]
    model: str
    kind: DecisionKind
    usage: Usage = field(default_factory=Usage)


def check_answers(decisions: Decisions, questions: int) -> None:
    """Refuse what is no answer to that many questions: too few, or figures that are no probabilities, such as NaN.

    Raises ModelBadOutput.
    """
    if len(decisions.answers) != questions:
        raise ModelBadOutput(decisions.model, f"{len(decisions.answers)} answers to {questions} questions")
    for answer in decisions.answers:
        figures = list(answer.probabilities.values())
        if not all(0.0 <= figure <= 1.0 for figure in figures) or abs(sum(figures) - 1.0) > 1e-3:
            raise ModelBadOutput(decisions.model, "its probabilities are none", str(dict(answer.probabilities))[:200])


class Decider(Protocol):
    """Answers typed questions with probabilities."""

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question of the request, in order; no questions give no answers without asking any model.

        All answers of one call are of one kind. Raises ModelError and nothing else.
        """
        ...

"""Decisions by a server that answers typed questions with probabilities (the System One request format)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.decisions import Choice, Decision, DecisionRequest, Decisions, Question, Usage
from models.errors import ModelBadOutput, ModelMisconfigured
from models.hosted.chat import priced
from models.hosted.client import api_key, call_arguments, litellm
from models.hosted.failures import with_repeats
from models.hosted.together import together, total
from models.pictures import placeholders, to_send
from models.spec import ModelSpec
from models.wire import as_systemone, read_picture, words_of

if TYPE_CHECKING:
    from models.loading import PictureSource

QUESTIONS_PER_REQUEST = 64
PICTURES_PER_REQUEST = 4
AT_ONCE = 4
BROKEN = 500  # the status of a server that failed by itself

Answers = Mapping[str, Any]
Pictures = Mapping[int, tuple[bytes, str]]  # by place of the question: encoded picture, "jpeg" or "png"


class SystemOneDecider:
    """Asks a decision server: many questions a request, a few requests at once.

    Pictures go to a served model as assets, four a request; to a hosted one as images, one question a request, so that
    no question sees the picture of another.
    """

    def __init__(self, spec: ModelSpec, pictures: PictureSource) -> None:
        self._spec, self._pictures = spec, pictures

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question, in order. Raises ModelError and nothing else."""
        parts = list(self._parts(request.questions))
        answered = await together([lambda p=part: self._ask(request, p) for part in parts], at_once=AT_ONCE)  # type: ignore[misc]
        answers: dict[int, Decision] = {}
        for part, (found, _) in zip(parts, answered, strict=True):
            for place in part:
                answers[place] = self._read(request.questions[place], found.get(f"q{place}"))
        usage = priced(self._spec, total(usage for _, usage in answered))
        ordered = tuple(answers[place] for place in range(len(request.questions)))
        return Decisions(ordered, self._spec.label, "systemone", usage)

    def _parts(self, questions: Sequence[Question]) -> list[list[int]]:
        """Group the places of questions into requests: text questions by 64, those with pictures apart."""
        texts = [place for place, question in enumerate(questions) if not question.picture]
        seen = [place for place, question in enumerate(questions) if question.picture]
        size = PICTURES_PER_REQUEST if self._spec.backend == "served" else 1
        return [
            *(texts[start : start + QUESTIONS_PER_REQUEST] for start in range(0, len(texts), QUESTIONS_PER_REQUEST)),
            *(seen[start : start + size] for start in range(0, len(seen), size)),
        ]

    async def _ask(self, request: DecisionRequest, places: Sequence[int]) -> tuple[Answers, Usage]:
        questions = {place: request.questions[place] for place in places}
        if any(question.picture for question in questions.values()) and not self._spec.vision:
            remedy = "choose a model with `vision: true`, or ask about summaries"
            raise ModelMisconfigured(self._spec.label, "a question has a picture and it takes text only", remedy)
        pictures = await asyncio.to_thread(self._prepared, questions)
        served = self._spec.backend == "served"
        send = self._seen if served and pictures else self._send
        answer, _ = await with_repeats(self._spec, lambda: send(request.state, questions, pictures))
        return answer

    async def _seen(self, state: str, questions: Mapping[int, Question], pictures: Pictures) -> tuple[Answers, Usage]:
        """Send questions with pictures; where the server breaks on them, each alone, and that one in one word more.

        transformers 5.23 breaks on a prompt of as many tokens as its picture is wide in pixels, whatever it says
        (`decision.template_utils.read_marks`); a full stop after the state makes it longer.
        """
        try:
            return await self._send_assets(state, questions, pictures)
        except _ServerError as error:
            if error.status_code != BROKEN:
                raise
            if len(questions) == 1:
                return await self._send_assets(f"{state}\n.", questions, pictures)
        parts = [await self._seen(state, {place: questions[place]}, {place: pictures[place]}) for place in questions]
        return {name: one for answers, _ in parts for name, one in answers.items()}, total(one for _, one in parts)

    def _prepared(self, questions: Mapping[int, Question]) -> Pictures:
        label, px = self._spec.label, self._spec.picture_px
        return {
            place: to_send(read_picture(self._pictures, question.picture, label), model=label, longest_px=px)
            for place, question in questions.items()
            if question.picture
        }

    async def _send(self, state: str, questions: Mapping[int, Question], pictures: Pictures) -> tuple[Answers, Usage]:
        body = {f"q{place}": as_systemone(question, None) for place, question in questions.items()}
        images = [f"data:image/{kind};base64,{_base64(data)}" for data, kind in pictures.values()]
        extra: dict[str, Any] = {"images": images} if images else {}
        async with asyncio.timeout(self._spec.timeout_s):
            reply = await litellm().asystemone(state=state, questions=body, **call_arguments(self._spec), **extra)
        counts = reply.usage
        usage = Usage(counts.input_tokens, counts.output_tokens, counts.cached_tokens) if counts else Usage()
        return {name: answer.model_dump() for name, answer in reply.answers.items()}, usage

    async def _send_assets(
        self, state: str, questions: Mapping[int, Question], pictures: Pictures
    ) -> tuple[Answers, Usage]:
        """Send pictures to a server of our own choice; LiteLLM does not pass them on to servers."""
        import httpx

        marks = placeholders(len(questions), "\n".join([state, *map(words_of, questions.values())]))
        by_place = dict(zip(questions, marks, strict=True))
        body = {
            "model": self._spec.model,
            "state": state,
            "questions": {f"q{place}": as_systemone(one, by_place[place]) for place, one in questions.items()},
            "assets": {
                by_place[place]: {"type": "image", "format": kind, "data_base64": _base64(data)}
                for place, (data, kind) in pictures.items()
            },
        }
        key = api_key(self._spec)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        address = f"{str(self._spec.api_base).rstrip('/').removesuffix('/v1')}/v1/systemone"
        async with httpx.AsyncClient(timeout=self._spec.timeout_s) as client:
            reply = await client.post(address, json=body, headers=headers)
        if reply.is_error:
            raise _ServerError(reply.status_code, reply.text)
        found = reply.json()
        counts = found.get("usage") or {}
        return found["answers"], Usage(int(counts.get("input_tokens", 0)), int(counts.get("output_tokens", 0)))

    def _read(self, question: Question, answer: Mapping[str, Any] | None) -> Decision:
        if answer is None:
            raise ModelBadOutput(self._spec.label, "it left a question unanswered")
        if isinstance(question, Choice):
            given = answer.get("probabilities") or {}
            weights = {option: float(given.get(option, 0.0)) for option in question.options}
        else:
            p_yes = float(answer.get("noul", -1.0))
            weights = {"yes": p_yes, "no": 1.0 - p_yes}
        if any(not 0.0 <= weight <= 1.0 for weight in weights.values()) or sum(weights.values()) <= 0:
            raise ModelBadOutput(self._spec.label, "its probabilities are none", str(answer)[:200])
        whole = sum(weights.values())
        return Decision({option: weight / whole for option, weight in weights.items()}, "systemone")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class _ServerError(Exception):
    """An answer with an error status, in the shape `translate` reads."""

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(status_code, message)
        self.status_code, self.message = status_code, message

"""JSON from a chat model: held to a schema where it can be, found in its words where not, repaired once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from models.errors import ModelBadOutput
from models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

T = TypeVar("T", bound=BaseModel)
LONGEST_PROBLEM = 400  # characters of a validation error told to the model


async def ask_json(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    schema: type[T],
    spec: ModelSpec,
    *,
    on_reply: Callable[[BaseMessage], None] = lambda reply: None,
    **options: Any,
) -> tuple[T, str]:
    """Give the value the model answers with, valid by `schema`, and the raw text it came from.

    A model that declares `schema_output` is held to the schema, by its server or in this process; any answer is
    searched for JSON, and one that does not fit is sent back once with what is wrong. The exception is a local model
    that was held to the schema and cut at `max_tokens`: asked again it would be cut again.
    on_reply: called with each reply as it comes, the one sent back included. options: as the chat model's calls take,
    e.g. `max_tokens`.
    Raises ModelBadOutput when no answer fits, and ModelError as the model does.
    """
    from langchain_core.messages import AIMessage, HumanMessage

    from prompts import load

    arguments = {**_schema_arguments(schema, spec), **options}
    reply = await chat.ainvoke(list(messages), **arguments)
    on_reply(reply)
    raw = str(reply.text)
    try:
        return parse_json(raw, schema), raw
    except ValueError as error:
        if _cut_while_held(reply, spec):
            detail = "it was cut at `max_tokens`, before its JSON ended; raise `max_tokens`"
            raise ModelBadOutput(spec.label, detail, raw) from error
        problem = _tell(error)
    repair = load("repair_json").render(problem=problem)
    again = await chat.ainvoke([*messages, AIMessage(content=raw), HumanMessage(content=repair)], **arguments)
    on_reply(again)
    raw = str(again.text)
    try:
        return parse_json(raw, schema), raw
    except ValueError as error:
        raise ModelBadOutput(spec.label, f"no JSON that fits, asked twice: {_tell(error)}", raw) from error


def parse_json(text: str, schema: type[T]) -> T:
    """Give the first JSON object in the text that fits the schema, whatever stands around it.

    Raises ValueError: the first object's validation error where none fits, or that there is no object.
    """
    problem: ValueError | None = None
    for value in _objects(text):
        try:
            return schema.model_validate(value)
        except ValidationError as error:
            problem = problem or error
    raise problem or ValueError("there is no complete JSON object in it")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Give every JSON object of the text that is not inside one already given."""
    decoder, place = json.JSONDecoder(strict=False), text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError):
            end = place + 1
        else:
            yield value
        place = text.find("{", end)


def _schema_arguments(schema: type[BaseModel], spec: ModelSpec) -> dict[str, Any]:
    match spec.schema_output:
        case "native":
            return {"response_format": schema}
        case "tool":
            function = {"name": "answer", "description": "Give the answer.", "parameters": schema.model_json_schema()}
            choice = {"type": "function", "function": {"name": "answer"}}
            return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
        case "none":
            return {}


def _cut_while_held(reply: BaseMessage, spec: ModelSpec) -> bool:
    held = spec.backend == "local" and spec.schema_output == "native"
    return held and reply.response_metadata.get("finish_reason") == "length"


def _tell(error: ValueError) -> str:
    """Say what is wrong, briefly and without quoting what the model wrote."""
    if isinstance(error, ValidationError):
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'answer'}: {fault['msg']}" for fault in error.errors()]
        return "; ".join(faults)[:LONGEST_PROBLEM]
    return str(error)[:LONGEST_PROBLEM]

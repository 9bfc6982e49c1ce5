"""Replies as LangChain wants them, with what they took said the same way by every backend."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from models.decisions import Usage


def usage_metadata(usage: Usage) -> UsageMetadata:
    """Give the usage in LangChain's words."""
    return UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        input_token_details=InputTokenDetails(cache_read=usage.cached_tokens),
    )


def usage_of(message: AIMessage) -> Usage:
    """Give what a reply took, as `load_chat` models report it; nothing where it reports nothing."""
    counts = message.usage_metadata
    if counts is None:
        return Usage(cost_usd=message.response_metadata.get("cost_usd"))
    cached = counts.get("input_token_details", {}).get("cache_read", 0)
    cost = message.response_metadata.get("cost_usd")
    return Usage(counts["input_tokens"], counts["output_tokens"], cached, cost)


def metadata(model: str, finish: str, usage: Usage, *, retries: int = 0, estimated: bool = False) -> dict[str, Any]:
    """Give the response metadata: model, how it ended, cost (None = unknown), repeats, and whether usage is a guess."""
    return {
        "model_name": model,
        "finish_reason": finish,
        "cost_usd": usage.cost_usd,
        "retries": retries,
        "usage_estimated": estimated,
    }


def piece(text: str) -> ChatGenerationChunk:
    """Give a piece of streamed text."""
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def last_piece(
    model: str, finish: str, usage: Usage, *, retries: int = 0, estimated: bool = False
) -> ChatGenerationChunk:
    """Give the piece that ends a stream and says what it took."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content="",
            usage_metadata=usage_metadata(usage),
            response_metadata=metadata(model, finish, usage, retries=retries, estimated=estimated),
            chunk_position="last",
        )
    )

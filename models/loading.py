"""From a spec to something that answers. Nothing heavy is imported before a model is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from models.decisions import Decider, Usage
from models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from models.local.feature_store import FeatureStore


class PictureSource(Protocol):
    """Where pictures named by content hash come from."""

    def read(self, content_hash: str) -> bytes:
        """Give the encoded picture (PNG or JPEG), already checked and safe. KeyError or OSError when it is unknown."""
        ...


def load_chat(spec: ModelSpec, features: FeatureStore | None = None) -> BaseChatModel:
    """Give the chat model of a spec; a local checkpoint is loaded now and shared by everything that names it.

    features: where a local checkpoint keeps what it made of pictures; None looks at each anew.
    Messages carry LangChain's standard blocks: `{"type": "image", "base64": …, "mime_type": …}` before the text.
    Replies carry `usage_metadata`, and in `response_metadata`: `model_name`, `retries`, `cost_usd` (None = unknown).
    Raises ModelMisconfigured when the model cannot be loaded, a key is missing, or an extra is not installed.
    """
    match spec.backend:
        case "local":
            from models.local.chat import LocalChatModel

            return LocalChatModel.load(spec, features)
        case "served" | "hosted":
            from models.hosted.chat import HostedChatModel

            return HostedChatModel.load(spec)


def load_decider(spec: ModelSpec, pictures: PictureSource, features: FeatureStore | None = None) -> Decider:
    """Give the decider of a spec, by its best declared kind; `Decisions.kind` tells which kind answered.

    features, and ModelMisconfigured: as for `load_chat`.
    """
    match spec.backend:
        case "local":
            from models.local.decider import LocalDecider

            return LocalDecider.load(spec, pictures, features)
        case "served" | "hosted":
            from models.hosted.deciders import load_hosted_decider

            return load_hosted_decider(spec, pictures)


def price_of(spec: ModelSpec, usage: Usage) -> float | None:
    """Give the cost in US dollars of what was used, by the prices the spec states.

    A local model costs 0; None where the spec states no price for a kind of token that was used.
    """
    if spec.backend == "local":
        return 0.0
    parts = (
        (usage.input_tokens, spec.input_usd_per_million),
        (usage.output_tokens, spec.output_usd_per_million),
    )
    if any(count and price is None for count, price in parts) or spec.input_usd_per_million is None:
        return None
    return sum(count * (price or 0.0) for count, price in parts) / 1_000_000

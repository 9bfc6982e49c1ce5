"""Letting a model look at the pictures of a catalogue, and keeping what it says of each as its summary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from langchain_core.language_models import LanguageModelInput

import prompts
from agents.asking import message_of
from agents.item_summarizer import PROMPT, summary_prompt
from agents.wording import MAX_WORDS, one_line
from catalog.items import Catalogue, Item
from graphs.services import Services
from memory.item_index import ItemSummary
from models.errors import ModelBadOutput, ModelError
from models.manifest import weights_fingerprint
from models.spec import ModelSpec

Report = Callable[[str, int, int], None]  # what is being done, done so far, of how many
BATCH = 32


@dataclass(frozen=True)
class Summarized:
    """What describing a catalogue came to. failed: item id → why."""

    written: int
    failed: dict[str, str]


async def summarize_catalogue(
    services: Services,
    catalogue: Catalogue,
    report: Report = lambda what, done, of: None,
    *,
    unseen_only: bool = False,
) -> Summarized:
    """Describe every item with a picture that has no summary yet; what is done stays done when this is interrupted.

    unseen_only: leave alone what another model or an earlier checkpoint described. An item whose description fails is
    reported and left for the next time; a model that cannot be reached at all raises its ModelError.
    """
    name, spec = services.models.chain("item_summarizer")[0]
    by = {} if unseen_only else {"prompt": prompts.load(PROMPT).label, "model": author_of(spec)}
    missing = services.items.unsummarised(catalogue, **by)
    todo = [item for item in missing if item.picture]
    failed: dict[str, str] = {}
    done, keeping = 0, None
    try:
        for batch in _batches(todo):
            said = await _described(services, name, spec, batch)
            failed |= {item.item_id: str(answer) for item, answer in said if isinstance(answer, ModelError)}
            done += len(batch)
            if done == len(failed):
                raise ModelBadOutput(
                    spec.label, f"none of the first {done} pictures could be described: {failed[batch[0].item_id]}"
                )
            if keeping is not None:
                await _kept(keeping)
            written = [(item, answer) for item, answer in said if isinstance(answer, ItemSummary)]
            keeping = asyncio.create_task(asyncio.to_thread(services.items.put_summaries, catalogue.name, written))
            report("looking at the pictures", done, len(todo))
    finally:
        if keeping is not None:  # the last are kept, and embedded, while the next are looked at
            await _kept(keeping)
    return Summarized(done - len(failed), failed)


async def _kept(keeping: asyncio.Task[None]) -> None:
    """Wait until it is kept, even when stopped meanwhile: its thread goes on, and no store may be closed below it."""
    try:
        await asyncio.shield(keeping)
    except asyncio.CancelledError:
        await asyncio.wait([keeping])
        raise


async def _described(
    services: Services, name: str, spec: ModelSpec, items: Sequence[Item]
) -> list[tuple[Item, ItemSummary | ModelError]]:
    """What the model says of each item, or why it says nothing. Raises ModelError where it cannot be reached at all."""
    chat, author = await services.models.chat(name), author_of(spec)
    messages: list[LanguageModelInput] = []
    asked: list[Item] = []
    said: list[tuple[Item, ItemSummary | ModelError]] = []
    for item in items:
        try:
            messages.append([message_of(summary_prompt(item, item.picture), spec, services.pictures)])
            asked.append(item)
        except ModelError as error:  # its picture is gone
            said.append((item, error))
    for item, answer in zip(asked, await asyncio.to_thread(chat.batch, messages, return_exceptions=True), strict=True):
        try:
            if isinstance(answer, BaseException):
                raise answer if isinstance(answer, ModelError) else ModelBadOutput(spec.label, "it said nothing")
            said.append((item, _summary(str(answer.text), spec, author)))
        except ModelError as error:
            said.append((item, error))
    return said


async def summarize_item(
    services: Services, catalogue: Catalogue, item: Item, report: Report = lambda what, done, of: None
) -> ItemSummary:
    """Describe one item again, whoever described it before, and keep that; until then the former summary stays.

    The role's first model alone is asked, as for a whole catalogue. Raises ModelError, and what the stores raise.
    """
    name, spec = services.models.chain("item_summarizer")[0]
    message = message_of(summary_prompt(item, item.picture), spec, services.pictures)
    report("loading the model that looks at pictures", 0, 0)
    chat = await services.models.chat(name)
    report("looking at it", 0, 0)
    answer = await chat.ainvoke([message])
    summary = _summary(str(answer.text), spec, author_of(spec))
    await asyncio.to_thread(services.items.put_summary, catalogue.name, item, summary)
    return summary


def _summary(said: str, spec: ModelSpec, author: str) -> ItemSummary:
    """What a model said, as it is kept. Raises ModelBadOutput where it said nothing."""
    text = one_line(said, words=MAX_WORDS["summary"])
    if not text:
        raise ModelBadOutput(spec.label, "it said nothing")
    return ItemSummary(text=text, model=author, prompt=prompts.load(PROMPT).label, at=datetime.now(UTC))


def author_of(spec: ModelSpec) -> str:
    """Who a summary is by: the model, and of a local folder the weights, so that a new checkpoint looks anew."""
    folders = [name for name in (spec.model, spec.adapter) if name and Path(name).is_dir()]
    if spec.backend != "local" or not folders:
        return spec.label
    return f"{spec.label} ({'+'.join(weights_fingerprint(name)[:8] for name in folders)})"


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]

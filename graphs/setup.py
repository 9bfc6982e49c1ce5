"""Filling the stores: importing a catalogue and describing its pictures, with the same roles that chat uses."""

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
from catalog.items import AttributeSpec, Catalogue, Item
from graphs.services import Services
from memory.interactions import Interaction
from memory.item_index import ItemSummary
from models.errors import ModelBadOutput, ModelError
from models.manifest import weights_fingerprint
from models.spec import ModelSpec

Report = Callable[[str, int, int], None]  # what is being done, done so far, of how many
BATCH = 32


@dataclass(frozen=True)
class Stored:
    """What an import changed: items by what became of them, and interactions accepted (old ones count again)."""

    added: int
    changed: int
    unchanged: int
    interactions: int


@dataclass(frozen=True)
class Summarized:
    """What describing a catalogue came to. failed: item id → why."""

    written: int
    failed: dict[str, str]


def store_catalogue(
    services: Services,
    name: str,
    schema: Sequence[AttributeSpec],
    items: Sequence[Item],
    interactions: Sequence[Interaction],
    report: Report = lambda what, done, of: None,
) -> Stored:
    """Keep a catalogue, its search vectors and its interactions. Doing it again changes nothing.

    The histories come first: a catalogue that can be named has all of its own, whenever this was broken off.
    """
    for start in range(0, len(interactions), 5000):
        services.log.append(interactions[start : start + 5000])
        report("keeping the histories", min(start + 5000, len(interactions)), len(interactions))
    saved = services.catalogues.save(name, schema, items)
    services.forget_cached(name)
    catalogue = services.catalogue(name)
    services.items.put_items(catalogue, lambda done, of: report("reading the items", done, of or len(catalogue)))
    return Stored(saved.added, saved.changed, saved.unchanged, len(interactions))


def install_demo(services: Services, report: Report = lambda what, done, of: None) -> Stored | None:
    """Draw and keep the demo catalogue where it is not there yet; None when it was."""
    from catalog.demo.install import NAME, install

    if any(info.name == NAME for info in services.catalogues.names()):
        services.items.put_items(services.catalogue(NAME))  # what an installation that was broken off left out
        return None
    drawn = iter(range(1, 1_000_000))

    def keep(data: bytes) -> str:
        report("drawing the prints", next(drawn), 600)
        return services.pictures.add(data)

    schema, items, interactions = install(keep)
    return store_catalogue(services, NAME, schema, items, interactions, report)


@dataclass(frozen=True)
class Unfinished:
    """What an interrupted set-up or import left undone.

    unindexed: items that no search finds. undescribed: items whose picture no model has described, of `pictured`.
    """

    unindexed: int
    undescribed: int
    pictured: int

    @property
    def nothing(self) -> bool:
        """Whether all is done."""
        return not (self.unindexed or self.undescribed)


def unfinished(services: Services, catalogue: Catalogue) -> Unfinished:
    """What is still to be done for a catalogue; needs no model."""
    undescribed = [item for item in services.items.unsummarised(catalogue) if item.picture]
    pictured = sum(1 for item in catalogue if item.picture)
    return Unfinished(len(services.items.unindexed(catalogue)), len(undescribed), pictured)


async def finish(services: Services, catalogue: Catalogue, report: Report = lambda what, done, of: None) -> Summarized:
    """Do what `unfinished` tells: make every item findable, and describe the pictures that no model has described.

    What is done stays done when this is interrupted. Raises as `summarize_catalogue` does, and what the stores raise.
    """
    if services.items.unindexed(catalogue):
        await asyncio.to_thread(
            services.items.put_items,
            catalogue,
            lambda done, of: report("reading the items", done, of or len(catalogue)),
        )
    return await summarize_catalogue(services, catalogue, report, unseen_only=True)


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
    label, author = prompts.load(PROMPT).label, author_of(spec)
    by = {} if unseen_only else {"prompt": label, "model": author}
    missing = services.items.unsummarised(catalogue, **by)
    todo = [item for item in missing if item.picture]
    failed: dict[str, str] = {}
    done = 0
    for batch in _batches(todo):
        chat = await services.models.chat(name)
        messages: dict[str, LanguageModelInput] = {}
        for item in batch:
            try:
                messages[item.item_id] = [message_of(summary_prompt(item, item.picture), spec, services.pictures)]
            except ModelError as error:  # its picture is gone
                failed[item.item_id] = str(error)
        answers = await asyncio.to_thread(chat.batch, list(messages.values()), return_exceptions=True)
        written: list[tuple[Item, ItemSummary]] = []
        described = [item for item in batch if item.item_id in messages]
        for item, answer in zip(described, answers, strict=True):
            try:
                if isinstance(answer, BaseException):
                    raise answer if isinstance(answer, ModelError) else ModelBadOutput(spec.label, "it said nothing")
                written.append((item, _summary(str(answer.text), spec, author)))
            except ModelError as error:
                failed[item.item_id] = str(error)
        services.items.put_summaries(catalogue.name, written)
        done += len(batch)
        if done == len(failed):
            raise ModelBadOutput(
                spec.label, f"none of the first {done} pictures could be described: {failed[batch[0].item_id]}"
            )
        report("looking at the pictures", done, len(todo))
    return Summarized(done - len(failed), failed)


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

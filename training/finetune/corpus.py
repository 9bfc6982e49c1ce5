"""What a run learns from, as the stores hold it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.context import TurnContext
from catalog.items import Catalogue
from catalog.pictures import PictureError, PictureStore
from graphs.services import Services
from memory.interactions import Interaction
from memory.preferences import Preference
from palate.progress import Report
from tracing.recorder import Recorder
from training.finetune.errors import TrainingRefused, listed
from training.finetune.settings import TrainSettings
from training.finetune.splits import place


@dataclass(frozen=True)
class Corpus:
    """A catalogue with its interactions.

    logs: user → events, oldest first. versions: user → preferences kept, newest first; those of nobody are missing.
    summaries: item id → what the item-summarizer wrote. broken: item id → why its picture cannot be used.
    """

    context: TurnContext
    logs: dict[str, tuple[Interaction, ...]]
    versions: dict[str, tuple[Preference, ...]]
    summaries: dict[str, str]
    broken: dict[str, str]

    @property
    def catalogue(self) -> Catalogue:
        """The items, without the pictures that cannot be used."""
        return self.context.catalogue


def read_corpus(services: Services, settings: TrainSettings, report: Report = lambda what, done, of: None) -> Corpus:
    """Read a catalogue and all that was done with it.

    Events about items that left the catalogue are passed over. Raises UnknownCatalogue, and TrainingRefused where there
    are no interactions, or pictures that cannot be used and `broken_pictures` is "refuse".
    """
    name = settings.catalogue
    context = services.turn_context(name, Recorder(None))
    context = replace(context, recommend=context.recommend.model_copy(update={"candidate_view": settings.view}))
    broken = _broken_pictures(context.catalogue, services.pictures) if settings.view != "summary" else {}
    if broken:
        context = replace(context, catalogue=_without_pictures(context.catalogue, broken, settings))
    logs, users = {}, services.log.users(name)
    for number, user in enumerate(users, 1):
        events = [
            one for one in services.log.of_user(user, name) if not one.item_id or one.item_id in context.catalogue
        ]
        if events:
            logs[user] = tuple(sorted(events, key=place))
        report("reading what people did", number, len(users))
    if not logs:
        raise TrainingRefused(
            f"the catalogue {name!r} has no interactions",
            "import it with a table of who liked what: docs/catalogue.md tells how it looks",
        )
    versions = {user: tuple(services.preferences.versions(user, name)) for user in logs}
    summaries = services.items.summaries(name, context.catalogue)
    return Corpus(context, logs, {user: kept for user, kept in versions.items() if kept}, summaries, broken)


def fingerprint(corpus: Corpus) -> str:
    """A hash of all items and events, the same for the same data."""
    digest = hashlib.sha256()
    for item in corpus.catalogue:
        digest.update(json.dumps([item.item_id, item.title, item.text, item.picture]).encode())
    for user, events in sorted(corpus.logs.items()):
        for one in events:
            record = [user, one.kind, one.item_id, one.value, one.text, one.at.isoformat()]
            digest.update(json.dumps(record).encode())
    return digest.hexdigest()


def _broken_pictures(catalogue: Catalogue, pictures: PictureStore) -> dict[str, str]:
    """Item id → why, for every item whose picture is missing or damaged."""
    broken = {}
    for item in catalogue:
        if item.picture is None:
            continue
        try:
            pictures.read(item.picture)
        except (PictureError, KeyError, OSError) as error:
            broken[item.item_id] = str(error)
    return broken


def _without_pictures(catalogue: Catalogue, broken: dict[str, str], settings: TrainSettings) -> Catalogue:
    if settings.broken_pictures == "refuse":
        lines: Sequence[str] = [f"{item_id!r}: {why}" for item_id, why in sorted(broken.items())]
        raise TrainingRefused(
            f"{len(broken)} pictures cannot be used ({listed(lines)})",
            "import the catalogue again from its source, or let these items go by their words: --broken-pictures words",
        )
    items = (item.model_copy(update={"picture": None}) if item.item_id in broken else item for item in catalogue)
    return Catalogue(catalogue.name, catalogue.schema, items)

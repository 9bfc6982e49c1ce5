"""What nodes are given, built once per process from a profile."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from agents.asking import Asker
from agents.blending import Blend, Fitted
from agents.budget import Budget
from agents.commonness import Commonness
from agents.context import TurnContext
from agents.lift import Lifts
from catalog.items import Catalogue
from catalog.pictures import PictureStore
from catalog.storage import CatalogueStore
from graphs.blends import BlendStore, BlendUnusable, StoredBlend
from graphs.threads import Threads
from memory.chroma_store import ChromaStore
from memory.collaborative import Collaborative
from memory.database import open_engine
from memory.describing import Descriptions
from memory.embedding import Embedder, index_for, load_embedder
from memory.event_log import EventLog
from memory.item_index import ItemIndex
from memory.learned import Learned
from memory.marks import Marks
from memory.preference_store import PreferenceStore
from memory.preferences import Preference
from memory.replaced_turns import ReplacedTurns
from memory.signals import ItemVectors, Signals
from memory.thread_branches import ThreadBranches
from memory.thread_names import ThreadNames
from memory.uploads import Uploads
from models.local.feature_store import FeatureStore
from models.roles import RoleModels
from profiles.keys import keys_in_use
from profiles.settings import Profile, TraceSettings
from tracing.live_export import LiveExport
from tracing.recorder import Recorder
from tracing.storage import TraceStore

_Loaded = tuple[Blend, ItemVectors, Descriptions]


@dataclass
class Services:
    """Everything a profile opens. Shared by all users of the process; nothing in it belongs to one of them.

    A Chroma directory has one owning process: opening a second one raises, and names the first.
    """

    profile: Profile
    engine: Engine
    pictures: PictureStore
    features: FeatureStore
    uploads: Uploads
    catalogues: CatalogueStore
    log: EventLog
    store: ChromaStore
    embedder: Embedder
    items: ItemIndex
    preferences: PreferenceStore
    models: RoleModels
    traces: TraceStore
    replays: TraceStore
    threads: Threads
    thread_names: ThreadNames
    thread_branches: ThreadBranches
    replaced: ReplacedTurns
    marks: Marks
    blends: BlendStore
    exported: LiveExport | None = None
    _catalogues: dict[str, Catalogue] = field(default_factory=dict)
    _collaborative: dict[str, Collaborative] = field(default_factory=dict)
    _blends: dict[str, _Loaded | BlendUnusable | None] = field(default_factory=dict)
    _commonness: dict[str, Commonness] = field(default_factory=dict)
    _lifts: dict[str, Lifts] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, profile: Profile, *, embedder: Embedder | None = None, models: RoleModels | None = None) -> Services:
        """Open the stores of a profile; no model is loaded yet.

        embedder, models: what to use in place of what the profile names.
        """
        home = profile.stores.home
        home.mkdir(parents=True, exist_ok=True)
        engine = open_engine(profile.stores.database_url)
        pictures = PictureStore(home / "pictures")
        features = FeatureStore(profile.stores.features, max_bytes=int(profile.stores.features_mb * 1e6))
        embedder = embedder or load_embedder(profile.embedder)
        store = ChromaStore.open(profile.stores.chroma or str(home / "chroma"), index=index_for(embedder))
        bounds, secrets = profile.trace, keys_in_use(profile, os.environ)
        traces = TraceStore(engine, personal_text=bounds.personal_text, secrets=secrets)
        replays = TraceStore(engine, personal_text=bounds.personal_text, secrets=secrets, replays=True)
        for kept in (traces, replays):
            prune(kept, bounds, now=datetime.now(UTC))
        return cls(
            profile=profile,
            engine=engine,
            pictures=pictures,
            features=features,
            uploads=Uploads(engine),
            catalogues=CatalogueStore(engine),
            log=(log := EventLog(engine)),
            store=store,
            embedder=embedder,
            items=ItemIndex(store, embedder),
            preferences=PreferenceStore(store),
            models=models or RoleModels(profile.models, profile.roles, pictures, features),
            traces=traces,
            replays=replays,
            exported=LiveExport(traces, bounds.otlp, _headers(bounds)) if bounds.otlp else None,
            threads=Threads(profile.stores.checkpoints),
            thread_names=ThreadNames(engine),
            thread_branches=ThreadBranches(engine),
            replaced=ReplacedTurns(engine, log),
            marks=Marks(profile.stores.marks),
            blends=BlendStore(profile.stores.blends),
        )

    def close(self) -> None:
        """Let go of the store's directory."""
        self.store.close()

    def catalogue(self, name: str) -> Catalogue:
        """The catalogue of that name, read once. Raises UnknownCatalogue."""
        with self._lock:
            if name not in self._catalogues:
                self._catalogues[name] = self.catalogues.load(name)
            return self._catalogues[name]

    def collaborative(self, name: str) -> Collaborative:
        """The collaborative signals of a catalogue, as of its newest event."""
        with self._lock:
            known = Collaborative.from_log(self.log, name, known=self._collaborative.get(name))
            self._collaborative[name] = known
            return known

    def fitted(self, name: str) -> Fitted | None:
        """The fitted blend of a catalogue, on the likings as of its newest event.

        None where none was fitted, where it must not rank (`blend_problem` says why), or where the profile says so.
        """
        if self.profile.recommend.blend == "declared":
            return None
        found = self._load_blend(name)
        if found is None or isinstance(found, BlendUnusable):
            return None
        blend, vectors, told = found
        return Fitted(blend, Signals(vectors, self.collaborative(name), told))

    def blend_problem(self, name: str) -> BlendUnusable | None:
        """Why the stored blend of a catalogue is not used; None for one that is, and where there is none."""
        found = self._load_blend(name)
        return found if isinstance(found, BlendUnusable) else None

    def _load_blend(self, name: str) -> _Loaded | BlendUnusable | None:
        with self._lock:
            if name in self._blends:
                return self._blends[name]
        found: _Loaded | BlendUnusable | None = None
        try:
            usable = self.blends.usable(name, self.log)
            if usable is not None:
                found = self._joined(*usable)
        except BlendUnusable as error:
            found = error
        with self._lock:
            return self._blends.setdefault(name, found)

    def _joined(self, stored: StoredBlend, learned: Learned) -> _Loaded:
        catalogue = self.catalogue(stored.catalogue)
        try:
            vectors, told = learned.joined(list(catalogue), *self.items.vectors(catalogue))
        except ValueError as error:
            detail = f"as its items are embedded by another model now ({error})"
            raise BlendUnusable(stored.catalogue, detail) from error
        return stored.blend, vectors, told

    def forget_cached(self, name: str | None = None) -> None:
        """Read a catalogue, or all of them, and the signals anew the next time; after an import or an erasure."""
        with self._lock:
            for known in (self._catalogues, self._collaborative, self._blends, self._commonness, self._lifts):
                known.clear() if name is None else known.pop(name, None)

    @property
    def checkpoints(self) -> Path:
        """The file that threads are kept in."""
        return self.threads.path

    def recorder(self) -> Recorder:
        """A recorder for one turn, or one that keeps nothing where traces are switched off."""
        return Recorder((self.exported or self.traces) if self.profile.trace.enabled else None)

    def budget(self, profile: Profile | None = None) -> Budget:
        """What one turn may spend, by a profile; None for the one in force."""
        bounds = (profile or self.profile).budget
        return Budget(calls=bounds.calls, tokens=bounds.tokens, seconds=bounds.seconds, usd=bounds.usd)

    def turn_context(
        self,
        catalogue: str,
        recorder: Recorder,
        budget: Budget | None = None,
        *,
        profile: Profile | None = None,
        models: RoleModels | None = None,
        log: EventLog | None = None,
        preferences: PreferenceStore | None = None,
        keep: Callable[[Preference], Awaitable[None]] | None = None,
    ) -> TurnContext:
        """What one turn is given: the shared stores, and a way to the models of its own.

        budget: that of the profile unless another is given. profile, models, log, preferences: what to use in
        place of our own, for a turn that nobody is told of. keep: see `TurnContext`.
        """
        profile = profile or self.profile
        return TurnContext(
            catalogue=self.catalogue(catalogue),
            items=self.items,
            log=log or self.log,
            preferences=preferences or self.preferences,
            embedder=self.embedder,
            collaborative=self.collaborative(catalogue),
            ask=Asker(models or self.models, self.pictures, recorder, budget or self.budget(profile)),
            recorder=recorder,
            memory=profile.memory,
            recommend=profile.recommend,
            now=lambda: datetime.now(UTC),
            fitted=self.fitted(catalogue),
            commonness=self._commonness.setdefault(catalogue, Commonness()),
            lifts=self._lifts.setdefault(catalogue, Lifts()),
            keep=keep,
        )


def prune(store: TraceStore, bounds: TraceSettings, *, now: datetime) -> int:
    """Erase what a profile keeps no longer; returns how many traces that were."""
    before = now - timedelta(days=bounds.keep_days) if bounds.keep_days is not None else None
    return store.prune(before=before, max_bytes=int(bounds.keep_mb * 1e6) if bounds.keep_mb is not None else None)


def _headers(bounds: TraceSettings) -> dict[str, str]:
    told = os.environ.get(bounds.otlp_headers_env or "", "")
    pairs = (one.partition("=") for one in told.split(",") if "=" in one)
    return {name.strip(): value.strip() for name, _, value in pairs}

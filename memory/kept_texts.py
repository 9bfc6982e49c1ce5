"""Summaries that were read, kept in memory: a turn looks at the same ones again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

Key = tuple[str, str]  # item id, hash of the content that a summary tells of

LIMIT = 20_000  # of one catalogue


class KeptTexts:
    """Catalogue → key → text, empty where there is no summary. Bounded; safe to share among threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._texts: dict[str, dict[Key, str]] = {}
        self._version = 0
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        """How often something was dropped so far."""
        return self._version

    def get(self, catalogue_name: str, keys: Iterable[Key]) -> dict[Key, str]:
        """What is kept of these, in their order."""
        kept = self._texts.get(catalogue_name, {})
        return {key: kept[key] for key in keys if key in kept}

    def keep(self, catalogue_name: str, texts: Mapping[Key, str], *, version: int) -> None:
        """Keep what was read after `version` was; not where something was dropped since, as it may be out of date."""
        with self._lock:
            if version != self._version:
                return
            kept = self._texts.get(catalogue_name, {})
            self._texts[catalogue_name] = {**(kept if len(kept) + len(texts) <= self._limit else {}), **texts}

    def drop(self, catalogue_name: str) -> None:
        """Forget what was read of a catalogue: something of it is written anew."""
        with self._lock:
            self._texts.pop(catalogue_name, None)
            self._version += 1

"""Preferences in the store: the current one of each user, searchable by its prose, and every version before it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol, cast

from langgraph.store.base import BaseStore, GetOp, Item, Op, PutOp

from memory.errors import StaleVersion
from memory.labels import id_of, label_of
from memory.preferences import Preference
from memory.records import Namespace

_EVERYTHING = 10_000_000
_saving = threading.Lock()  # reading the version and writing the next one must not interleave


class Shared(Protocol):
    """A store that processes share says so, and lets exactly one of them put an entry that is new."""

    shared: bool

    def put_new(self, namespace: Namespace, key: str, value: dict[str, Any]) -> bool:
        """Put an entry unless one is there; whether it was put."""
        ...


class PreferenceStore:
    """Preferences by user and catalogue. No call returns another user's; `similar` names whose taste is near.

    Of several processes that save one version through a Chroma server, one succeeds and the others are told that it is
    stale: a version belongs to whoever puts its entry first. Which one is current is then found from the versions
    themselves, and `similar` may for a moment see the one before.
    """

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._shared = cast(Shared, store) if getattr(store, "shared", False) else None

    def current(self, user_id: str, catalogue: str) -> Preference:
        """The newest version; version 0, empty, for someone unknown."""
        entry = self._store.get(_tastes(catalogue), label_of(user_id))
        found = Preference.model_validate(entry.value["preference"]) if entry else Preference(user_id=user_id)
        while self._shared and (later := self.version(user_id, catalogue, found.version + 1)) is not None:
            found = later  # whoever claimed it was killed before it was made current, or is doing so
        return found

    def save(self, preference: Preference, catalogue: str) -> None:
        """Keep the next version and make it current. Raises StaleVersion unless it follows the current one."""
        self.save_following([preference], catalogue)

    def save_following(self, preferences: Sequence[Preference], catalogue: str) -> None:
        """Keep the next versions of one user, which follow one another, and make the last current; all or none.

        Through a Chroma server, where each is put by itself, perhaps the first of them. Raises StaleVersion.
        """
        ops = list[Op]()
        with _saving:
            before = self.current(preferences[0].user_id, catalogue)
            for preference in preferences:
                if (stale := self._claimed(preference, before, catalogue)) is not None:
                    raise stale
                ops += self._put_version(preference, catalogue)
                before = preference
            self._store.batch([self._put_current(before, catalogue), *ops])

    def save_all(self, preferences: Sequence[Preference], catalogue: str) -> list[Exception | None]:
        """Keep the next versions of different users in one write; for each None, or that it is stale."""
        with _saving:
            outcomes, ops = list[Exception | None](), list[Op]()
            for preference, current in zip(preferences, self._all_current(preferences, catalogue), strict=True):
                stale = self._claimed(preference, current, catalogue)
                outcomes.append(stale)
                ops += [] if stale is not None else self._put(preference, catalogue)
            if ops:
                self._store.batch(ops)
        return outcomes

    def _all_current(self, preferences: Sequence[Preference], catalogue: str) -> list[Preference]:
        if len(preferences) == 1 or self._shared is not None:
            return [self.current(one.user_id, catalogue) for one in preferences]
        entries = self._store.batch([GetOp(_tastes(catalogue), label_of(one.user_id)) for one in preferences])
        return [
            Preference.model_validate(entry.value["preference"])
            if isinstance(entry, Item)
            else Preference(user_id=one.user_id)
            for one, entry in zip(preferences, entries, strict=True)
        ]

    def _claimed(self, preference: Preference, current: Preference, catalogue: str) -> StaleVersion | None:
        """None where the version is the next one, and ours; a version of a shared store is put here."""
        user_id, version = preference.user_id, preference.version
        if version != current.version + 1:
            return StaleVersion(user_id, current.version, version)
        if self._shared is None or self._shared.put_new(
            _versions(user_id, catalogue), f"{version:08d}", _value(preference)
        ):
            return None
        return StaleVersion(user_id, version, version)

    def _put(self, preference: Preference, catalogue: str) -> list[Op]:
        return [self._put_current(preference, catalogue), *self._put_version(preference, catalogue)]

    def _put_current(self, preference: Preference, catalogue: str) -> PutOp:
        return PutOp(_tastes(catalogue), label_of(preference.user_id), _value(preference), index=["prose"])

    def _put_version(self, preference: Preference, catalogue: str) -> list[PutOp]:
        """None where the version was put when it was claimed."""
        if self._shared is not None:
            return []
        versions, key = _versions(preference.user_id, catalogue), f"{preference.version:08d}"
        return [PutOp(versions, key, _value(preference), index=False)]

    def versions(self, user_id: str, catalogue: str) -> list[Preference]:
        """Every version kept, newest first; empty for someone unknown."""
        newest = self.current(user_id, catalogue).version
        ops = [GetOp(_versions(user_id, catalogue), f"{version:08d}") for version in range(newest, 0, -1)]
        entries = self._store.batch(ops) if ops else []
        return [Preference.model_validate(entry.value["preference"]) for entry in entries if isinstance(entry, Item)]

    def version(self, user_id: str, catalogue: str, version: int) -> Preference | None:
        """One version, the empty one for 0; None where that number was never given."""
        if version == 0:
            return Preference(user_id=user_id)
        entry = self._store.get(_versions(user_id, catalogue), f"{version:08d}")
        return Preference.model_validate(entry.value["preference"]) if entry else None

    def catalogues(self, user_id: str) -> list[str]:
        """The catalogues a taste of this user is kept for, sorted."""
        label = label_of(user_id)
        return sorted(id_of(name) for (_, name, _) in self._namespaces(("taste-versions", "*", label)))

    def similar(
        self, prose: str, catalogue: str, *, limit: int, exclude_user: str | None = None
    ) -> list[tuple[str, float]]:
        """(user id, cosine similarity) of the users whose current prose is nearest to this one, nearest first.

        exclude_user: left out, so that asking with one's own prose finds others. Empty for blank prose.
        """
        if not prose.strip() or limit <= 0:
            return []
        hits = self._store.search(_tastes(catalogue), query=prose, limit=limit + 1)
        near = [(id_of(hit.key), hit.score) for hit in hits if hit.score is not None]
        return [(user_id, score) for user_id, score in near if user_id != exclude_user][:limit]

    def forget(self, user_id: str) -> None:
        """Remove every version of a user's preferences, in every catalogue. Forgetting an unknown user is no error."""
        label = label_of(user_id)
        with _saving:
            ops: list[Op] = [PutOp(("tastes", name), label, None) for (_, name) in self._namespaces(("tastes", "*"))]
            for namespace in self._namespaces(("taste-versions", "*", label)):
                keys = [entry.key for entry in self._store.search(namespace, limit=_EVERYTHING)]
                ops.extend(PutOp(namespace, key, None) for key in keys)
            if ops:
                self._store.batch(ops)

    def _namespaces(self, pattern: Namespace) -> list[Namespace]:
        return self._store.list_namespaces(prefix=pattern, max_depth=len(pattern), limit=_EVERYTHING)


def _value(preference: Preference) -> dict[str, Any]:
    return {"preference": preference.model_dump(mode="json"), "prose": preference.prose}


def is_of(user_id: str, namespace: Namespace, key: str) -> bool:
    """Whether an entry of that namespace and key is a preference of this user."""
    label = label_of(user_id)
    return (namespace[:1] == ("tastes",) and key == label) or (
        namespace[:1] == ("taste-versions",) and namespace[2:] == (label,)
    )


def _tastes(catalogue: str) -> Namespace:
    return ("tastes", label_of(catalogue))


def _versions(user_id: str, catalogue: str) -> Namespace:
    return ("taste-versions", label_of(catalogue), label_of(user_id))

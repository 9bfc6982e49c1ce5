"""Everything that can go wrong with what we keep, sorted by who can act on it."""

from __future__ import annotations


class StoreError(Exception):
    """Something could not be kept or read."""


class StoreLocked(StoreError):
    """Another process owns the directory. Close it, or let both talk to a Chroma server.

    owner: the process id written in the lock file, or None where it cannot be read.
    """

    def __init__(self, directory: str, owner: int | None) -> None:
        super().__init__(directory, owner)
        self.directory, self.owner = directory, owner

    def __str__(self) -> str:
        who = f"process {self.owner}" if self.owner else "another process"
        return (
            f"the memory in {self.directory} is in use by {who}, and two processes on one directory would destroy it; "
            f"close the other one, or share it: `chroma run --path {self.directory}` and set stores.chroma to its URL"
        )


class StoreMismatch(StoreError):
    """The directory was built with another embedder or another format."""

    def __init__(self, place: str, found: str, wanted: str) -> None:
        super().__init__(place, found, wanted)
        self.place, self.found, self.wanted = place, found, wanted

    def __str__(self) -> str:
        return (
            f"the memory in {self.place} was built with {self.found}, the settings ask for {self.wanted}; "
            "set the embedder back, or choose another stores.home (or stores.chroma) and import again"
        )


class StoreNewer(StoreError):
    """The directory or server was written by a newer version than this one reads."""

    def __init__(self, place: str, found: str, known: str) -> None:
        super().__init__(place, found, known)
        self.place, self.found, self.known = place, found, known

    def __str__(self) -> str:
        return (
            f"the memory in {self.place} was written by a newer version ({self.found}; this one reads {self.known}); "
            "upgrade (`pip install --upgrade palate`), or take it over: ChromaStore.export there, ChromaStore.load here"
        )


class StoreDamaged(StoreError):
    """The vectors cannot be read, and could not be made anew from the entries, which are whole."""

    def __init__(self, place: str, damage: str, why: str) -> None:
        super().__init__(place, damage, why)
        self.place, self.damage, self.why = place, damage, why

    def __str__(self) -> str:
        return (
            f"the index of the memory in {self.place} is damaged ({self.damage}) and could not be built anew from its "
            f"entries ({self.why}); open it without `index` to read them, or with an embedder that works to repair it"
        )


class StoreUnreachable(StoreError):
    """No Chroma server answers at the URL of the settings."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(url, detail)
        self.url, self.detail = url, detail

    def __str__(self) -> str:
        return f"no Chroma server answers at {self.url} ({self.detail}); start it or correct stores.chroma"


class StoreFailed(StoreError):
    """Chroma refused or broke during one operation; nothing of that operation was acknowledged."""

    def __init__(self, place: str, action: str, detail: str) -> None:
        super().__init__(place, action, detail)
        self.place, self.action, self.detail = place, action, detail

    def __str__(self) -> str:
        return f"the memory in {self.place} failed to {self.action} ({self.detail}); check free disk space and rights"


class StoreClosed(StoreError):
    """The store was closed, or belongs to the process this one was forked from."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place, self.reason = place, reason

    def __str__(self) -> str:
        return f"the memory in {self.place} {self.reason}; open it again with ChromaStore.from_conn_string"


class DatabaseFailed(StoreError):
    """The SQL database cannot be opened or written."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(url, detail)
        self.url, self.detail = url, detail

    def __str__(self) -> str:
        return f"the database {self.url} cannot be used ({self.detail}); check its path, rights and free space"


class StaleVersion(StoreError):
    """The preference moved on since it was read. Read it again and redo the change."""

    def __init__(self, user_id: str, current: int, offered: int) -> None:
        super().__init__(user_id, current, offered)
        self.user_id, self.current, self.offered = user_id, current, offered

    def __str__(self) -> str:
        return (
            f"the preference of {self.user_id!r} is at version {self.current}, so version {self.offered} cannot "
            f"follow; read it again and save version {self.current + 1}"
        )


class UnknownTaste(StoreError):
    """Nothing is kept of this user in this catalogue."""

    def __init__(self, user_id: str, catalogue: str) -> None:
        super().__init__(user_id, catalogue)
        self.user_id, self.catalogue = user_id, catalogue

    def __str__(self) -> str:
        return (
            f"no taste of {self.user_id!r} is kept in the catalogue {self.catalogue!r}; "
            "check the user and the catalogue, or say first what you like: palate chat"
        )


class UnknownUser(StoreError):
    """No store holds anything of this user."""

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        return (
            f"nothing is held of {self.user_id!r}, so there is nothing to forget; check the name and PALATE_HOME "
            "(`palate trace list` shows who was here)"
        )


class BeingForgotten(StoreError):
    """Somebody asked for this user to be forgotten, and it is not finished. Nothing of theirs is read or written."""

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        who = repr(self.user_id)
        return f"{who} is being forgotten, and that was broken off; finish it: palate taste forget {who}"


class BadExport(StoreError):
    """A file is no whole export of a user or a store. Nothing of it was restored, but perhaps pictures of it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"this export cannot be restored: {self.what}; give a file as it was exported, unchanged"


class AlreadyHeld(StoreError):
    """Something is held of the user already, and an export is restored into nothing."""

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        who = repr(self.user_id)
        return (
            f"something is held of {who} here already, and two histories do not become one; "
            f"keep it (palate taste export --user {who}), then: palate taste forget {who}"
        )


class UnknownVersion(StoreError):
    """The taste has no version of that number. newest: the last one there is."""

    def __init__(self, user_id: str, version: int, newest: int) -> None:
        super().__init__(user_id, version, newest)
        self.user_id, self.version, self.newest = user_id, version, newest

    def __str__(self) -> str:
        return (
            f"the taste of {self.user_id!r} has no version {self.version}; "
            f"write one from 0, which is empty, to {self.newest}"
        )


class UnknownFact(StoreError):
    """No fact of that name is held, or several are. near: the ids it may mean, most likely first."""

    def __init__(self, name: str, near: tuple[str, ...], several: bool = False) -> None:
        super().__init__(name, near, several)
        self.name, self.near, self.several = name, near, several

    def __str__(self) -> str:
        what = f"{self.name!r} names several facts" if self.several else f"no fact {self.name!r} is held"
        remedy = f"write {' or '.join(self.near)}" if self.near else "`palate taste show` lists those that are"
        return f"{what}; {remedy}"


class EmbedderFailed(StoreError):
    """Texts could not be turned into vectors."""

    def __init__(self, name: str, detail: str, remedy: str) -> None:
        super().__init__(name, detail, remedy)
        self.name, self.detail, self.remedy = name, detail, remedy

    def __str__(self) -> str:
        return f"the embedder {self.name!r} failed: {self.detail}; {self.remedy}"

"""Forgetting a user: what goes in which order, and the proof that nothing of them is left in any file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from graphs.belongings import Held, bytes_of_others, held_of, pictures_of_others, sought_of
from graphs.services import Services
from memory.database import rebuild
from memory.file_scan import Needle, Search, Sought, files_under
from memory.marks import Mark

_ROUNDS = 3
Report = Callable[[str, int, int], None]  # what is being done, done so far, of how many


@dataclass(frozen=True)
class Remains:
    """Something of the user that was found. where: a file, or the stores. what: the words, or what it is."""

    where: str
    what: str


@dataclass(frozen=True)
class Proof:
    """What was read, what was sought in it, and what was found.

    erased: what the stores held before. texts, vectors, pictures: how many of each were sought; a long text counts by
    its pieces. shared: how many of the texts and vectors are also others' own, or a catalogue's, and stand where those
    keep them. unread: files that could not be read, and why. beyond: what cannot be read from here, and what to do.
    """

    user_id: str
    erased: Held
    files: int
    size: int
    texts: int
    vectors: int
    pictures: int
    shared: int
    remains: tuple[Remains, ...]
    unread: tuple[str, ...]
    beyond: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found and every file was read."""
        return not self.remains and not self.unread


def forget(
    services: Services,
    user_id: str,
    *,
    now: datetime,
    also: Iterable[str] = (),
    report: Report = lambda what, done, of: None,
) -> Proof:
    """Erase all of a user, write anew what keeps what was erased, and read every file to prove it.

    From the first moment a mark on the disk refuses the user's turns and readings. It goes when the proof holds;
    killed before, or with a proof that does not hold, the same call finishes. also: further texts to seek. What others
    hold stays. No other process may act for the user meanwhile. Raises StoreError and OSError; the mark then stays.
    """
    held, mark = held_of(services, user_id), services.marks.of(user_id)
    sought = _together(sought_of(services, user_id), mark.sought if mark else Sought(), Sought(tuple(also)))
    services.marks.put(Mark(user_id, mark.began_at if mark else now, sought))
    shared_pictures = pictures_of_others(services, user_id, sought.pictures)
    sought = Sought(sought.texts, sought.vectors, sought.pictures - shared_pictures)
    for number, erase in enumerate(ERASURES):
        report("erasing", number, len(ERASURES))
        erase(services, user_id, sought)
    report("erasing", len(ERASURES), len(ERASURES))
    write_anew(services, report)
    services.forget_cached()
    proof = prove(services, user_id, sought, held, report)
    if proof.holds:
        services.marks.drop(user_id)
    return proof


def erase_record(services: Services, user_id: str, sought: Sought) -> None:
    """The events: first, for all else could be made from them again."""
    services.log.forget(user_id)


def erase_traces(services: Services, user_id: str, sought: Sought) -> None:
    """The turns as they were recorded, and as they were replayed."""
    services.traces.forget(user_id)
    services.replays.forget(user_id)


def erase_preferences(services: Services, user_id: str, sought: Sought) -> None:
    """Every version of the taste, with its vectors."""
    services.preferences.forget(user_id)


def erase_threads(services: Services, user_id: str, sought: Sought) -> None:
    """The conversations, what they were called, and where they branched off."""
    services.threads.forget(user_id)
    services.thread_names.forget(user_id)
    services.thread_branches.forget(user_id)


def erase_pictures(services: Services, user_id: str, sought: Sought) -> None:
    """The pictures that only this user sent with what models made of them, then that they sent any."""
    for picture in sorted(sought.pictures):
        services.features.discard(picture)
        services.pictures.discard(picture)
    services.pictures.sweep()
    services.uploads.forget(user_id)


ERASURES = (erase_record, erase_traces, erase_preferences, erase_threads, erase_pictures)


def write_anew(services: Services, report: Report = lambda what, done, of: None) -> None:
    """Write anew every file that keeps what was erased from it: SQLite's pages and logs, and all of Chroma's."""
    rebuild(services.engine)
    services.threads.rebuild()
    services.store.rebuild(lambda done, of: report("writing the memory anew", done, of))


def prove(services: Services, user_id: str, sought: Sought, erased: Held, report: Report) -> Proof:
    """Read every file of ours to the last byte for what is sought, and ask every store what it holds of the user.

    Asking is reading too, after which files that changed meanwhile are read again.
    """
    search, reading, shared, still = Search(sought), _Reading({}, {}, {}), set[Needle](), held_of(services, user_id)
    for _ in range(_ROUNDS):
        if not _read_changed(services, search, reading, report):
            break
        shared = _held_by_others(services, user_id, sought, set().union(*reading.found.values()))
        still = held_of(services, user_id)
    remains = [
        Remains(str(path), _told(needle))
        for path, needles in reading.found.items()
        for needle in sorted(needles - shared)
    ]
    return Proof(
        user_id=user_id,
        erased=erased,
        files=len(reading.found),
        size=sum(size for size, _ in reading.seen.values()),
        texts=search.texts,
        vectors=len(sought.vectors),
        pictures=len(sought.pictures),
        shared=len(shared),
        remains=tuple(remains) if still.nothing else (Remains("the stores themselves", str(still)), *remains),
        unread=tuple(f"{path} ({why})" for path, why in reading.unread.items()),
        beyond=tuple(_beyond(services, user_id)),
    )


@dataclass(frozen=True)
class _Reading:
    """What was read so far. found: path → what stands there. seen: path → size and time of change when it was read."""

    found: dict[Path, set[Needle]]
    seen: dict[Path, tuple[int, int]]
    unread: dict[Path, str]


def _read_changed(services: Services, search: Search, reading: _Reading, report: Report) -> int:
    """Read the files that are new or changed since they were read; returns how many those were."""
    files = files_under(_roots(services), leave_out=[services.marks.folder])
    fresh = [one for one in files if one[0] not in reading.unread and reading.seen.get(one[0]) != _state(one[0])]
    for number, (path, name) in enumerate(fresh):
        report("reading every file", len(files) - len(fresh) + number, len(files))
        try:
            reading.seen[path] = _state(path)
            reading.found[path] = search.in_file(path, name)
        except FileNotFoundError:  # a database's own, gone since
            reading.seen.pop(path, None)
            reading.found.pop(path, None)
        except OSError as error:
            reading.unread[path] = error.strerror or str(error)
    report("reading every file", len(files), len(files))
    return len(fresh)


def _state(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except FileNotFoundError:
        return 0, 0
    return about.st_size, about.st_mtime_ns


def _held_by_others(services: Services, user_id: str, sought: Sought, found: set[Needle]) -> set[Needle]:
    """Which of the needles found are others' own: the same words or vectors in what is not this user's."""
    vectors = {int(one.told): sought.vectors[int(one.told)] for one in found if one.kind == "vector"}
    texts = tuple(one.told for one in found if one.kind == "text")
    if not texts and not vectors:
        return set()
    search, held, numbers = Search(Sought(texts, tuple(vectors.values()))), set[Needle](), list(vectors)
    for data in bytes_of_others(services, user_id):
        held |= search.in_bytes(data)
    return {Needle("vector", str(numbers[int(one.told)])) if one.kind == "vector" else one for one in held}


def _roots(services: Services) -> list[Path]:
    """Every folder and file that a profile keeps anything in."""
    stores, url = services.profile.stores, services.engine.url
    roots = [stores.home]
    if services.engine.dialect.name == "sqlite" and url.database:
        roots += [Path(url.database + end) for end in ("", "-wal", "-shm", "-journal")]
    return roots if _is_server(stores.chroma_place) else [*roots, Path(stores.chroma_place).expanduser()]


def _beyond(services: Services, user_id: str) -> Iterable[str]:
    """What is out of reach of a scan, and what to do there."""
    if services.engine.dialect.name != "sqlite":
        yield (
            f"the database {services.engine.url.render_as_string(hide_password=True)}: the rows are deleted, but its "
            "pages, its log and its backups can only be read where it runs; "
            "run there: VACUUM FULL interactions, thread_branches, thread_names, traces, uploads"
        )
    if _is_server(place := services.profile.stores.chroma_place):
        yield (
            f"the Chroma server {place}: the entries are deleted, but its files keep text and vectors until they are "
            f"written anew; stop it and run: palate taste forget {user_id!r} --seek 'WORDS OF THEIRS' "
            "--set stores.chroma=ITS_DIRECTORY"
        )


def _is_server(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _together(*several: Sought) -> Sought:
    texts = tuple(sorted({text for one in several for text in one.texts}))
    vectors = {vector.tobytes(): vector for one in several for vector in one.vectors}
    return Sought(texts, tuple(vectors.values()), frozenset().union(*(one.pictures for one in several)))


def _told(needle: Needle) -> str:
    match needle.kind:
        case "text":
            return f"“{needle.told}”"
        case "vector":
            return "a vector of their taste"
        case _:
            return f"the picture {needle.told[:12]}…"

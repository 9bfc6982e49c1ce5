"""The conversations as they are kept: a checkpoint for each turn, in a file that a running session writes as well."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ormsgpack
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_KW_ARGS, JsonPlusSerializer
from pydantic import BaseModel

from agents.state import Candidate, Citation, Critique, FunnelStep, Message, Reaction, SlateItem, Standing, TurnState
from catalog.filters import Filter
from graphs.turn import build_turn
from memory.database import open_engine, rebuild
from memory.errors import DatabaseFailed
from memory.labels import label_of

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.sqlite import SqliteSaver

STATE_TYPES = (Candidate, Citation, Critique, Filter, FunnelStep, Message, Reaction, SlateItem, Standing)
KEPT = tuple(field.name for field in fields(TurnState) if field.name != "candidates")  # what a checkpoint holds
_BUSY_TIMEOUT_S = 30
_OPTIONS = (
    ormsgpack.OPT_NON_STR_KEYS
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_UUID
    | ormsgpack.OPT_REPLACE_SURROGATES
)  # LangGraph's own


def thread_key(user_id: str, thread_id: str) -> str:
    """A thread belongs to its user: the same thread id of another user is another thread."""
    return f"{label_of(user_id)}/{thread_id}"


class TurnSerializer(JsonPlusSerializer):
    """How checkpoints are written: as LangGraph does, sooner, and no type but those of a turn is ever revived.

    LangGraph tries some twenty kinds on each value that is none of msgpack's own, and those of a turn come last.
    """

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=list(STATE_TYPES))

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of writing, and the value in it; see `SerializerProtocol`."""
        if obj is None or isinstance(obj, bytes | bytearray):
            return super().dumps_typed(obj)
        try:
            return "msgpack", ormsgpack.packb(obj, default=_packed, option=_OPTIONS)
        except ormsgpack.MsgpackEncodeError:  # something that is no part of a turn
            return super().dumps_typed(obj)


def _packed(value: Any) -> ormsgpack.Ext:
    """A value of a turn as LangGraph writes one: where its type is found, and what it is made of."""
    kind = type(value)
    parts = {name: getattr(value, name) for name in _PARTS[kind]}
    told = (kind.__module__, kind.__name__, parts)
    return ormsgpack.Ext(EXT_CONSTRUCTOR_KW_ARGS, ormsgpack.packb(told, default=_packed, option=_OPTIONS))


def _parts(kind: type[Any]) -> tuple[str, ...]:
    return tuple(kind.model_fields) if issubclass(kind, BaseModel) else tuple(field.name for field in fields(kind))


_PARTS = {kind: _parts(kind) for kind in STATE_TYPES}


class Threads:
    """The file of all conversations, read and put right from outside a session. Every call raises DatabaseFailed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ids(self, user_id: str) -> list[str]:
        """The threads of a user, sorted."""
        mine = thread_key(user_id, "")
        with self._saver() as saver:
            keys = saver.conn.execute("SELECT DISTINCT thread_id FROM checkpoints") if saver else ()
            return sorted(key[len(mine) :] for (key,) in keys if key.startswith(mine))

    def turns(self, user_id: str, thread_id: str) -> list[TurnState]:
        """What each turn of a thread came to, oldest first, replaced ones too; empty for one not of this user."""
        return [turn for _, turn in self.steps(user_id, thread_id)]

    def steps(self, user_id: str, thread_id: str) -> list[tuple[TurnState, TurnState]]:
        """What the conversation had come to before each turn, and what the turn came to; in the order of `turns`."""
        with self._saver() as saver:
            snapshots = list(build_turn(saver).get_state_history(_config(user_id, thread_id))) if saver else []
        states = {_id(snapshot.config): state_of(snapshot.values) for snapshot in snapshots}
        return [
            (states.get(_id(snapshot.parent_config), TurnState()), states[_id(snapshot.config)])
            for snapshot in reversed(snapshots)
            if snapshot.values
        ]

    def restore(self, user_id: str, thread_id: str, turns: Sequence[TurnState]) -> None:
        """Append turns to a thread as if they had taken place there; a thread that is not there begins with them."""
        with self._saver(make=True) as saver:
            graph = build_turn(saver)
            for turn in turns:
                values = {name: getattr(turn, name) for name in KEPT}
                graph.update_state(_config(user_id, thread_id), values, as_node="respond")

    def delete(self, user_id: str, *thread_ids: str) -> None:
        """Erase threads of a user. One already gone is no error."""
        with self._saver() as saver:
            if saver is not None:
                for thread_id in thread_ids:
                    saver.delete_thread(thread_key(user_id, thread_id))

    def forget(self, user_id: str) -> int:
        """Erase every thread of a user; returns how many that were."""
        own = self.ids(user_id)
        self.delete(user_id, *own)
        return len(own)

    def rows_of_others(self, user_id: str) -> Iterator[bytes]:
        """Everything kept of the threads that are not this user's, row by row, as bytes."""
        mine = thread_key(user_id, "")
        with self._saver() as saver:
            if saver is None:
                return
            for table in ("checkpoints", "writes"):
                for row in saver.conn.execute(f"SELECT * FROM {table}"):
                    if not row[0].startswith(mine):
                        yield b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in row)

    def rebuild(self) -> None:
        """Write the file anew, so that it holds nothing of what was erased."""
        if self.path.exists():
            engine = open_engine(f"sqlite:///{self.path}")
            rebuild(engine)
            engine.dispose()

    @contextmanager
    def _saver(self, *, make: bool = False) -> Iterator[SqliteSaver | None]:
        """The file as LangGraph reads and writes it; None where there is none and none is to be made."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        if not make and not self.path.exists():
            yield None
            return
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)) as connection:
                connection.execute("PRAGMA secure_delete=ON")
                saver = SqliteSaver(connection, serde=TurnSerializer())
                saver.setup()
                yield saver
        except sqlite3.Error as error:
            raise DatabaseFailed(str(self.path), str(error)) from error


def state_of(values: dict[str, Any]) -> TurnState:
    """The state a checkpoint holds, which may give lists for tuples; of an empty one that of no turn."""
    kept: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
    return TurnState(**kept)


def _id(config: RunnableConfig | None) -> str:
    """The id of the checkpoint a configuration names."""
    return str(config["configurable"].get("checkpoint_id", "")) if config else ""


def _config(user_id: str, thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_key(user_id, thread_id)}}

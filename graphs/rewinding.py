"""Going back in a conversation: which of its turns stand, where the next one begins, and replacing those after it.

A turn is replaced by taking the next one from the checkpoint before it. Which turns were replaced is told by the event
log, at once and as a whole; the checkpoints of replaced turns stay, and nothing goes on from them. So a kill at any
moment leaves a conversation either as it was or without the turns that were to go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import dropwhile

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot

from agents.context import TurnContext
from agents.state import TurnState
from graphs.threads import state_of, thread_key
from memory.interactions import Interaction
from memory.replaced_turns import ReplacedTurns

Graph = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]


class AlreadyReplaced(Exception):
    """A turn that is to be replaced was replaced before, perhaps from another page."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(turn_id)
        self.turn_id = turn_id

    def __str__(self) -> str:
        return "that turn was replaced meanwhile, so nothing was asked; load the page anew to see how the talk goes on"


def standing(turns: Sequence[TurnState], user_id: str, replaced: ReplacedTurns) -> list[TurnState]:
    """The turns that were not replaced, in their order. Raises DatabaseFailed."""
    gone = replaced.among(user_id, [turn.turn_id for turn in turns])
    return [turn for turn in turns if turn.turn_id not in gone]


async def standing_turns(
    graph: Graph, user_id: str, thread_id: str, replaced: ReplacedTurns, *, limit: int | None = None
) -> list[TurnState]:
    """What each of the last turns that stand came to, oldest first. Raises DatabaseFailed."""
    enough = None if replaced.any_of(user_id) else limit  # else the last ones may all be gone
    history = graph.aget_state_history(newest_of(user_id, thread_id), limit=enough)
    turns = [state_of(one.values) async for one in history if one.values]
    found = standing(turns[::-1], user_id, replaced)
    return found[-limit:] if limit is not None else found


async def replace_turns(
    graph: Graph, user_id: str, thread_id: str, turn_ids: Sequence[str], replaced: ReplacedTurns, *, catalogue: str
) -> list[Interaction]:
    """Take these turns and all after the first of them out of a conversation; gives what they taught, void now.

    A turn that left no checkpoint, as it was stopped or failed, may be among them. Raises AlreadyReplaced where the
    first was before, and DatabaseFailed.
    """
    first = turn_ids[0]
    if replaced.among(user_id, [first]):
        raise AlreadyReplaced(first)
    turns = await standing_turns(graph, user_id, thread_id, replaced)
    later = [turn.turn_id for turn in dropwhile(lambda turn: turn.turn_id not in turn_ids, turns)]
    return replaced.add(user_id, catalogue, list(dict.fromkeys([*turn_ids, *later])), at=datetime.now(UTC))


def newest_of(user_id: str, thread_id: str) -> RunnableConfig:
    """The newest checkpoint of a conversation, whichever that is."""
    return RunnableConfig(configurable={"thread_id": thread_key(user_id, thread_id)})


async def base_of(
    graph: Graph, saver: BaseCheckpointSaver[str], newest: RunnableConfig, user_id: str, replaced: ReplacedTurns
) -> RunnableConfig:
    """The checkpoint that the next turn of a conversation of this user goes on from. Raises DatabaseFailed."""
    if not _gone(await graph.aget_state(newest), user_id, replaced):
        return newest
    async for snapshot in graph.aget_state_history(newest):
        if not _gone(snapshot, user_id, replaced):
            return snapshot.config
    root = RunnableConfig(configurable=newest["configurable"] | {"checkpoint_ns": ""})
    return await saver.aput(root, empty_checkpoint(), {"source": "fork", "step": -1, "parents": {}}, {})


def _gone(snapshot: StateSnapshot, user_id: str, replaced: ReplacedTurns) -> bool:
    turn_id = snapshot.values.get("turn_id", "")
    return bool(turn_id) and turn_id in replaced.among(user_id, [turn_id])

"""What a checkpoint holds is written sooner than by LangGraph's own serializer, and read as that one reads it."""

import dataclasses
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agents.state import Candidate, Citation, Critique, FunnelStep, Message, Reaction, SlateItem, Standing
from catalog.filters import Filter
from graphs.threads import STATE_TYPES, TurnSerializer

FILTER = Filter(attribute="price", op="below", value=40.0)
VALUES = (
    Candidate("i01", semantic=0.5, weighed={"text": 0.25}, p_yes=0.75, kind="local"),
    Citation("fact", "f1", "like subject: fox 🦊"),
    Critique("darker", about=("i01",), quality="brightness", towards=("dark",), away=("bright",)),
    Critique("cheaper than 40 EUR", condition=FILTER),
    FILTER,
    FunnelStep("filters", 12, "price < 40"),
    Message("user", "lone surrogate \ud800, null \x00"),
    Reaction("i01", "like"),
    SlateItem("i01", "Quiet Hour", None, "none", "Because.", (Citation("summary", "i01", "A fox."),)),
    Standing((FILTER,), ("calm",), (Critique("darker"),), "a fox", ("i01", "i02")),
)


def test_every_type_of_a_turn_is_among_what_is_tried():
    assert {type(value) for value in VALUES} == set(STATE_TYPES)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_read_as_if_langgraph_had_written_it(value):
    ours, theirs = TurnSerializer(), JsonPlusSerializer(allowed_msgpack_modules=list(STATE_TYPES))
    [read] = ours.loads_typed(ours.dumps_typed((value,)))
    [expected] = ours.loads_typed(theirs.dumps_typed((value,)))
    assert read == expected
    assert theirs.loads_typed(ours.dumps_typed((value,))) == [expected]
    assert type(read) is type(value)


def test_what_is_no_part_of_a_turn_is_written_as_langgraph_does():
    ours, theirs = TurnSerializer(), JsonPlusSerializer()
    for value in (None, b"bytes", {"at": datetime(2026, 1, 1, tzinfo=UTC), "id": uuid4(), "names": {"a", "b"}}):
        assert ours.dumps_typed(value) == theirs.dumps_typed(value)


def test_another_type_is_not_revived():
    @dataclasses.dataclass
    class Stranger:
        name: str

    ours = TurnSerializer()
    assert ours.loads_typed(ours.dumps_typed([Stranger("x")])) == [{"name": "x"}]

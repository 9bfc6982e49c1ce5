"""A trace as it is drawn: the same facts, in an order and in shares that a page can use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracing.events import DecisionRow, FunnelStep, ModelCall, StepEnded, Trace, TurnEnded
from tracing.reading import (
    cost_told,
    decision_table,
    narrowing,
    parts_named,
    ranked,
    spans,
    time_told,
    whole_seconds,
    why_line,
)

times = st.floats(0, 100, allow_nan=False)


def trace_of(*events) -> Trace:
    return Trace(events=events)


def test_steps_and_calls_come_in_the_order_they_began_a_call_after_the_step_it_serves():
    trace = trace_of(
        ModelCall(role="recommender", model="m", kind="decide", after_s=3, seconds=2),
        StepEnded(step="decide", after_s=3, seconds=2),
        StepEnded(step="understand", after_s=1, seconds=1),
    )
    assert [span.name for span in spans(trace)] == ["understand", "decide", "recommender · decide"]


@given(st.lists(st.tuples(times, times), min_size=1, max_size=8), times)
def test_every_bar_lies_on_the_line_whatever_was_recorded(moments, whole):
    trace = trace_of(*(StepEnded(step="s", after_s=after, seconds=seconds) for after, seconds in moments))
    for line in (whole, whole_seconds(trace)):
        for span in spans(trace):
            begin, length = span.bar(line)
            assert 0 <= begin <= 1
            assert length >= 0
            assert begin + length <= 1 + 1e-9


def test_a_bar_begins_where_its_step_began_and_is_as_long_as_it_took():
    trace = trace_of(StepEnded(step="decide", after_s=3, seconds=1), TurnEnded(seconds=4, after_s=4))
    [span] = spans(trace)
    assert span.bar(whole_seconds(trace)) == (0.5, 0.25)


def test_the_funnel_says_what_each_step_took_away_and_nothing_where_none_was():
    trace = trace_of(
        FunnelStep(step="catalogue", count=600),
        FunnelStep(step="filters", count=120, rule="price ≤ 40"),
        FunnelStep(step="retrieved", count=120),
        FunnelStep(step="told", count=20, dropped=7),
    )
    assert [step.dropped for step in narrowing(trace)] == [None, 480, None, 7]
    assert narrowing(trace)[1].rule == "price ≤ 40"


def test_decisions_come_with_the_slate_first_and_then_by_their_blend():
    rows = [("out", 0.9, None), ("second", 0.1, 2), ("worse", 0.2, None), ("first", 0.0, 1)]
    trace = trace_of(*(DecisionRow(item_id=i, p_yes=None, blend=b, place=p, parts={i: b}) for i, b, p in rows))
    assert [row.item_id for row in ranked(trace)] == ["first", "second", "out", "worse"]
    assert parts_named(ranked(trace)) == ["first", "second", "out", "worse"]


def test_the_decision_table_has_the_same_columns_in_every_row_and_nothing_where_nothing_is_known():
    trace = trace_of(
        DecisionRow(
            item_id="a", p_yes=0.8, mass=0.9, kind="local", parts={"model": 1.4, "popularity": 0.1}, blend=1.5, place=1
        ),
        DecisionRow(item_id="b", p_yes=None, kind="none", parts={"popularity": 0.2}, blend=0.2),
    )
    first, second = decision_table(trace, {"a": "Fox", "b": "Owl"}.__getitem__)
    assert first == {
        "place": 1, "candidate": "Fox", "p(yes)": 0.8, "mass": 0.9, "kind": "local", "+ model": 1.4,
        "+ popularity": 0.1, "blend": 1.5,
    }  # fmt: skip
    assert list(second) == list(first)
    assert (second["place"], second["p(yes)"], second["+ model"]) == (None, None, None)
    assert decision_table(trace_of(), str) == []


def test_an_item_is_told_where_it_stands_by_its_blend_and_where_it_was_shown():
    trace = trace_of(
        DecisionRow(item_id="a", p_yes=0.25, blend=-1.2, place=1),
        DecisionRow(item_id="b", p_yes=None, blend=0.2),
    )
    assert why_line(trace, "a") == "p(yes) 0.250; its blend of -1.20 is number 2 of 2, and it was shown at place 1."
    assert why_line(trace, "b") == "No model judged it; its blend of +0.20 is number 1 of 2, and it was not shown."
    assert "did not come through the funnel" in why_line(trace, "c")


def test_time_is_told_with_the_part_that_was_our_own_and_an_unknown_cost_as_unknown():
    ended = trace_of(TurnEnded(seconds=3.1, model_seconds=2.6))
    assert time_told(ended) == "3.10 s, of which models 2.60 s and our own 0.50 s"
    assert time_told(trace_of()) == ""
    assert [cost_told(cost) for cost in (None, 0.0, 0.01234)] == ["unknown", "$0", "$0.0123"]


@pytest.mark.parametrize("events", [(), (TurnEnded(seconds=1),)])
def test_a_trace_without_steps_draws_nothing(events):
    assert spans(trace_of(*events)) == narrowing(trace_of(*events)) == ranked(trace_of(*events)) == []

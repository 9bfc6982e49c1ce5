"""The drawing of the graph is of the graph that runs."""

import pytest

from graphs.recommend import build_recommend
from tests.world import talk


@pytest.fixture
def session(start):
    return start()


async def test_the_steps_taken_are_the_steps_drawn(session):
    result, _ = await talk(session, "ann", "show me a fox")
    trace = session.traces.get(result.trace_id)
    drawn = [name for name in build_recommend().get_graph().nodes if not name.startswith("__")]
    assert [step.step for step in trace.events if step.type == "step_ended"] == [
        "understand",
        "update_preference",
        *drawn,
        "respond",
    ]
    told = [(step.step, step.count) for step in result.funnel]
    assert [(step.step, step.count) for step in trace.events if step.type == "funnel"] == told


def test_the_drawing_in_the_docs_is_of_the_graph_as_it_is():
    from graphs.drawing import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m graphs.drawing"

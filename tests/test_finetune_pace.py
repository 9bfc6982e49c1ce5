"""A run says how long it takes in all, and one with a limit ends within it, judged."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import MANIFEST_FILE, read_manifest
from tests.finetune_shop import copied, open_shop, prepared_run, settings, train
from tests.tiny import make_tiny_checkpoint
from training.finetune.pace import Pace


def trained(*, steps, every, step_s, list_s, validated, judged, minutes=None):
    """A training in imagined time. Returns the steps made, the seconds it took, and what was told after each step."""
    now, told = [0.0], []
    pace = Pace(
        lambda *one: told.append(one),
        list_s=lambda: list_s, validated=validated, judged=judged, minutes=minutes, clock=lambda: now[0],
    )  # fmt: skip
    args, control = SimpleNamespace(eval_steps=every), SimpleNamespace(should_training_stop=False)
    pace.on_train_begin(args, None, control)
    for step in range(1, steps + 1):
        state = SimpleNamespace(global_step=step, max_steps=steps)
        control.should_evaluate = control.should_save = step % every == 0
        pace.on_step_begin(args, state, control)
        now[0] += step_s
        pace.on_step_end(args, state, control)
        now[0] += validated * list_s if control.should_evaluate else 0
        if control.should_training_stop:
            assert control.should_evaluate
            assert control.should_save
            break
    assert pace.out_of_time is control.should_training_stop
    return step, now[0] + judged * list_s, told


RUNS = {
    "steps": st.integers(1, 60),
    "every": st.integers(1, 20),
    "step_s": st.floats(0.1, 100),
    "list_s": st.floats(0, 10),
    "validated": st.integers(1, 50),
    "judged": st.integers(1, 150),
}


@given(**RUNS)
def test_a_steady_run_takes_as_long_as_was_told_from_the_first_step_on(**run):
    steps, seconds, told = trained(**run)
    assert steps == run["steps"]
    assert {what for what, _, _ in told} == {"minutes in all"}
    assert all(abs(whole - seconds / 60) <= 1 for _, _, whole in told)
    assert told[-1][1] <= told[-1][2]


@given(**RUNS, share=st.floats(0.01, 1.5))
def test_a_limit_is_kept_and_used(share, **run):
    whole = trained(**run)[1]
    validation = run["validated"] * run["list_s"]
    least = run["step_s"] + validation + run["judged"] * run["list_s"]  # no run can do less
    limit = max(least, share * whole) + 1e-6
    steps, seconds, _ = trained(**run, minutes=limit / 60)
    assert seconds <= limit * (1 + 1e-9) + 1e-6
    if steps < run["steps"]:
        assert seconds + run["step_s"] + 2 * validation >= limit  # no more would have fitted


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def fresh(home, tmp_path_factory):
    tiny = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    session = open_shop(home)
    run, _ = prepared_run(session, settings(tiny), tmp_path_factory.mktemp("runs") / "fresh")
    session.services.close()
    return run


@pytest.mark.parametrize(("minutes", "steps", "why"), [(1e-6, 1, "out of time"), (60, 6, "all steps")])
def test_a_run_out_of_time_is_validated_saved_and_judged_all_the_same(minutes, steps, why, fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    figures = train(run, home, minutes=minutes)
    training = read_manifest(run / "model" / MANIFEST_FILE).training
    assert (training["steps"], training["ended"]) == (steps, why)
    assert training["best_step"] <= steps
    assert figures["test"]["model"]["auc"]["lists"] == 6

"""The page of results: what was evaluated, and an evaluation run, watched and stopped."""

from __future__ import annotations

import sys
import time

import pytest

from graphs.results import FILE, ResultStore
from tests.test_results import made
from tests.ui_world import made_host, open_page, picture_bytes, texts
from ui.evaluating import EvaluationFailed
from ui.host import Host

pytest_plugins = ("tests.ui_world",)

STEP = 'import json, sys; print(json.dumps({"what": "blocks folded", "done": 1, "of": 4}), file=sys.stderr, flush=True)'


@pytest.fixture
def store(real):
    return ResultStore(real.services.profile.stores.results)


@pytest.fixture
def command(monkeypatch):
    """What is run in place of a real evaluation; the page does not know."""

    def run(script):
        monkeypatch.setattr(
            "ui.results_page.memory_command", lambda *profile, **settings: [sys.executable, "-c", script]
        )

    return run


def until_over(page):
    """Look at the page again until nothing is under way any more."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        page.run()
        assert not page.exception, page.exception
        if [one for one in page.button if one.key == "run-evaluation"]:
            return page
        time.sleep(0.05)
    raise AssertionError("the evaluation did not end")


def test_an_empty_page_teaches_what_can_be_evaluated(real):
    page = open_page("results")
    assert any("palate evaluate memory" in one.value and "palate train" in one.value for one in page.markdown)


def test_figures_are_shown_with_their_intervals_and_plots_have_words(real, store):
    store.save(made(), {"gauges.png": picture_bytes()})
    page = open_page("results")
    assert "people: 4" in texts(page)
    assert list(page.table[0].value["AUC"]) == ["0.700 [0.600, 0.800]"]
    [image] = page.get("image")
    assert "tables below" in str(image.proto)
    assert not any("Nothing was evaluated" in one.value for one in page.markdown)


def test_a_damaged_result_is_told_and_the_others_are_shown(real, store):
    broken, _ = store.save(made(kind="blend")), store.save(made(kind="training"))
    (store._folder / broken / FILE).write_text("{}")
    page = open_page("results")
    assert any("cannot be read" in one.value for one in page.error)
    assert page.table


def test_an_evaluation_is_watched_while_the_page_goes_on_and_stopped(real, command):
    command(f"{STEP}; import time; time.sleep(600)")
    page = open_page("results")
    began = time.monotonic()
    page.button(key="run-evaluation").click().run()
    assert time.monotonic() - began < 30, "the page does not wait for the end"
    running = made_host().named("an evaluation")
    assert running.after(0, timeout_s=60)[0].told == "blocks folded, 1 of 4"
    page.run()
    assert not [one for one in page.button if one.key == "run-evaluation"], "one at a time"
    assert open_page("results").button(key="stop-evaluation"), "another window sees it, too"
    page.button(key="stop-evaluation").click().run()
    until_over(page)
    assert any("nothing of it was kept" in one.value for one in page.info)


def test_a_stopped_evaluation_leaves_no_process(real, command, tmp_path):
    import os

    command(
        f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); {STEP}; import time; time.sleep(600)"
    )
    page = open_page("results")
    page.button(key="run-evaluation").click().run()
    running = made_host().named("an evaluation")
    assert running.after(0, timeout_s=60)
    running.stop()
    until_over(page)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_an_evaluation_that_fails_says_its_own_last_words(real, command):
    command("import sys; sys.exit('no model is there; write one into the profile')")
    page = open_page("results")
    page.button(key="run-evaluation").click().run()
    until_over(page)
    assert any("no model is there" in one.value for one in page.error)


def test_an_evaluation_that_fails_before_the_page_is_drawn_again_is_told(real, command, monkeypatch):
    command("")
    begin = Host.once

    def over_at_once(self, name, work):
        running = begin(self, name, work)
        while not running.over:
            time.sleep(0.01)
        return running

    async def fail(command, put):
        raise EvaluationFailed(3, "no model is there")

    monkeypatch.setattr(Host, "once", over_at_once)
    monkeypatch.setattr("ui.results_page.evaluate", fail)
    page = open_page("results")
    page.button(key="run-evaluation").click().run()
    assert any("no model is there" in one.value for one in page.error)


def test_what_an_evaluation_kept_is_shown_at_its_end(real, command, store):
    kept = made().model_dump_json()
    folder = store._folder / "20260102T030405-memory"
    command(
        f"import pathlib; p = pathlib.Path({str(folder)!r}); p.mkdir(parents=True); (p / {FILE!r}).write_text({kept!r})"
    )
    page = open_page("results")
    page.button(key="run-evaluation").click().run()
    until_over(page).run()
    assert page.table

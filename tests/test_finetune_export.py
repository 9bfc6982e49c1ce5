"""An export answers in a real server as it does in this process, or it is not made."""

import contextlib
import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphs.services import Services
from models.manifest import MANIFEST_FILE, Answer, read_manifest
from tests.finetune_shop import open_shop, settings
from tests.tiny import make_tiny_adapter, make_tiny_checkpoint
from tests.world import HashedEmbedder
from tracing.recorder import Recorder
from training.finetune import export as exporting
from training.finetune.base import open_base
from training.finetune.errors import TrainingRefused
from training.finetune.export import Comparison, merge, refuse_difference, requests_of, same_order
from training.finetune.manifest import manifest_of

DATA = {"catalogue": "prints", "split": {"kind": "leave_last"}}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny base and an adapter that was trained on it."""
    folder = tmp_path_factory.mktemp("trained")
    tiny = make_tiny_checkpoint(folder / "tiny")
    adapter = make_tiny_adapter(folder / "adapter", tiny)
    manifest_of(open_base(settings(tiny)), settings(tiny), DATA, metrics={}, training={}).write(adapter)
    return tiny, adapter


@pytest.mark.parametrize(
    ("other", "same"),
    [([0.9, 0.5, 0.1], True), ([0.8, 0.4, 0.3], True), ([0.5, 0.9, 0.1], False), ([0.9, 0.1, 0.5], False)],
)
def test_an_order_is_the_same_when_nobody_changes_places(other, same):
    assert same_order([0.9, 0.5, 0.1], other, tie=1e-5) is same


def test_candidates_that_were_never_told_apart_have_no_order():
    assert same_order([0.5, 0.5 + 1e-7], [0.5 + 1e-7, 0.5], tie=1e-5)


@pytest.mark.parametrize(
    ("largest", "orders", "dtype", "refused"),
    [
        (9e-4, 0, "float32", False),
        (2e-3, 0, "float32", True),
        (1e-6, 1, "float32", True),
        (1.5e-2, 0, "bfloat16", False),
    ],
)
def test_what_differs_by_more_than_it_may_is_refused(largest, orders, dtype, refused):
    found = Comparison(largest, orders, 200, 4200)
    if not refused:
        return refuse_difference(found, dtype=dtype)
    with pytest.raises(TrainingRefused, match=rf"up to {largest:.2g} .* in {orders} of 200 lists"):
        refuse_difference(found, dtype=dtype)


def test_the_lists_are_worded_as_chat_does_and_are_nobodys(tmp_path):
    session = open_shop(tmp_path / "home")
    context = session.services.turn_context("prints", Recorder(None))
    requests = requests_of(context, "both", lists=9, candidates=5)
    assert len(requests) == 9
    assert all(len(one.questions) == 5 and all(q.picture for q in one.questions) for one in requests)
    assert all(one.state.startswith("One person's taste: unknown") for one in requests)
    assert any("liked Print" in one.state for one in requests)
    assert requests == requests_of(context, "both", lists=9, candidates=5)
    with pytest.raises(TrainingRefused, match="has 30 items, too few for lists of 64"):
        requests_of(context, "both", lists=1, candidates=64)
    session.services.close()


def test_an_adapter_is_not_merged_into_other_weights(trained, tmp_path):
    adapter = trained[1]
    other = make_tiny_checkpoint(tmp_path / "other", seed=3)
    manifest = read_manifest(adapter / MANIFEST_FILE)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    manifest.model_copy(update={"base": str(other)}).write(wrong)
    with pytest.raises(TrainingRefused, match=r"has the weights .*, and the adapter was trained on"):
        merge(wrong, tmp_path / "out", dtype="float32")
    assert not (tmp_path / "out").exists()


def given(trained, home, out, monkeypatch):
    monkeypatch.setenv("PALATE_HOME", str(home))
    opened = SimpleNamespace(open=lambda profile: Services.open(profile, embedder=HashedEmbedder()))
    monkeypatch.setattr(exporting, "Services", opened)  # as the shop was opened
    return Namespace(
        model=trained[1], out=out, catalogue="prints", profile=None, assignments=[], lists=4, candidates=6,
        dtype="float32",
    )  # fmt: skip


@pytest.mark.slow
def test_an_export_is_served_as_it_was_trained(trained, tmp_path, monkeypatch):
    pytest.importorskip("fastapi", reason="`transformers serve` needs the extra `transformers[serving]`")
    open_shop(tmp_path / "home").services.close()
    out = tmp_path / "out"
    found = exporting.export(given(trained, tmp_path / "home", out, monkeypatch), lambda what, done, of: None)
    assert found.largest < 1e-4
    assert (found.orders, found.lists, found.candidates) == (0, 4, 24)
    assert read_manifest(out / MANIFEST_FILE).merged
    for name in ("model.safetensors", "config.json", "chat_template.jinja", "decision.json", "decision_template.jinja",
                 "processor_config.json"):  # fmt: skip
        assert (out / name).is_file()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "out"]


def test_a_server_that_fails_is_told_with_its_last_words(trained, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def broken(checkpoint, log, **_):
        log.write_text("Traceback\nModuleNotFoundError: no module of that name\n")
        yield "http://127.0.0.1:1/v1"

    open_shop(tmp_path / "home").services.close()
    out = tmp_path / "out"
    monkeypatch.setattr(exporting, "served", broken)
    with pytest.raises(TrainingRefused, match="last words: Traceback ModuleNotFoundError: no module of that name"):
        exporting.export(given(trained, tmp_path / "home", out, monkeypatch), lambda what, done, of: None)
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


def test_an_export_that_answers_differently_is_removed(trained, tmp_path, monkeypatch):
    open_shop(tmp_path / "home").services.close()
    out = tmp_path / "out"
    monkeypatch.setattr(exporting, "compare", lambda *_, **__: Comparison(0.5, 2, 4, 24))
    with pytest.raises(TrainingRefused, match="served answers differ"):
        exporting.export(given(trained, tmp_path / "home", out, monkeypatch), lambda what, done, of: None)
    assert not out.exists()


def palate(*arguments, home):
    command = [sys.executable, "-m", "palate.cli", *arguments]
    environment = {"PALATE_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home), "COLUMNS": "200"}
    root = Path(__file__).resolve().parent.parent
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=280)


def test_a_manifest_is_shown(trained, tmp_path):
    done = palate("model", "show", str(trained[1]), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "'Yes' is token 257" in done.stdout
    record = json.loads(palate("model", "show", str(trained[1]), "--json", home=tmp_path).stdout)
    assert Answer(**record["answers"]["yes"]) == Answer(text="Yes", token_id=257)
    none = palate("model", "show", str(tmp_path), home=tmp_path)
    assert (none.returncode, none.stdout) == (2, "")
    assert "there is no manifest of a fine-tuned model" in none.stderr


def test_a_run_is_gone_on_with_by_the_same_settings_only(trained, tmp_path):
    from palate.failures import Mistake
    from palate.train import _keep

    out = tmp_path / "run"
    _keep(out, {"base": "a", "rank": 4})
    _keep(out, {"base": "a", "rank": 8})  # nothing has come of it yet
    (out / "data").mkdir()
    (out / "data" / "about.json").write_text("{}")
    _keep(out, {"base": "a", "rank": 8})
    with pytest.raises(Mistake, match="begun with other settings: rank was 8, is 16"):
        _keep(out, {"base": "a", "rank": 16})
    _keep(out, {"base": "a", "rank": 8, "minutes": 5.0})  # how long it may take changes nothing that was done
    assert json.loads((out / "settings.json").read_text())["minutes"] == 5.0
    (out / "model").mkdir()
    with pytest.raises(Mistake, match=r"minutes was 5\.0, is 9\.0"):
        _keep(out, {"base": "a", "rank": 8, "minutes": 9.0})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo").write_text("x")
    with pytest.raises(Mistake, match="is not empty and holds no run"):
        _keep(tmp_path / "mine", {})

"""What evaluations came to: kept whole, read back as it was, and refused in words where it is damaged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphs.results import FILE, Figure, Result, ResultStore, ResultTable, ResultUnusable

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def made(kind="memory", at=AT):
    table = ResultTable.of_scorers("lists", {"model": {"AUC": {"mean": 0.7, "low": 0.6, "high": 0.8, "lists": 9}}})
    return Result(kind=kind, made_at=at, settings={"people": "4"}, tables=(table,))


def test_a_result_is_read_back_as_it_was_kept_with_its_plots(tmp_path):
    store = ResultStore(tmp_path / "results")
    assert store.ids() == []
    result_id = store.save(made(), {"gauges.png": b"png"})
    assert store.read(result_id) == made().model_copy(update={"plots": ("gauges.png",)})
    assert store.plot(result_id, "gauges.png") == b"png"
    assert store.read(result_id).tables[0].rows["model"]["AUC"] == Figure(value=0.7, low=0.6, high=0.8)


def test_results_of_one_moment_stand_beside_one_another_and_the_newest_come_first(tmp_path):
    store = ResultStore(tmp_path)
    kept = [store.save(made(at=AT.replace(year=year))) for year in (2026, 2027, 2026, 2026)]
    assert len(set(kept)) == 4
    assert store.ids()[0] == kept[1]
    assert set(store.ids()) == set(kept)


def test_what_was_not_written_to_its_end_is_no_result(tmp_path):
    store = ResultStore(tmp_path)
    result_id = store.save(made(), {"gauges.png": b"png"})
    (tmp_path / result_id / FILE).unlink()
    assert store.ids() == []


@pytest.mark.parametrize("data", [b"", b"{}", b'{"kind": "other"}', b"\xff"])
def test_a_damaged_result_is_refused_with_its_path_and_what_to_do(tmp_path, data):
    store = ResultStore(tmp_path)
    result_id = store.save(made())
    (tmp_path / result_id / FILE).write_bytes(data)
    with pytest.raises(ResultUnusable, match=rf"{result_id}.*delete its folder"):
        store.read(result_id)


def test_a_plot_never_lies_outside_the_results_folder(tmp_path):
    store = ResultStore(tmp_path / "results")
    result_id = store.save(made())
    (tmp_path / "secret.png").write_bytes(b"no")
    (tmp_path / "results" / "secret.png").write_bytes(b"no")
    assert store.plot(result_id, "../../secret.png") is None
    assert store.plot(result_id, "../secret.png") is None
    assert store.plot(result_id, FILE) is None


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (Figure(value=0.71234, low=0.6, high=0.81), "0.712 [0.600, 0.810]"),
        (Figure(value=1234.0), "1,234"),
        (Figure(value=1.0), "1.000"),
        (Figure(value=0.5, low=0.4), "0.500"),
    ],
)
def test_a_figure_is_told_with_its_interval(figure, told):
    assert str(figure) == told


def test_the_gauges_of_the_memory_are_kept_with_their_intervals_and_plot(tmp_path):
    from evaluation.memory_gauges import Gauges, Stage
    from evaluation.metrics import Estimate
    from palate.keeping import keep_memory

    pytest.importorskip("matplotlib", reason="plots need matplotlib: pip install 'palate[training]'")
    stages = (Stage(1, 0.5, 0.25, 100.4, 0.0), Stage(2, 0.6, 0.5, 110.0, 0.1))
    auc = {"taste alone": Estimate(0.7, 0.6, 0.8, 4)}
    gauges = Gauges(4, stages, 1.0, 0.0, 0.1, 1.0, None, 20, 60, auc)
    store = ResultStore(tmp_path)
    result = store.read(keep_memory(tmp_path, gauges, {"blocks": "2"}))
    assert result.settings == {"people": "4", "blocks": "2"}
    true, whole, judged = result.tables
    assert true.rows["after 2 blocks"]["recall"] == Figure(value=0.5)
    assert "blocks until followed" not in whole.rows
    assert judged.rows["taste alone"]["AUC"] == Figure(value=0.7, low=0.6, high=0.8)
    [plot] = result.plots
    assert (store.plot(store.ids()[0], plot) or b"").startswith(b"\x89PNG")


def test_a_training_run_is_kept_with_its_figures_and_picture(tmp_path):
    import json

    from palate.keeping import keep_training

    out = tmp_path / "run"
    out.mkdir()
    (out / "result.json").write_text(json.dumps({"test_warm": {"model": {"AUC": {"mean": 0.6, "lists": 3}}}}))
    (out / "report.png").write_bytes(b"\x89PNG")
    store = ResultStore(tmp_path / "results")
    result_id = keep_training(tmp_path / "results", out, {"base": "tiny", "seed": 0, "catalogue": None})
    result = store.read(result_id)
    assert result.settings == {"model": str(out / "model"), "base": "tiny", "seed": "0"}
    assert result.tables[0].title == "test, warm"
    assert result.tables[0].rows["model"]["AUC"] == Figure(value=0.6)
    assert store.plot(result_id, "report.png") == b"\x89PNG"

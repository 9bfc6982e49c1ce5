import subprocess
import sys

import pytest
from pydantic import ValidationError

from models.decisions import Usage
from models.loading import price_of
from models.spec import ModelSpec, capabilities

SERVED = {"backend": "served", "model": "m", "api_base": "http://127.0.0.1:8000/v1"}


@pytest.mark.parametrize(
    ("backend", "more", "kinds"),
    [
        ("local", {}, ("local",)),
        ("served", {"api_base": "http://127.0.0.1:1/v1"}, ("systemone",)),
        ("hosted", {"model": "openai/x"}, ("graded",)),
    ],
)
def test_a_backend_decides_by_its_usual_kind_unless_told_otherwise(backend, more, kinds):
    assert ModelSpec(**{"backend": backend, "model": "m", **more}).decide == kinds


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"backend": "hosted", "model": "openai/x", "adapter": "lora"}, "backend: local"),
        ({"backend": "local", "model": "m", "api_base": "http://x"}, "backend: served"),
        ({"backend": "local", "model": "m", "api_key_env": "KEY"}, "remove `api_key_env`"),
        ({"backend": "local", "model": "m", "schema_output": "tool"}, "schema_output: native"),
        ({"backend": "local", "model": "m", "decide": ["graded"]}, "decide: [local]"),
        ({**SERVED, "decide": ["local"]}, "decide: [systemone]"),
        ({**SERVED, "decide": ["graded", "graded"]}, "name each once"),
        ({"backend": "served", "model": "m"}, "api_base: http://127.0.0.1:8000/v1"),
        ({**SERVED, "api_base": "127.0.0.1:8000"}, "api_base: http://127.0.0.1:8000/v1"),
        ({**SERVED, "device": "cuda"}, "backend: local"),
        ({**SERVED, "api_key_env": "sk-123 abc"}, "api_key_env: OPENAI_API_KEY"),
        ({"backend": "hosted", "model": "gpt-5-mini"}, "model: openai/gpt-5-mini"),
    ],
)
def test_an_impossible_combination_is_refused_with_the_line_to_write(settings, line):
    with pytest.raises(ValidationError) as caught:
        ModelSpec(**settings)
    assert line in str(caught.value)


@pytest.mark.parametrize("wrong", [{"modle": "x"}, {"timeout_s": 0}, {"retries": -1}, {"backend": "cloud"}])
def test_an_unknown_key_or_a_value_out_of_range_is_refused(wrong):
    with pytest.raises(ValidationError):
        ModelSpec(**{**SERVED, **wrong})


def test_a_spec_is_frozen_and_can_be_a_key():
    spec = ModelSpec(**SERVED)
    assert {spec: 1}[ModelSpec(**SERVED)] == 1
    with pytest.raises(ValidationError):
        spec.model = "other"


def test_only_a_model_in_this_process_takes_an_adapter():
    assert capabilities(ModelSpec(backend="local", model="m")).adapter
    assert not capabilities(ModelSpec(**SERVED)).adapter


class TestPrice:
    def test_a_local_model_is_free(self):
        assert price_of(ModelSpec(backend="local", model="m"), Usage(1000, 1000)) == 0.0

    def test_without_a_price_the_cost_is_unknown_never_nothing(self):
        assert price_of(ModelSpec(**SERVED), Usage(1000, 1000)) is None
        assert price_of(ModelSpec(**SERVED, input_usd_per_million=1), Usage(1000, 1000)) is None
        assert price_of(ModelSpec(**SERVED, output_usd_per_million=1), Usage(1000, 1000)) is None

    def test_the_stated_prices_are_per_million_tokens(self):
        spec = ModelSpec(**SERVED, input_usd_per_million=2, output_usd_per_million=10)
        assert price_of(spec, Usage(500_000, 100_000)) == pytest.approx(2.0)

    def test_a_price_for_reading_is_enough_where_nothing_was_written(self):
        assert price_of(ModelSpec(**SERVED, input_usd_per_million=2), Usage(500_000, 0)) == pytest.approx(1.0)


def test_naming_models_loads_nothing_heavy():
    code = (
        "import sys, models.spec, models.loading, models.structured, models.errors, models.decisions, models.roles;"
        "heavy = {'torch', 'transformers', 'litellm', 'openai', 'chromadb', 'streamlit', 'pandas', 'scipy'};"
        "print(','.join(sorted(heavy & set(sys.modules))))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""

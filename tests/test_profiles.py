"""Profiles: what is in force, where each value is from, and how mistakes are refused."""

import re
from pathlib import Path

import pytest
import yaml

from profiles.keys import missing_keys
from profiles.settings import FOLDER, ROLES, ROOT, ProfileError, load_profile, parse_settings, profile_names

READY = ("anthropic", "gemini", "ollama", "openai", "openrouter", "qwen-vl", "smolvlm", "vllm")
WAYS = ("demo", "hosted", "local", "mixed", "served")


def refused(overrides=None, environ=None, profile="demo", **more):
    with pytest.raises(ProfileError) as caught:
        load_profile(profile, overrides or {}, environ or {}, **more)
    return str(caught.value)


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def demo_with(tmp_path, change):
    """A copy of the demo profile with one text replaced."""
    before, after = change
    text = (FOLDER / "demo.yaml").read_text(encoding="utf-8")
    assert before in text
    return written(tmp_path, text.replace(before, after))


def line_of(path, word):
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if word in line)


def test_there_is_a_profile_for_each_way_of_running_and_for_what_people_have():
    assert set(profile_names()) == {*READY, *WAYS}


@pytest.mark.parametrize("name", [*READY, *WAYS])
def test_every_profile_that_comes_with_palate_loads_and_names_itself(name):
    loaded = load_profile(name, {}, {}, keys_required=False)
    assert loaded.profile.name == name
    assert loaded.profile.about
    assert set(loaded.profile.roles) == set(ROLES)
    assert set(loaded.profile.models) == set(loaded.profile.used_models)


@pytest.mark.parametrize("name", [*READY, *WAYS])
def test_swapping_the_model_of_a_role_is_one_line(name, tmp_path):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    model = next(iter(load_profile(name, {}, {}, keys_required=False).profile.models))
    other = "  other:\n    backend: served\n    model: m\n    api_base: http://127.0.0.1:1/v1\n"
    text = text.replace("models:\n", f"models:\n{other}", 1)
    swapped = re.sub(r"^  responder: .*$", "  responder: other", text, flags=re.MULTILINE)
    assert sum(a != b for a, b in zip(text.splitlines(), swapped.splitlines(), strict=True)) == 1
    loaded = load_profile(written(tmp_path, swapped), {}, {}, keys_required=False)
    assert loaded.profile.model_of("responder").model == "m"
    assert loaded.profile.roles["understanding"] == (model if name != "mixed" else "demo")


def test_without_a_name_the_demo_profile_is_in_force_or_the_one_the_environment_names():
    assert load_profile(None, {}, {}).profile.name == "demo"
    assert load_profile(None, {}, {"PALATE_PROFILE": "vllm"}).profile.name == "vllm"


def test_the_environment_overrides_the_file_and_the_command_line_overrides_both():
    environ = {"PALATE_RECOMMEND__SLATE": "3", "PALATE_RECOMMEND__DECIDE": "9", "PALATE_MODELS__DEMO__MAX_TOKENS": "64"}
    profile = load_profile("demo", {"recommend.slate": 5}, environ).profile
    assert (profile.recommend.slate, profile.recommend.decide) == (5, 9)
    assert profile.models["demo"].max_tokens == 64
    assert profile.models["demo"].device == "cpu"  # what nobody overrides stays


def test_every_value_has_an_origin():
    environ = {"PALATE_HOME": "/tmp/somewhere", "PALATE_BUDGET__USD": "0.5"}
    loaded = load_profile("demo", {"recommend.slate": 5}, environ)
    demo = FOLDER / "demo.yaml"
    assert loaded.origins["models.demo.device"] == f"{demo}:{line_of(demo, 'device:')}"
    assert loaded.origins["stores.home"] == "environment PALATE_HOME"
    assert loaded.origins["budget.usd"] == "environment PALATE_BUDGET__USD"
    assert loaded.origins["recommend.slate"] == "command line --set recommend.slate"
    assert loaded.origins["recommend.decide"] == "default"

    def leaves(value, prefix=""):
        for key, inner in value.items():
            yield from leaves(inner, f"{prefix}{key}.") if isinstance(inner, dict) else [f"{prefix}{key}"]

    assert set(loaded.origins) == set(leaves(loaded.profile.model_dump()))


def test_a_model_given_whole_on_the_command_line_is_the_origin_of_what_it_says_and_no_more():
    model = {"backend": "served", "model": "m", "api_base": "http://127.0.0.1:1/v1"}
    origins = load_profile("demo", {"models.mine": model}, {}).origins
    assert origins["models.mine.model"] == "command line --set models.mine"
    assert origins["models.mine.timeout_s"] == "default"


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("null", None), ("", None), ("true", True), ("[graded]", ["graded"]), ("a=b", "a=b")],
)
def test_set_takes_yaml_values(text, value):
    assert parse_settings([f"recommend.slate={text}"]) == {"recommend.slate": value}


@pytest.mark.parametrize("wrong", ["slate", "=3", "recommend..slate=3", "recommend.slate: 3", "a b=3", "a.b=[1"])
def test_a_set_that_is_no_assignment_is_refused_with_the_form_to_write(wrong):
    with pytest.raises(ProfileError, match=r"--set"):
        parse_settings([wrong])


# unknown keys: each names where it stands, the nearest known key, and the line to write
def test_an_unknown_key_in_a_file_is_refused_with_its_line_and_the_line_to_write(tmp_path):
    path = demo_with(tmp_path, ("device: cpu", "devise: cpu"))
    told = refused(profile=path)
    assert f"{path}:{line_of(path, 'devise')}" in told
    assert "write `device: cpu` under `models.demo:`" in told


@pytest.mark.parametrize(
    ("overrides", "environ", "line"),
    [
        ({"recommend.slat": 3}, {}, "--set recommend.slate=3"),
        ({"recomend.slate": 3}, {}, "--set recommend.slate=3"),
        ({"roles.recomender": "demo"}, {}, "--set roles.recommender=demo"),
        ({"recommend.weights.modell": 1}, {}, "--set recommend.weights.model=1"),
        ({}, {"PALATE_RECOMMEND__SLAT": "3"}, "PALATE_RECOMMEND__SLATE=3"),
        ({}, {"PALATE_RECOMEND__SLATE": "3"}, "PALATE_RECOMMEND__SLATE="),
        ({}, {"PALATE_CATALOG": "films"}, "PALATE_CATALOGUE="),
        ({}, {"PALATE_NOTHING_LIKE_IT__X": "1"}, "unset it"),
    ],
)
def test_an_unknown_key_is_refused_wherever_it_comes_from(overrides, environ, line):
    assert line in refused(overrides, environ)


def test_an_unknown_key_near_nothing_lists_what_is_known():
    assert "known under `budget:`: calls, tokens, usd, seconds" in refused({"budget.zzzzzz": 1})


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path):
    path = demo_with(tmp_path, ("catalogue: demo", "catalogue: demo\ncatalogue: films"))
    told = refused(profile=path)
    assert f"{path}:{line_of(path, 'films')}" in told
    assert f"{path}:{line_of(path, 'catalogue: demo')}" in told


def test_variables_of_others_and_our_own_switches_are_no_settings():
    environ = {"PALATE_HOME": "/tmp/x", "PALATE_DATA": "/tmp/y", "PALATE_PROFILE": "demo", "HOME": "/", "PALATED": "1"}
    assert load_profile("demo", {}, environ).profile.stores.home == Path("/tmp/x")


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("hosted", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("openrouter", "OPENROUTER_API_KEY"),
    ],
)
def test_a_missing_provider_key_is_refused_with_the_line_that_sets_it(name, variable):
    assert f"export {variable}=…" in refused(profile=name)
    assert f"export {variable}=…" in refused(profile=name, environ={variable: "  "})
    assert load_profile(name, {}, {variable: "sk-canary"}).profile.name == name


def test_a_key_is_never_read_into_the_settings():
    loaded = load_profile("openai", {}, {"OPENAI_API_KEY": "sk-canary"})
    assert "sk-canary" not in repr(loaded)


def test_only_models_that_a_role_can_reach_need_their_key():
    spare = {"backend": "hosted", "model": "openai/gpt-4.1-mini"}
    assert load_profile("demo", {"models.spare": spare}, {}).profile.name == "demo"
    assert "OPENAI_API_KEY" in refused({"models.spare": spare, "models.demo.fallback": "spare"})


def test_a_hosted_embedder_needs_its_key_too():
    embedder = {"embedder.backend": "litellm", "embedder.model": "openai/text-embedding-3-small", "embedder.dims": 1536}
    assert "export OPENAI_API_KEY=…" in refused(embedder)
    profile = load_profile("demo", {**embedder, "embedder.api_base": "http://127.0.0.1:1/v1"}, {}).profile
    assert missing_keys(profile, {}) == ()


# combinations that cannot work: each names the line to write
@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ({"roles.recommender": "dmo"}, "`recommender: demo`"),
        ({"models.demo.api_base": "http://x/v1"}, "`backend: served`"),
        ({"models.demo.decide": ["graded"]}, "`decide: [local]`"),
        ({"models.demo.fallback": "demo"}, "`fallback:`"),
        ({"models.demo.fallback": "demmo"}, "`fallback: demo`"),
        ({"models.demo.vision": False, "recommend.candidate_view": "both"}, "`candidate_view: summary`"),
        ({"recommend.slate": 20, "recommend.decide": 10}, "slate ≤ decide ≤ retrieve"),
        ({"recommend.retrieve": 5}, "slate ≤ decide ≤ retrieve"),
        ({f"recommend.weights.{w}": 0 for w in ("model", "cooccurrence", "popularity", "semantic")}, "`model: 1.0`"),
        ({"models.Big Model": {"backend": "local", "model": "x"}}, "small letters"),
        ({"models.s": {"backend": "served", "model": "x"}}, "`api_base: http://127.0.0.1:8000/v1`"),
        ({"models.h": {"backend": "hosted", "model": "gpt-x"}}, "`model: openai/gpt-x`"),
        ({"models.h": {"backend": "hosted", "model": "openai/x", "adapter": "a"}}, "`backend: local`"),
        ({"models.h": {"backend": "hosted", "model": "openai/x", "api_key_env": "sk-1 2"}}, "`api_key_env: OPENAI"),
        ({"recommend.slate": "many"}, "`slate: …`"),
        ({"recommend.diversity": 2}, "`diversity: …`"),
        ({"budget": 3}, "`budget: …`"),
    ],
)
def test_an_impossible_combination_is_refused_with_the_line_to_write(overrides, line):
    assert line in refused(overrides)


def test_a_role_without_a_model_is_refused(tmp_path):
    path = demo_with(tmp_path, ("  responder: demo\n", ""))
    assert "`responder: demo` under `roles:`" in refused(profile=path)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: [1\n", "a:\n\tb: 1\n"])
def test_a_file_that_is_no_profile_is_refused_in_words(tmp_path, text):
    path = written(tmp_path, text)
    assert str(path) in refused(profile=path)


def test_a_file_that_is_not_utf8_is_refused_in_words(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes("name: caf\xe9".encode("latin-1"))
    assert "UTF-8" in refused(profile=path)


def test_an_unknown_profile_is_refused_with_the_known_ones(tmp_path):
    told = refused(profile="opanai")
    assert "write --profile openai" in told
    assert "smolvlm" in told
    assert "no profile file" in refused(profile=str(tmp_path / "none.yaml"))


def test_a_checkpoint_is_found_beside_the_file_else_in_the_repository_else_it_is_a_hub_id(tmp_path):
    (tmp_path / "mine").mkdir()
    text = (FOLDER / "demo.yaml").read_text(encoding="utf-8")
    path = written(tmp_path, text.replace("checkpoints/demo", "mine"))
    assert load_profile(path, {}, {}).profile.models["demo"].model == str(tmp_path / "mine")
    assert load_profile("demo", {}, {}).profile.models["demo"].model == str(ROOT / "checkpoints" / "demo")
    smolvlm = load_profile("smolvlm", {}, {}).profile.models["smolvlm"].model
    assert smolvlm == "HuggingFaceTB/SmolVLM-500M-Instruct"


def test_a_served_model_keeps_the_name_its_server_knows():
    assert load_profile("served", {}, {}).profile.models["server"].model == "checkpoints/demo"


def test_all_state_lives_under_the_home(tmp_path):
    stores = load_profile("demo", {}, {"PALATE_HOME": str(tmp_path)}).profile.stores
    assert stores.database_url.startswith(f"sqlite:///{tmp_path}/")
    for place in (stores.chroma_place, stores.pictures, stores.checkpoints):
        assert Path(place).is_relative_to(tmp_path)


@pytest.mark.parametrize("name", [*READY, *WAYS])
def test_no_profile_holds_a_key(name):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    for model in yaml.safe_load(text)["models"].values():
        assert re.fullmatch(r"[A-Z_]*", model.get("api_key_env", ""))

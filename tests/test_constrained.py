"""Holding a local model to a schema: whatever it would rather write, its JSON parses and fits."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, ConfigDict, Field, create_model

import prompts
from agents.folding import Fold, FoldEdit
from agents.wording import event_line
from models.errors import ModelBadOutput, ModelMisconfigured
from models.loading import load_chat
from models.local.constrained import Grammars
from models.spec import ModelSpec, capabilities
from models.structured import ask_json
from palate.health import findings
from profiles.settings import load_profile
from tests.tiny import make_tiny_checkpoint

DEMO = Path(__file__).parents[1] / "checkpoints" / "demo"
PIECES = ['{"kind":"', '","names":["', '","', '"],"note":"', '"}', "{", '":', "[]", " and ", 'é"', "日本"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Small(BaseModel):
    kind: Literal["add", "keep", "take away"]
    names: Annotated[list[Annotated[str, Field(min_length=1, max_length=5)]], Field(max_length=3)]
    note: str = Field(default="", max_length=9)


class Long(BaseModel):
    prose: str = Field(min_length=200)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A random model whose tokenizer has ordinary tokens that hold whole pieces of JSON."""
    import torch
    from tokenizers import AddedToken
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("pieces"), vision=False)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in PIECES])
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.resize_token_embeddings(
        len(tokenizer) + 5, mean_resizing=False
    )  # with spare places, as real checkpoints have
    torch.nn.init.normal_(model.get_output_embeddings().weight, std=0.35)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chat(checkpoint):
    return load_chat(spec_of(checkpoint))


def spec_of(path, **more):
    return ModelSpec(**{"backend": "local", "model": str(path), "max_tokens": 900, **more})


@st.composite
def spelled_folds(draw):
    """Answers of a fold as json.dumps spells them compactly, keys in the schema's order."""
    texts = st.text('aé日"\\\n[]{},: ', min_size=1, max_size=80)
    edits = st.builds(
        FoldEdit,
        op=st.sampled_from(["add", "strengthen", "weaken", "retract"]),
        polarity=st.sampled_from(["like", "dislike", "must", "must_not"]),
        aspect=st.sampled_from(["subject", "mood"]) | texts,
        value=st.sampled_from(["fox", "pop art"]) | texts,
        reason=st.sampled_from(["liked again", ""]) | texts,
        evidence=st.lists(st.integers(0, 99), max_size=3).map(tuple),
    )
    prose = draw(st.sampled_from(["They like fox.", 'Lately they lean towards «8½» and "M*A*S*H".']) | texts)
    fold = Fold(edits=tuple(draw(st.lists(edits, max_size=3))), prose=prose)
    return json.dumps(fold.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))


def simple_fields():
    texts = st.tuples(st.integers(0, 3), st.integers(3, 8)).map(
        lambda ends: Annotated[str, Field(min_length=ends[0], max_length=ends[1])]
    )
    numbers = st.tuples(st.integers(-2000, 0), st.integers(0, 500)).map(
        lambda ends: Annotated[int, Field(ge=ends[0], le=ends[1])]
    )
    words = st.text(min_size=1, max_size=6).filter(lambda word: word.isprintable())
    choices = st.lists(words, min_size=1, max_size=4, unique=True).map(lambda options: Literal[tuple(options)])
    return st.one_of(texts, numbers, choices, st.just(bool), st.just(type(None)))


def model_of(fields, required):
    made = {
        f"field_{n}": (kind, ... if needed else None)
        for n, (kind, needed) in enumerate(zip(fields, required, strict=True))
    }
    return create_model("Made", **made)


def models_of(kinds):
    return st.lists(kinds, min_size=1, max_size=4).flatmap(
        lambda fields: st.lists(st.booleans(), min_size=len(fields), max_size=len(fields)).map(
            lambda required: model_of(fields, required)
        )
    )


def nested_fields(kinds):
    lists = st.tuples(kinds, st.integers(0, 2), st.integers(2, 3)).map(
        lambda made: Annotated[list[made[0]], Field(min_length=made[1], max_length=made[2])]
    )
    return st.one_of(lists, models_of(kinds), st.tuples(kinds, kinds).map(lambda pair: pair[0] | pair[1]))


schemas = models_of(st.recursive(simple_fields(), nested_fields, max_leaves=3))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(schema=schemas, seed=st.integers(0, 10_000), temperature=st.sampled_from([0.0, 1.0, 3.0]))
def test_whatever_the_model_and_the_schema_the_text_fits(chat, schema, seed, temperature):
    import torch

    torch.manual_seed(seed)
    reply = chat.invoke(f"go {seed}", response_format=schema, temperature=temperature)
    assert reply.response_metadata["finish_reason"] == "stop"
    schema.model_validate(json.loads(reply.text))
    assert not re.search(r"\s", without_strings(reply.text))


@given(spelled_folds())
def test_how_a_tokenizer_spells_compact_json_is_never_forbidden(text):
    import torch

    tokenizer, grammars = demo_grammars()
    ids = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
    held, read = grammars.hold(Fold, 1), [0]
    for token in ids:
        scores = held(torch.tensor([read]), torch.zeros(1, len(tokenizer)))
        assert scores[0, token] == 0.0, f"{tokenizer.decode([token])!r} after {tokenizer.decode(read[1:])!r}"
        read.append(token)


@functools.cache
def demo_grammars():
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(DEMO)
    return tokenizer, Grammars("demo", tokenizer, [tokenizer.eos_token_id])


class TestOneReply:
    async def test_tokens_that_hold_pieces_of_json_are_used(self, chat):
        tokenizer = chat.runtime.tokenizer
        reply = await chat.ainvoke("hello", response_format=Small)
        spelled = reply.usage_metadata["output_tokens"]
        assert Small.model_validate_json(reply.text)
        assert spelled < len(reply.text.encode())  # one token a byte but for the pieces, and one for the end
        assert '{"kind":"' in [tokenizer.decode([one]) for one in tokenizer.encode(reply.text)]

    async def test_a_stream_gives_the_same_in_pieces(self, chat):
        pieces = [str(piece.text) async for piece in chat.astream("hello", response_format=Small)]
        assert len(pieces) > 3
        assert "".join(pieces) == (await chat.ainvoke("hello", response_format=Small)).text

    async def test_without_a_schema_the_model_writes_what_it_likes(self, chat):
        before = (await chat.ainvoke("hello", max_tokens=20)).text
        await chat.ainvoke("hello", response_format=Small)
        assert (await chat.ainvoke("hello", max_tokens=20)).text == before
        assert not before.startswith("{")

    async def test_it_ends_with_the_json_even_where_the_checkpoint_names_no_end(self, chat, monkeypatch):
        model, lengths = chat.runtime.model, []
        generate = model.generate

        def counted(**options):
            ids = generate(**options)
            lengths.append(ids.shape[1] - options["input_ids"].shape[1])
            return ids

        monkeypatch.setattr(model, "generate", counted)
        monkeypatch.setattr(model.generation_config, "eos_token_id", None)
        reply = await chat.ainvoke("hello", response_format=Small)
        assert lengths == [reply.usage_metadata["output_tokens"]]
        assert reply.response_metadata["finish_reason"] == "stop"
        assert Small.model_validate_json(reply.text)

    async def test_what_a_checkpoint_forbids_by_its_settings_cannot_break_the_json(self, chat, monkeypatch):
        opening = chat.runtime.tokenizer.convert_tokens_to_ids(["{", '{"kind":"'])
        monkeypatch.setattr(chat.runtime.model.generation_config, "suppress_tokens", opening)
        monkeypatch.setattr(chat.runtime.model.generation_config, "min_new_tokens", 400)
        assert Small.model_validate_json((await chat.ainvoke("hello", response_format=Small)).text)

    async def test_keys_that_the_schema_lacks_are_written_only_where_it_asks_for_them(self, chat):
        class Open(BaseModel):
            model_config = ConfigDict(extra="allow")

            a: bool

        closed = [json.loads((await chat.ainvoke(f"{n}", response_format=Small)).text) for n in range(5)]
        assert all(set(one) <= {"kind", "names", "note"} for one in closed)
        hold = Grammars("m", chat.runtime.tokenizer, chat.runtime.end_ids).hold
        assert after(hold(Open, 1), '{"a":true', chat) >= {",", "}"}
        assert after(hold(Small, 1), '{"kind":"add","names":[],"note":"x"', chat) == {"}"}

    async def test_strings_are_escaped_only_where_json_needs_it(self, chat):
        hold = Grammars("m", chat.runtime.tokenizer, chat.runtime.end_ids).hold
        assert after(hold(Long, 1), '{"prose":"x\\', chat) == set('"\\nrt')

    async def test_a_schema_is_compiled_once_for_all_calls(self, chat):
        compiled = 0

        class Counted(Small):
            @classmethod
            def model_json_schema(cls, *arguments, **options):
                nonlocal compiled
                compiled += 1
                return super().model_json_schema(*arguments, **options)

        for _ in range(3):
            await chat.ainvoke("hello", response_format=Counted)
        assert compiled == 1


class TestManyAtOnce:
    def test_each_is_held_by_itself(self, chat):
        asked = ["x" * (7 * n % 23) + str(n) for n in range(12)]
        together = chat.batch(asked, response_format=Small)
        alone = [chat.invoke(one, response_format=Small) for one in asked]
        assert [reply.text for reply in together] == [reply.text for reply in alone]
        assert [reply.usage_metadata for reply in together] == [reply.usage_metadata for reply in alone]
        assert len({reply.text for reply in together}) > 6
        assert len({reply.usage_metadata["output_tokens"] for reply in together}) > 3
        assert all(Small.model_validate_json(reply.text) for reply in together)


class TestWhenItCannotBe:
    async def test_what_is_cut_is_an_error_that_says_so_and_is_not_asked_again(self, chat, checkpoint):
        replies = []
        with pytest.raises(ModelBadOutput, match=r"raise `max_tokens`") as caught:
            await ask_json(
                chat, [HumanMessage("go")], Long, spec_of(checkpoint), on_reply=replies.append, max_tokens=12
            )
        assert caught.value.output.startswith('{"prose":"')
        assert len(replies) == 1

    async def test_what_a_schema_cannot_say_is_asked_again(self, chat, checkpoint):
        from pydantic import field_validator

        class Picky(Small):
            @field_validator("kind")
            @classmethod
            def _never(cls, kind):
                raise ValueError("not that one")

        replies = []
        with pytest.raises(ModelBadOutput, match="asked twice"):
            await ask_json(chat, [HumanMessage("go")], Picky, spec_of(checkpoint), on_reply=replies.append)
        assert len(replies) == 2

    async def test_a_schema_that_cannot_be_compiled_is_told_with_the_line_to_write(self, chat):
        class Impossible(BaseModel):
            a: Annotated[str, Field(json_schema_extra={"pattern": "(?=b)a"})]

        with pytest.raises(ModelMisconfigured, match=r"schema Impossible .*schema_output: none"):
            await chat.ainvoke("hello", response_format=Impossible)
        assert (await chat.ainvoke("hello", max_tokens=5)).text


class TestWithoutThePackage:
    @pytest.fixture(autouse=True)
    def _absent(self, monkeypatch):
        for name in [name for name in sys.modules if name.split(".")[0] == "llguidance"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "llguidance", None)

    async def test_the_model_is_free_and_does_not_say_it_can_be_held(self, checkpoint):
        spec = spec_of(checkpoint, max_tokens=20)
        assert capabilities(spec).schema_output == "none"
        with pytest.raises(ModelBadOutput, match="asked twice"):
            await ask_json(load_chat(spec), [HumanMessage("go")], Small, spec)

    async def test_a_profile_that_asks_for_it_is_told_what_to_install(self, tmp_path):
        spec = spec_of(make_tiny_checkpoint(tmp_path, vision=False), schema_output="native")
        with pytest.raises(ModelMisconfigured, match=r'pip install "palate\[local\]"'):
            await ask_json(load_chat(spec), [HumanMessage("go")], Small, spec)

    @pytest.mark.parametrize(
        ("settings", "weight"), [({}, "hinders"), ({"models.demo.schema_output": "native"}, "stops")]
    )
    def test_the_doctor_tells_what_to_install(self, tmp_path, settings, weight):
        profile = load_profile("demo", {"stores.home": str(tmp_path), **settings}, {}).profile
        [found] = [one for one in findings(profile, os.environ) if "llguidance" in one.what]
        assert found.weight == weight
        assert "pip install 'palate[local]'" in found.remedy


def test_with_the_package_a_local_model_says_that_it_can_be_held(checkpoint, tmp_path):
    assert capabilities(spec_of(checkpoint)).schema_output == "native"
    assert capabilities(spec_of(checkpoint, schema_output="none")).schema_output == "none"
    profile = load_profile("demo", {"stores.home": str(tmp_path)}, {}).profile
    assert not [one for one in findings(profile, os.environ) if "llguidance" in one.what]


FILMS = [
    ("Amélie (2001)", "A waitress in Paris, played by Audrey Tautou, decides to help others. Romance, comedy."),
    ("Seven Samurai [七人の侍] (1954)", "A village hires seven swordsmen; black and white, 3h27, by Akira Kurosawa."),
    ('"Crocodile" Dundee (1986)', 'A hunter meets New York: "That\'s not a knife." Comedy {adventure}.'),
    ("8½ (1963)", "A director who cannot begin his film. Dream-like, Italian, Fellini."),
    ("M*A*S*H (a.k.a. MASH) (1970)", "Army surgeons in the Korean war; satire [R], 116 min."),
    ("Сталкер (1979)", "A guide leads two men through the Zone. Slow science fiction \\ philosophy."),
    ("Se7en (1995)", '{"edits":[],"prose":"They like rain."}'),
    ("O Brother, Where Art Thou? (2000)", "Three convicts escape; bluegrass, comedy, $26,000,000."),
]


@pytest.mark.model
@pytest.mark.slow
def test_the_embedded_model_folds_films_it_was_never_taught_into_valid_json():
    chat = load_chat(ModelSpec(backend="local", model=str(DEMO), device="cpu", dtype="float32", max_tokens=320))
    kinds, blocks = ["like", "dislike", "rating", "view", "purchase"], []
    for start in range(8):
        chosen = [FILMS[(start * 3 + n) % len(FILMS)] for n in range(1 + start % 4)]
        events = [
            event_line(kinds[(start + n) % 5], title=title, summary=summary, value=3.5)
            for n, (title, summary) in enumerate(chosen)
        ]
        events.append(event_line("wish", text='like "Amélie" but {darker}, under 100 min [no musicals]'))
        facts = ["like genre: comedy (clear)"] * (start % 2)
        blocks.append(prompts.load("preference_memory").render(prose="", facts=facts, events=events, words=60))
    replies = chat.batch([[HumanMessage(block)] for block in blocks], response_format=Fold)
    for reply in replies:
        Fold.model_validate(json.loads(reply.text))
        assert reply.response_metadata["finish_reason"] == "stop"


def without_strings(text):
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", text)


def after(held, text, chat):
    """The tokens of one character that may follow a beginning."""
    import torch

    tokenizer, read = chat.runtime.tokenizer, [0]
    scores = held(torch.tensor([read]), torch.zeros(1, len(tokenizer)))
    for token in tokenizer.encode(text, add_special_tokens=False):
        read.append(token)
        scores = held(torch.tensor([read]), torch.zeros(1, len(tokenizer)))
    fits = [tokenizer.decode([place]) for place in torch.nonzero(scores[0] == 0).flatten().tolist()]
    return {piece for piece in fits if len(piece) == 1}

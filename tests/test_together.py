"""Replies written together are those written alone, however different their prompts and their lengths."""

from __future__ import annotations

import pytest

import models.local.together
from models.errors import ModelTimeout
from models.loading import load_chat
from models.spec import ModelSpec
from tests.test_constrained import Small
from tests.tiny import make_tiny_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PROMPTS = [f"{'a fox in the snow, ' * (n % 5)}number {n}" for n in range(20)]


@pytest.fixture(scope="module", params=[True, False], ids=["pictures", "text"])
def chat(tmp_path_factory, request):
    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"), vision=request.param)
    return load_chat(ModelSpec(backend="local", model=str(folder), vision=request.param, max_tokens=150))


@pytest.fixture
def together(chat, monkeypatch):
    """Replies are written together or not at all; gives how many rows each step of the model had."""

    def refuse(*args, **options):
        raise AssertionError("generate was called")

    rows, forward = [], chat.runtime.model.forward

    def counted(*args, **options):
        rows.append(len(options["input_ids"]))
        return forward(*args, **options)

    monkeypatch.setattr(chat.runtime.model, "forward", counted)
    monkeypatch.setattr(chat.runtime.model, "generate", refuse)
    return rows


def told(reply):
    return reply.text, reply.usage_metadata, reply.response_metadata["finish_reason"]


@pytest.mark.parametrize("schema", [{}, {"response_format": Small}], ids=["free", "held"])
def test_together_is_as_alone(chat, schema, request):
    alone = [told(chat.invoke(one, **schema)) for one in PROMPTS]
    assert len({text for text, _, _ in alone}) > 10
    rows = request.getfixturevalue("together")
    assert [told(one) for one in chat.batch(PROMPTS, **schema)] == alone
    assert rows[0] == len(PROMPTS)


def test_who_is_done_is_written_no_further(chat, together):
    lengths = sorted(one.usage_metadata["output_tokens"] for one in chat.batch(PROMPTS, response_format=Small))
    assert lengths[0] < lengths[-1] - models.local.together.ROOM // 4
    assert together[-1] < len(PROMPTS) // 2
    assert len(together) == lengths[-1], "and nobody waits for more than the longest"


def test_no_room_is_too_small(chat, monkeypatch):
    before = [told(one) for one in chat.batch(PROMPTS, response_format=Small)]
    monkeypatch.setattr(models.local.together, "ROOM", 1)
    assert [told(one) for one in chat.batch(PROMPTS, response_format=Small)] == before


def test_what_a_checkpoint_asks_of_its_scores_is_left_to_generate(chat, monkeypatch):
    monkeypatch.setattr(chat.runtime.model.generation_config, "repetition_penalty", 1.4)
    alone = [told(chat.invoke(one, max_tokens=12)) for one in PROMPTS[:4]]
    assert [told(one) for one in chat.batch(PROMPTS[:4], max_tokens=12)] == alone


def test_silence_ends_all(chat, together):
    slow = chat.model_copy(update={"spec": chat.spec.model_copy(update={"timeout_s": 1e-9})})
    with pytest.raises(ModelTimeout):
        slow.batch(PROMPTS)
    assert len(together) == 1

"""Many questions in one row of the model: none sees another, and a model that would let them is found out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decisions import DecisionRequest, Predicate
from models.loading import load_decider
from models.local import packing
from models.local.packing import may_pack, packs
from models.local.rows import Row
from models.spec import ModelSpec
from tests.tiny import make_tiny_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
STATE = "One person's taste: they like foxes, owls and calm pictures in deep blue."
QUESTIONS = [Predicate(f"Number {number}: a picture of {'a fox ' * number}by night?") for number in range(8)]


@pytest.fixture
def decider(tmp_path):
    return load_decider(ModelSpec(backend="local", model=str(make_tiny_checkpoint(tmp_path))), {})


async def p_yes(decider, questions):
    return [one.p_yes for one in (await decider.decide(DecisionRequest(STATE, questions))).answers]


async def alone(decider, questions):
    return [(await p_yes(decider, [question]))[0] for question in questions]


async def test_each_answer_is_that_of_asking_alone(decider):
    expected = await alone(decider, QUESTIONS)
    assert await p_yes(decider, QUESTIONS) == pytest.approx(expected, abs=1e-4)
    assert decider.runtime.packs is True
    assert await p_yes(decider, QUESTIONS[::-1]) == pytest.approx(expected[::-1], abs=1e-4)


async def test_a_model_that_lets_questions_see_each_other_reads_them_side_by_side_and_says_so(
    decider, monkeypatch, caplog
):
    expected = await alone(decider, QUESTIONS)

    def open_to_all(own, length, dtype):
        seen = torch.ones(sum(own), length + sum(own)).tril(length).bool()
        return torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)[None, None]

    monkeypatch.setattr(packing, "_mask", open_to_all)
    assert await p_yes(decider, QUESTIONS) == pytest.approx(expected, abs=1e-4)
    assert decider.runtime.packs is False
    assert decider.runtime.shares_prefix is True
    assert "side by side" in caplog.text


async def test_a_model_that_fails_on_a_pack_reads_them_side_by_side(decider, monkeypatch):
    expected = await alone(decider, QUESTIONS)
    monkeypatch.setattr(packing, "_mask", lambda own, length, dtype: torch.zeros(1, 1, 3, 3))
    assert await p_yes(decider, QUESTIONS) == pytest.approx(expected, abs=1e-4)
    assert decider.runtime.packs is False


async def test_a_long_list_goes_in_several_packs(decider, monkeypatch):
    expected = await alone(decider, QUESTIONS)
    monkeypatch.setitem(packing.PACK_TOKENS, "cpu", 100)
    assert await p_yes(decider, QUESTIONS) == pytest.approx(expected, abs=1e-4)


def test_layers_that_slide_or_attention_without_masks_are_not_packed(decider):
    model = decider.runtime.model
    config = model.config.get_text_config()
    assert may_pack(model)
    config.layer_types = ["full_attention", "sliding_attention"]
    assert not may_pack(model)
    config.layer_types = None
    config.sliding_window = 16
    assert not may_pack(model)
    config.sliding_window = None
    config._attn_implementation = "flash_attention_2"
    assert not may_pack(model)


@settings(max_examples=50)
@given(lengths=st.lists(st.integers(1, 700), min_size=1, max_size=40), length=st.integers(0, 50))
def test_every_row_is_in_one_pack_in_order_and_only_a_long_one_alone_is_over_the_bound(lengths, length):
    rows = [Row([0] * (length + own), [], (), 1.0) for own in lengths]
    made = packs(rows, length, "cpu")
    assert [place for pack in made for place in pack] == list(range(len(rows)))
    assert all(len(pack) == 1 or sum(lengths[place] for place in pack) <= packing.PACK_TOKENS["cpu"] for pack in made)

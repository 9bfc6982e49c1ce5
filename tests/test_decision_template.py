"""What an export brings along for typed decisions: every prompt can be served, and reads as it was trained."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.decisions import Choice, Predicate
from models.local.decider import PicturesApart
from models.wire import as_systemone
from tests.tiny import make_tiny_checkpoint

pytestmark = pytest.mark.model
CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / "demo"
MARK = "<picture-0>"
WIDTH = 128  # of a picture of the embedded model, in pixels


def body(state: Any, question: Predicate | Choice) -> dict[str, Any]:
    mark = MARK if question.picture else None
    assets = {MARK: Image.new("RGB", (300, 200), "red")} if mark else {}
    return {"state": state, "questions": {"q": as_systemone(question, mark)}, "assets": assets}


def loaded(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoProcessor
    from transformers.decision import DecisionConfig

    return AutoProcessor.from_pretrained(folder), DecisionConfig.from_pretrained(folder)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    """The processor of the embedded model, its settings, and those an export writes, read again from the disk."""
    from training.decision_template import with_template

    processor, plain = loaded(CHECKPOINT)
    folder = tmp_path_factory.mktemp("exported")
    with_template(plain, processor).save_pretrained(folder)
    processor.save_pretrained(folder)
    return processor, plain, loaded(folder)[1]


def test_a_prompt_as_long_as_a_picture_is_wide_is_served_as_it_is_read_in_this_process(exported: Any) -> None:
    processor, plain, served = exported
    question, lengths = Predicate("Candidate: a <image> <|split|>\nWill they?", picture="ab"), set()
    for more in range(40):
        asked = body(f"One person's taste: unknown{'.' * more}", question)
        [(there, _)] = served.prepare_inputs(asked, copy.deepcopy(processor) if more == 0 else processor)
        apart = PicturesApart(processor)
        [(here, _)] = plain.prepare_inputs(asked, apart)
        assert there["input_ids"].tolist() == here["input_ids"].tolist()
        assert there["marks"].tolist() == here["marks"].tolist() == [here["input_ids"].shape[1]]
        assert there["pixel_values"].equal(apart.pictures["pixel_values"])
        lengths.add(here["input_ids"].shape[1])
    assert WIDTH in lengths


@pytest.mark.parametrize(
    "question",
    [
        {"type": "noul", "instructions": "Will they?", "criteria": {"true": "they do", "false": "they do not"}},
        {"type": "choice", "instructions": "", "criteria": {"fox": None, "owl: of the": "a bird. With it"}},
        {"type": "score", "instructions": "How much?", "criteria": ["not", "a little", "much"]},
        {"type": "noul", "instructions": None},
    ],
)
@pytest.mark.parametrize("state", ["Facts:\n- like subject: fox (clear)", {"facts": ["ü", {"a": 1}]}])
def test_questions_of_every_kind_read_as_without_the_template(exported: Any, question: Any, state: Any) -> None:
    processor, plain, served = exported
    asked = {"state": state, "questions": {"q": question}}
    [(there, _)], [(here, _)] = (one.prepare_inputs(asked, processor) for one in (served, plain))
    assert there["input_ids"].tolist() == here["input_ids"].tolist()


def test_only_a_checkpoint_that_needs_it_and_can_read_it_gets_a_template(exported: Any, tmp_path: Path) -> None:
    from transformers.decision import DecisionConfig

    from training.decision_template import with_template

    processor, plain, _ = exported
    text_only, _ = loaded(make_tiny_checkpoint(tmp_path / "text", vision=False))
    assert with_template(plain, text_only) is plain
    own = DecisionConfig(chat_template="{{ state }}{{ question.instructions }}")
    assert with_template(own, processor) is own
    odd = copy.deepcopy(processor)
    looks = "{% for one in messages[0]['content'] if one.type == 'image' %}{{ one.image.size }}{% endfor %}"
    odd.chat_template = processor.chat_template + looks
    assert with_template(plain, odd) is plain

"""Asking tiny checkpoints of every kind the same questions, together and one by one."""

import base64
import itertools

import pytest
from langchain_core.messages import HumanMessage

from models.decisions import Choice, DecisionRequest, Predicate
from models.spec import ModelSpec
from tests.architectures import gemma3, internvl, llava, llava_next, qwen2_5_vl, qwen3_vl, smolvlm
from tests.architectures.parts import picture

MAKERS = {
    "llava": llava.make,
    "llava_next": llava_next.make,
    "qwen2_5_vl": qwen2_5_vl.make,
    "qwen3_vl": qwen3_vl.make,
    "smolvlm": smolvlm.make,
    "idefics3": smolvlm.make_idefics3,
    "gemma3": gemma3.make,
    "internvl": internvl.make,
}
SIZES = {"a": (48, 40), "b": (40, 48), "wide": (120, 36), "tall": (30, 110), "large": (96, 96), "other": (96, 96)}
STATE = "They like quiet pictures of the sea, and harbours at dawn. " * 3
TOLERANCE = 1e-4


class Pictures:
    """Noise, some of it of the same size."""

    def read(self, content_hash):
        return picture(seed=list(SIZES).index(content_hash), size=SIZES[content_hash])


def spec_of(path, **more):
    return ModelSpec(**{"backend": "local", "model": str(path), "max_tokens": 8, "dtype": "float32", **more})


def seen(name, text="what is it?"):
    encoded = base64.b64encode(Pictures().read(name)).decode()
    return HumanMessage(
        content=[{"type": "image", "base64": encoded, "mime_type": "image/png"}, {"type": "text", "text": text}]
    )


def every_kind():
    """Candidates with text alone, a picture alone, and both, of every shape and length."""
    words = ("", "A storm, with very much longer words about it than any of the others has?")
    plain = [Predicate(text) for text in words]
    pictured = [Predicate(text, name) for text, name in itertools.product(words, SIZES)]
    return [
        *plain,
        *pictured,
        Choice("which?", {"calm": "no wind", "loud": ""}, "wide"),
        Choice("?", {"x": "", "y": ""}),
    ]


async def answers(decider, questions, state=STATE):
    return (await decider.decide(DecisionRequest(state, questions))).answers


async def one_by_one(decider, questions, state=STATE):
    return [(await answers(decider, [question], state))[0] for question in questions]


def assert_same(together, alone):
    for one, other in zip(together, alone, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=TOLERANCE)
        assert one.mass == pytest.approx(other.mass, abs=TOLERANCE)

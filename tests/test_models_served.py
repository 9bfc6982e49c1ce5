"""A checkpoint in this process and the same one behind a real `transformers serve` are one model."""

import base64

import pytest
from langchain_core.messages import HumanMessage

from models.decisions import Choice, DecisionRequest, Predicate
from models.errors import ModelMisconfigured
from models.loading import load_chat, load_decider
from models.spec import ModelSpec
from tests.serve import transformers_server  # noqa: F401
from tests.tiny import make_tiny_checkpoint, picture


class Pictures:
    def read(self, content_hash):
        return picture(tuple(bytes.fromhex(content_hash)))


@pytest.fixture(scope="module")
def specs(tmp_path_factory, transformers_server):  # noqa: F811
    """The served and the local spec of one checkpoint."""
    server = transformers_server(make_tiny_checkpoint(tmp_path_factory.mktemp("served")))
    served = ModelSpec(backend="served", model=server.model, api_base=server.api_base, max_tokens=12)
    return served, ModelSpec(backend="local", model=server.model, max_tokens=12)


async def test_decisions_agree(specs):
    served, local = (load_decider(spec, Pictures()) for spec in specs)
    questions = [
        *(Predicate(f"Candidate: number {number}\nWill they like it?") for number in range(5)),
        Choice("", {"recommend": "wants suggestions", "small_talk": "anything else"}),
        Predicate("Is it red?", picture="ff0000"),
        Predicate("Is it red?", picture="0000ff"),
    ]
    request = DecisionRequest("One person's taste: likes <image> quiet.\nFacts:\n- none", questions)
    there, here = await served.decide(request), await local.decide(request)
    assert (there.kind, here.kind) == ("systemone", "local")
    for one, other in zip(there.answers, here.answers, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)
    assert there.usage.input_tokens == here.usage.input_tokens


@pytest.mark.parametrize("with_picture", [False, True])
async def test_replies_agree(specs, with_picture):
    blocks = [{"type": "text", "text": "describe it"}]
    if with_picture:
        encoded = base64.b64encode(picture()).decode()
        blocks.insert(0, {"type": "image", "base64": encoded, "mime_type": "image/png"})
    served, local = (load_chat(spec) for spec in specs)
    there, here = (
        await served.ainvoke([HumanMessage(content=blocks)]),
        await local.ainvoke([HumanMessage(content=blocks)]),
    )
    assert there.content == here.content
    assert there.usage_metadata == here.usage_metadata


async def test_a_streamed_reply_is_the_same_and_counted(specs):
    served, local = (load_chat(spec) for spec in specs)
    pieces = [piece async for piece in served.astream("hello")]
    whole = await local.ainvoke("hello")
    assert "".join(piece.content for piece in pieces) == whole.content
    assert pieces[-1].usage_metadata == whole.usage_metadata


async def test_what_this_server_does_not_offer_falls_to_the_next_kind_or_says_so(specs):
    served = specs[0].model_copy(update={"decide": ("logprobs", "systemone")})
    decisions = await load_decider(served, Pictures()).decide(DecisionRequest("s", [Predicate("a?")]))
    assert decisions.kind == "systemone"
    only = specs[0].model_copy(update={"decide": ("logprobs",)})
    with pytest.raises(ModelMisconfigured, match="probabilities of words"):
        await load_decider(only, Pictures()).decide(DecisionRequest("s", [Predicate("a?")]))

"""Every ready-made profile holds a turn: against a recording server, or on a tiny checkpoint in this process.

What is sent is checked: the model's name, the key, pictures as data URLs, and how it asks for probabilities.
"""

import asyncio
import io
import json
import re

import pytest
from PIL import Image

from graphs.describing import summarize_catalogue
from graphs.services import Services
from graphs.session import Session
from graphs.setup import store_catalogue
from profiles.settings import load_profile
from tests.recording_server import Answer, recording_server, says, thinks
from tests.tiny import make_tiny_checkpoint
from tests.world import ITEMS, SCHEMA, HashedEmbedder, polite, talk

# profile: the model's name on the wire, the variable of its key, and how it decides
REMOTE = {
    "openai": ("gpt-4.1-mini", "OPENAI_API_KEY", "logprobs"),
    "anthropic": ("claude-haiku-4-5", "ANTHROPIC_API_KEY", "graded"),
    "gemini": ("gemini-3.5-flash-lite", "GEMINI_API_KEY", "graded"),
    "openrouter": ("qwen/qwen3-vl-8b-instruct", "OPENROUTER_API_KEY", "graded"),
    "hosted": ("gpt-4.1-mini", "OPENAI_API_KEY", "graded"),
    "ollama": ("qwen3-vl:4b", None, "logprobs"),
    "vllm": ("Qwen/Qwen3-VL-8B-Instruct", None, "logprobs"),
    "served": ("checkpoints/demo", None, "systemone"),
}
IN_OPENAI_DIALECT = sorted(set(REMOTE) - {"anthropic", "gemini"})
LOCAL = ("local", "qwen-vl", "smolvlm")
KEY = "sk-canary-0123456789"


def print_of(colour):
    data = io.BytesIO()
    Image.new("RGB", (900, 600), colour).save(data, "PNG")
    return data.getvalue()


def opened(name, home, overrides, environ):
    loaded = load_profile(name, {"stores.home": str(home), "catalogue": "prints", **overrides}, environ)
    services = Services.open(loaded.profile, embedder=HashedEmbedder())
    pictures = [services.pictures.add(print_of((20 * n, 90, 120))) for n in range(3)]
    items = [item.model_copy(update={"picture": picture}) for item, picture in zip(ITEMS[:3], pictures, strict=True)]
    store_catalogue(services, "prints", SCHEMA, items, [])
    return Session(services, "prints")


def answering(request):
    """What a friendly provider would say to each of our prompts."""
    if request.path.endswith("/systemone"):
        return Answer()
    if request.body.get("logprobs"):
        return thinks({"Yes": -0.2, "No": -1.8})
    if "grades" in request.text or "grades" in json.dumps(request.body.get("response_format", {})):
        return says(json.dumps({"grades": grades_for(request)}))
    return says(polite(first_text(request)))


def first_text(request):
    content = request.body["messages"][-1]["content"]
    texts = [content] if isinstance(content, str) else [part["text"] for part in content if part["type"] == "text"]
    return texts[-1]


def grades_for(request):
    """As many grades as the prompt shows places for: `"q1":[?],"q2":[?,?]`."""
    places = re.findall(r'"(q\d+)":\s*\[([?,]+)\]', request.text.replace('\\"', '"'))
    return {name: [70] * marks.count("?") for name, marks in places}


def hold(session, picture):
    async def turn():
        services = session.services
        done = await summarize_catalogue(services, services.catalogue("prints"))
        result, _ = await talk(session, "ann", "show me a fox like this one", picture=picture)
        await session.aclose()
        return done, result

    return asyncio.run(turn())


@pytest.mark.parametrize("name", IN_OPENAI_DIALECT)
def test_a_profile_that_reaches_a_server_sends_what_it_should(name, tmp_path, monkeypatch):
    model, variable, kind = REMOTE[name]
    if variable:
        monkeypatch.setenv(variable, KEY)
    with recording_server() as server:
        server.script(answering)
        player = next(iter(load_profile(name, {}, {}, keys_required=False).profile.models))
        overrides = {f"models.{player}.api_base": server.api_base}
        session = opened(name, tmp_path, overrides, {variable: KEY} if variable else {})
        done, result = hold(session, print_of((200, 60, 40)))
        requests = list(server.requests)

    assert done.failed == {}
    assert result.error == ""
    assert result.reply
    assert [card.kind for card in result.slate] == [kind] * 3
    assert {request.body["model"] for request in requests} == {model}
    if variable:
        assert {request.headers["authorization"] for request in requests} == {f"Bearer {KEY}"}
    sent = [picture for request in requests for picture in request.pictures]
    assert sent
    assert all(picture.startswith("data:image/") for picture in sent)
    asked = [request for request in requests if asks_for(request, kind)]
    assert asked
    if name == "openai":  # it gives no log-probabilities where it sees a picture
        assert not any(request.pictures for request in asked)


def asks_for(request, kind):
    if kind == "systemone":
        return request.path.endswith("/systemone")
    return bool(request.body.get("logprobs")) if kind == "logprobs" else "grades" in request.text


@pytest.mark.parametrize("name", sorted(set(REMOTE) - set(IN_OPENAI_DIALECT)))
def test_a_profile_of_another_dialect_sends_its_key_its_model_and_its_pictures(name, tmp_path, monkeypatch):
    model, variable, _ = REMOTE[name]
    monkeypatch.setenv(variable, KEY)
    with recording_server() as server:
        server.script(Answer(raw=json.dumps(native_answer(name))))
        player = next(iter(load_profile(name, {}, {}, keys_required=False).profile.models))
        base = server.api_base.removesuffix("/v1")
        session = opened(
            name, tmp_path, {f"models.{player}.api_base": base, f"models.{player}.retries": 0}, {variable: KEY}
        )
        done, _ = hold(session, print_of((200, 60, 40)))
        requests = list(server.requests)
    assert done.written == 3
    for request in requests:
        assert KEY in json.dumps([request.headers, request.path])
        assert model in request.path or request.body.get("model") == model
    bodies = "".join(json.dumps(request.body) for request in requests)
    assert "image/jpeg" in bodies or "image/png" in bodies
    assert "http://" not in bodies.replace(base, "")  # pictures travel inside, never as addresses


def native_answer(name):
    if name == "anthropic":
        return {
            "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "A woodcut of a fox."}],
            "usage": {"input_tokens": 10, "output_tokens": 5},
        }  # fmt: skip
    part = {"content": {"role": "model", "parts": [{"text": "A woodcut of a fox."}]}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    return {"candidates": [part], "usageMetadata": usage}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("name", LOCAL)
def test_a_profile_of_a_checkpoint_holds_a_turn_in_this_process(name, tmp_path, tiny):
    player = next(iter(load_profile(name, {}, {}, keys_required=False).profile.models))
    overrides = {f"models.{player}.{key}": value for key, value in {"model": str(tiny), "max_tokens": 8}.items()}
    session = opened(name, tmp_path, overrides, {})
    _, result = hold(session, print_of((200, 60, 40)))
    assert [card.kind for card in result.slate] == ["local"] * 3
    assert all(0 <= card.p <= 1 for card in result.slate)


def test_the_mixed_profile_asks_each_role_where_it_is_played(tmp_path, tiny):
    with recording_server() as server:
        server.script(answering)
        overrides = {
            "models.demo.model": str(tiny),
            "models.demo.max_tokens": 8,
            "models.server.api_base": server.api_base,
        }
        session = opened("mixed", tmp_path, overrides, {})
        _, result = hold(session, print_of((200, 60, 40)))
        requests = list(server.requests)
    assert [card.kind for card in result.slate] == ["local"] * 3
    assert result.reply.startswith("Here you are.")  # the responder is the server's
    assert not any(request.pictures for request in requests)  # the item-summarizer is the embedded model

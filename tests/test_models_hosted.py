"""Chat over HTTP: what is sent, what comes back, and every way it can fail."""

import asyncio
import base64
import io
import logging
import time
import traceback

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from PIL import Image

from models.errors import (
    ModelAccountRefused,
    ModelBadOutput,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    ModelTimeout,
    ModelUnreachable,
)
from models.hosted.failures import pause
from models.loading import load_chat
from models.spec import ModelSpec
from tests.recording_server import Answer, fails, recording_server, says
from tests.tiny import picture

KEY = "sk-a-very-secret-key-0123456789"
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def server():
    with recording_server() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def loaded():
    """Load LiteLLM before anything is timed; its first call takes seconds."""
    with recording_server() as running:
        load_chat(ModelSpec(backend="served", model="m", api_base=running.api_base)).invoke("hi")


@pytest.fixture(autouse=True)
def quick_and_keyed(monkeypatch):
    monkeypatch.setattr("models.hosted.failures.PAUSE_S", 0.01)
    monkeypatch.setenv("SOME_KEY", KEY)


def spec_of(api_base, **more):
    settings = {"backend": "served", "model": "m", "api_base": api_base, "api_key_env": "SOME_KEY", "timeout_s": 5}
    return ModelSpec(**{**settings, "retries": 1, **more})


def chat_of(server, **more):
    return load_chat(spec_of(server.api_base, **more))


def seen(data):
    encoded = base64.b64encode(data).decode()
    return HumanMessage(
        content=[{"type": "image", "base64": encoded, "mime_type": "image/png"}, {"type": "text", "text": "look"}]
    )


async def streamed(chat, messages="hi"):
    return [piece async for piece in chat.astream(messages)]


class TestWhatIsSent:
    async def test_the_words_in_order_with_who_said_them(self, server):
        await chat_of(server, max_tokens=77).ainvoke([SystemMessage("be kind"), HumanMessage("a"), AIMessage("b")])
        body = server.requests[0].body
        assert body["messages"] == [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
        ]
        assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 77, 0.0)
        assert server.requests[0].path == "/v1/chat/completions"

    async def test_nothing_that_a_plain_server_refuses(self, server):
        await chat_of(server).ainvoke("hi")
        await streamed(chat_of(server))
        allowed = {"model", "messages", "max_tokens", "temperature", "stream"}
        assert set(server.requests[0].body) | set(server.requests[1].body) <= allowed

    async def test_a_temperature_of_none_is_left_out(self, server):
        await chat_of(server, temperature=None).ainvoke("hi")
        assert "temperature" not in server.requests[0].body

    async def test_the_key_named_by_the_profile(self, server):
        await chat_of(server).ainvoke("hi")
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"

    async def test_without_a_key_none_of_the_environment(self, server, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        await chat_of(server, api_key_env=None).ainvoke("hi")
        assert KEY not in str(server.requests[0].headers)

    async def test_a_large_picture_goes_out_small_and_without_metadata(self, server):
        exif = Image.Exif()
        exif[0x010E] = "a private note"
        buffer = io.BytesIO()
        Image.new("RGB", (900, 600), (9, 99, 200)).save(buffer, "JPEG", exif=exif)
        await chat_of(server, picture_px=128).ainvoke([seen(buffer.getvalue())])
        [sent] = server.requests[0].pictures
        data = base64.b64decode(sent.removeprefix("data:image/jpeg;base64,"))
        assert Image.open(io.BytesIO(data)).size == (128, 85)
        assert b"private note" not in data
        assert server.requests[0].body["messages"][0]["content"][1] == {"type": "text", "text": "look"}

    async def test_a_small_picture_with_metadata_loses_it(self, server):
        exif = Image.Exif()
        exif[0x010E] = "a private note"
        buffer = io.BytesIO()
        Image.new("RGB", (40, 30)).save(buffer, "PNG", exif=exif)
        await chat_of(server).ainvoke([seen(buffer.getvalue())])
        assert b"private note" not in base64.b64decode(server.requests[0].pictures[0].split(",")[1])

    async def test_a_small_bare_picture_goes_as_it_is(self, server):
        await chat_of(server).ainvoke([seen(picture())])
        assert base64.b64decode(server.requests[0].pictures[0].split(",")[1]) == picture()

    async def test_a_picture_for_a_model_without_eyes_is_not_sent(self, server):
        with pytest.raises(ModelMisconfigured, match="vision: true"):
            await chat_of(server, vision=False).ainvoke([seen(picture())])
        assert server.requests == []

    async def test_a_picture_by_address_is_refused(self, server):
        message = HumanMessage(content=[{"type": "image", "url": "http://example.org/a.png"}])
        with pytest.raises(ModelMisconfigured, match="base64"):
            await chat_of(server).ainvoke([message])
        assert server.requests == []

    async def test_a_stream_asks_for_its_counts_only_where_it_may(self, server):
        server.script(says("one two"))
        [*_, last] = await streamed(chat_of(server, stream_usage=True))
        assert server.requests[0].body["stream_options"] == {"include_usage": True}
        assert last.usage_metadata["input_tokens"] == 100
        assert last.response_metadata["usage_estimated"] is False


class TestWhatComesBack:
    async def test_the_reply_with_its_counts(self, server):
        server.script(says("three words here"))
        reply = await chat_of(server).ainvoke("hi")
        assert reply.content == "three words here"
        assert reply.usage_metadata["input_tokens"] == 100
        assert reply.usage_metadata["output_tokens"] == 3
        assert reply.response_metadata["retries"] == 0

    async def test_a_stream_word_by_word(self, server):
        server.script(says("three words here"))
        pieces = await streamed(chat_of(server))
        assert [piece.content for piece in pieces] == ["three", " words", " here", ""]
        assert pieces[-1].response_metadata["finish_reason"] == "stop"

    async def test_counts_that_a_server_does_not_give_are_guesses_and_say_so(self, server):
        server.script(says("x" * 40, counts=False))
        [*_, last] = await streamed(chat_of(server), "y" * 400)
        assert last.usage_metadata["input_tokens"] == 100
        assert last.usage_metadata["output_tokens"] == 10
        assert last.response_metadata["usage_estimated"] is True

    async def test_the_cost_is_unknown_without_a_price(self, server):
        assert (await chat_of(server).ainvoke("hi")).response_metadata["cost_usd"] is None

    async def test_the_cost_by_the_stated_prices(self, server):
        server.script(says("one two"))
        chat = chat_of(server, input_usd_per_million=10, output_usd_per_million=1000)
        assert (await chat.ainvoke("hi")).response_metadata["cost_usd"] == pytest.approx(0.001 + 0.002)

    async def test_the_cost_of_a_known_provider_by_the_local_list(self, server):
        chat = load_chat(spec_of(server.api_base, backend="hosted", model="openai/gpt-4o-mini"))
        reply = await chat.ainvoke("hi")
        assert 0 < reply.response_metadata["cost_usd"] < 0.01
        unknown = load_chat(spec_of(server.api_base, backend="hosted", model="openai/never-heard-of"))
        assert (await unknown.ainvoke("hi")).response_metadata["cost_usd"] is None

    def test_one_event_loop_after_another(self, server):
        chat = chat_of(server)
        assert [asyncio.run(chat.ainvoke("hi")).content for _ in range(3)] == ["Hello from the server."] * 3
        assert chat.invoke("hi").content == "Hello from the server."

    async def test_inside_a_running_event_loop_too(self, server):
        assert chat_of(server).invoke("hi").content == "Hello from the server."

    async def test_many_are_asked_a_few_at_a_time_and_answered_in_order(self, server):
        now = {"running": 0, "most": 0}

        def busy(request):
            now["running"] += 1
            now["most"] = max(now["most"], now["running"])
            time.sleep(0.02)
            now["running"] -= 1
            return says(f"to {request.body['messages'][0]['content']}")

        server.script(busy)
        replies = await chat_of(server).abatch([f"number {number}" for number in range(20)])
        assert [reply.content for reply in replies] == [f"to number {number}" for number in range(20)]
        assert 1 < now["most"] <= 8


FAILURES = {
    "key refused": (fails(401, f"Incorrect API key provided: {KEY}"), ModelAccountRefused, "set SOME_KEY"),
    "not allowed": (fails(403, "not for you"), ModelAccountRefused, "not for you"),
    "no credit": (fails(402, "Payment Required"), ModelAccountRefused, "add credit"),
    "quota": (fails(429, "You exceeded your current quota", code="insufficient_quota"), ModelAccountRefused, "credit"),
    "unknown model": (fails(404, "no model m"), ModelMisconfigured, "correct `model` or `api_base`"),
    "bad request": (fails(400, "bad thing"), ModelMisconfigured, "bad thing"),
    "temperature": (fails(400, "Unsupported value: temperature"), ModelMisconfigured, "write `temperature: null`"),
    "unprocessable": (fails(422, "bad thing"), ModelMisconfigured, "bad thing"),
    "too long": (
        fails(400, "maximum context length is 10", code="context_length_exceeded"),
        ModelMisconfigured,
        "long",
    ),
    "policy": (fails(400, "stopped by our safety system", code="content_policy_violation"), ModelRefused, "reword"),
    "slow down": (fails(429, "slow down"), ModelBusy, "too many requests"),
    "server error": (fails(500, "oops"), ModelBusy, "oops"),
    "bad gateway": (fails(502), ModelBusy, "fallback"),
    "overloaded": (fails(503), ModelBusy, "fallback"),
    "request time-out": (fails(408), ModelTimeout, "timeout_s"),
    "nothing": (says(""), ModelBadOutput, "wrote nothing"),
    "spaces": (says("  \n "), ModelBadOutput, "wrote nothing"),
    "all tokens spent": (says("", finish="length"), ModelBadOutput, "max_tokens"),
    "filtered": (says("half an ans", finish="content_filter"), ModelRefused, "content filter"),
    "refusal": (Answer(refusal="I will not"), ModelRefused, "I will not"),
    "no JSON": (Answer(raw="<html>hello"), ModelBadOutput, "protocol"),
    "other JSON": (Answer(raw='{"hello": 1}'), ModelBadOutput, "protocol"),
    "no choices": (Answer(raw='{"id":"1","object":"chat.completion","choices":[]}'), ModelBadOutput, "choice"),
    "empty body": (Answer(raw=""), ModelBadOutput, "protocol"),
    "hangs up": (says("a", dies_after=0), ModelBusy, "fallback"),
    "silence": (says("late", wait_s=2), ModelTimeout, "no reply in 0.5 s"),
}
IN_A_STREAM = {
    name: case
    for name, case in FAILURES.items()
    if name not in {"refusal", "no JSON", "other JSON", "no choices", "empty body", "spaces"}
} | {
    "breaks off": (says("a b c d", dies_after=2), ModelBusy, "broke off"),
    "stalls": (says("a b c", headers={"slow": "2"}), ModelTimeout, "no reply in 0.5 s"),
    "not a stream": (Answer(raw="<html>hello"), ModelBusy, "broke off"),
}


class TestFailures:
    @pytest.mark.parametrize(
        "backend", [{}, {"backend": "hosted", "model": "openai/gpt-4o-mini"}], ids=["served", "hosted"]
    )
    @pytest.mark.parametrize("name", FAILURES)
    async def test_each_arrives_as_the_error_of_who_can_act(self, server, name, backend):
        answer, kind, words = FAILURES[name]
        server.script(answer)
        with pytest.raises(ModelError) as caught:
            await chat_of(server, **backend, timeout_s=0.5 if name == "silence" else 5).ainvoke("hi")
        self.check(server, caught.value, kind, words)

    @pytest.mark.parametrize("name", IN_A_STREAM)
    async def test_and_in_a_stream(self, server, name):
        answer, kind, words = IN_A_STREAM[name]
        server.script(answer)
        with pytest.raises(ModelError) as caught:
            await streamed(chat_of(server, timeout_s=0.5 if name in {"silence", "stalls"} else 5))
        begun = name in {"breaks off", "stalls", "filtered"}
        self.check(server, caught.value, kind, words, repeats=not begun)

    def check(self, server, error, kind, words, *, repeats=True):
        assert type(error) is kind
        assert words in str(error)
        assert len(server.requests) == (2 if kind.retryable and repeats else 1)
        told = str(error) + repr(error) + "".join(traceback.format_exception(error))
        assert KEY not in told
        assert "litellm." not in str(error)

    async def test_a_server_that_is_not_there(self):
        chat = load_chat(spec_of(NOWHERE))
        with pytest.raises(ModelUnreachable, match=NOWHERE):
            await chat.ainvoke("hi")
        with pytest.raises(ModelUnreachable, match=NOWHERE):
            await streamed(chat)

    async def test_a_name_that_does_not_resolve(self):
        with pytest.raises(ModelUnreachable):
            await load_chat(spec_of("http://no-such-host.invalid/v1")).ainvoke("hi")

    async def test_what_passes_is_tried_again_and_counted(self, server):
        server.script(fails(500), fails(429), says("at last"))
        reply = await chat_of(server, retries=2).ainvoke("hi")
        assert reply.content == "at last"
        assert reply.response_metadata["retries"] == 2

    async def test_a_stream_too_before_its_first_word(self, server):
        server.script(fails(500), says("at last"))
        pieces = await streamed(chat_of(server))
        assert "".join(piece.content for piece in pieces) == "at last"
        assert pieces[-1].response_metadata["retries"] == 1

    async def test_what_was_already_said_is_never_said_twice(self, server):
        server.script(says("a b c", dies_after=2), says("a b c"))
        stream = chat_of(server).astream("hi")
        heard = [(await anext(stream)).content for _ in range(2)]
        with pytest.raises(ModelBusy):
            await anext(stream)
        assert heard == ["a", " b"]

    async def test_no_retries_when_the_profile_says_so(self, server):
        server.script(fails(500))
        with pytest.raises(ModelBusy):
            await chat_of(server, retries=0).ainvoke("hi")
        assert len(server.requests) == 1

    async def test_the_number_of_tries_is_noted(self, server):
        server.script(fails(500))
        with pytest.raises(ModelBusy) as caught:
            await chat_of(server, retries=2).ainvoke("hi")
        assert caught.value.__notes__ == ["tried 3 times"]

    async def test_the_pause_a_server_asks_for_is_kept(self, server):
        server.script(fails(429, "slow", headers={"retry-after": "0.3"}), says("ok"))
        started = time.monotonic()
        await chat_of(server).ainvoke("hi")
        assert time.monotonic() - started >= 0.3

    def test_pauses_grow_vary_and_stay_bounded(self, monkeypatch):
        monkeypatch.setattr("models.hosted.failures.PAUSE_S", 0.5)
        assert 0.25 <= pause(0) <= 0.75
        assert 1.0 <= pause(2) <= 3.0
        assert pause(30) <= 30
        assert len({pause(1) for _ in range(5)}) > 1
        assert pause(0, asked_s=1e9) == 20
        assert pause(0, asked_s=-5) == 0

    async def test_the_provider_s_half_redacted_key_is_redacted_whole(self, server):
        server.script(fails(401, "Incorrect API key provided: sk-a-ver****6789. Or Bearer abcdefgh"))
        with pytest.raises(ModelAccountRefused) as caught:
            await chat_of(server).ainvoke("hi")
        assert "6789" not in str(caught.value)
        assert "abcdefgh" not in str(caught.value)

    async def test_nothing_is_logged_with_the_key(self, server, caplog):
        caplog.set_level(logging.DEBUG)
        server.script(fails(401, f"wrong {KEY}"))
        chat = chat_of(server)
        with pytest.raises(ModelAccountRefused):
            await chat.ainvoke("hi")
        assert KEY not in caplog.text
        assert KEY not in repr(chat)


class TestMissingSettings:
    def test_a_key_that_is_not_set_is_named_before_anything_is_sent(self, server, monkeypatch):
        monkeypatch.delenv("SOME_KEY")
        with pytest.raises(ModelAccountRefused, match="export SOME_KEY="):
            chat_of(server)
        assert server.requests == []

    def test_the_key_of_a_known_provider(self, monkeypatch):
        monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
        with pytest.raises(ModelAccountRefused, match="ANTHROPIC_API_KEY"):
            load_chat(ModelSpec(backend="hosted", model="anthropic/claude-sonnet-4-5"))

    def test_a_provider_nobody_knows(self):
        with pytest.raises(ModelMisconfigured, match="provider"):
            load_chat(ModelSpec(backend="hosted", model="nobody/model"))


class TestStopMeansStop:
    async def test_closing_a_stream_hangs_up(self, server):
        server.script(says("word " * 500, headers={"slow": "0.01"}))
        stream = chat_of(server).astream("hi")
        await anext(stream)
        await stream.aclose()
        assert await asyncio.to_thread(server.hung_up.wait, 2)

    async def test_cancelling_a_stream_hangs_up(self, server):
        server.script(says("word " * 500, headers={"slow": "0.01"}))
        task = asyncio.create_task(streamed(chat_of(server)))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.hung_up.wait, 2)

    async def test_cancelling_a_call_hangs_up(self, server):
        server.script(says("late", wait_s=5))
        task = asyncio.create_task(chat_of(server).ainvoke("hi"))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.hung_up.wait, 2)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, ConfigDict, Field

from models.errors import ModelBadOutput, ModelRefused
from models.loading import load_chat
from models.scripted import ScriptedChat
from models.spec import ModelSpec
from models.structured import ask_json, parse_json
from tests.recording_server import Answer, recording_server, says

SPEC = ModelSpec(backend="local", model="m")


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wants: list[str]
    price: int = Field(ge=0)


FITS = '{"wants":["fox"],"price":3}'


class TestFindingJson:
    @pytest.mark.parametrize(
        "text",
        [
            FITS,
            f"Sure! {FITS} Anything else?",
            f"```json\n{FITS}\n```",
            f'{{"other": 1}} and then {FITS}',
            f"{{broken {FITS}",
            '{"wants":["fox"],\n "price":3}',
        ],
    )
    def test_json_is_found_whatever_stands_around_it(self, text):
        assert parse_json(text, Wish) == Wish(wants=["fox"], price=3)

    def test_a_line_break_inside_a_string_is_forgiven(self):
        assert parse_json('{"wants":["red\nfox"],"price":1}', Wish).wants == ["red\nfox"]

    @pytest.mark.parametrize(
        "text", ["", "no", "{", '{"wants":["fox"],"pri', "[1,2]", '{"wants":"fox","price":-1}', "{}"]
    )
    def test_what_does_not_fit_is_refused(self, text):
        with pytest.raises(ValueError, match=r"\w"):
            parse_json(text, Wish)

    @given(st.text())
    def test_no_text_breaks_it(self, text):
        with pytest.raises(ValueError, match=r"\w"):
            parse_json(text, Wish)

    @given(st.text(alphabet='{}[]":,a1\\ \n', max_size=200))
    def test_no_tangle_of_brackets_breaks_it(self, text):
        with pytest.raises(ValueError, match=r"\w"):
            parse_json(text, Wish)

    def test_brackets_without_end_are_refused_too(self):
        with pytest.raises(ValueError, match="no complete JSON"):
            parse_json('{"a":' * 5000, Wish)


class TestAsking:
    async def test_the_value_comes_with_the_words_it_was_found_in(self):
        value, raw = await ask_json(ScriptedChat(f"Here: {FITS}"), [HumanMessage("what?")], Wish, SPEC)
        assert value.wants == ["fox"]
        assert raw == f"Here: {FITS}"

    async def test_a_wrong_answer_is_sent_back_once_with_what_is_wrong(self):
        chat, replies = ScriptedChat('{"wants":[],"price":-2}', FITS), []
        value, _ = await ask_json(chat, [HumanMessage("what?")], Wish, SPEC, on_reply=replies.append)
        assert value.price == 3
        assert [type(message).__name__ for message in chat.asked[1]] == ["HumanMessage", "AIMessage", "HumanMessage"]
        assert "price: Input should be greater than or equal to 0" in str(chat.asked[1][2].content)
        assert len(replies) == 2

    async def test_wrong_twice_is_an_error_that_keeps_the_words(self):
        chat = ScriptedChat("never", "ever", FITS)
        with pytest.raises(ModelBadOutput, match="asked twice") as caught:
            await ask_json(chat, [HumanMessage("what?")], Wish, SPEC)
        assert caught.value.output == "ever"
        assert len(chat.asked) == 2

    async def test_a_refusal_is_not_asked_again(self):
        chat = ScriptedChat(ModelRefused("m", "no"))
        with pytest.raises(ModelRefused):
            await ask_json(chat, [HumanMessage("what?")], Wish, SPEC)
        assert len(chat.asked) == 1


class TestHoldingAServerToTheSchema:
    async def ask(self, server, schema_output):
        spec = ModelSpec(backend="served", model="m", api_base=server.api_base, schema_output=schema_output)
        value, _ = await ask_json(load_chat(spec), [HumanMessage("what?")], Wish, spec)
        return value, server.requests[0].body

    async def test_native(self):
        with recording_server() as server:
            server.script(says(FITS))
            value, body = await self.ask(server, "native")
        assert value.price == 3
        assert body["response_format"]["type"] == "json_schema"
        assert set(body["response_format"]["json_schema"]["schema"]["properties"]) == {"wants", "price"}

    async def test_as_a_tool(self):
        with recording_server() as server:
            server.script(Answer(tool_arguments=FITS, finish="tool_calls"))
            value, body = await self.ask(server, "tool")
        assert value.price == 3
        assert body["tool_choice"]["function"]["name"] == "answer"

    async def test_not_at_all(self):
        with recording_server() as server:
            server.script(says(f"Well, {FITS}"))
            value, body = await self.ask(server, "none")
        assert value.price == 3
        assert not {"tools", "response_format"} & set(body)

"""What is taken out of a trace before it is written."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from memory.database import open_engine
from memory.preferences import Edit
from tests.recorded import break_step, bytes_of, start_turn
from tracing.events import (
    FunnelStep,
    ModelCall,
    Note,
    PreferenceChange,
    StepEnded,
)
from tracing.export import to_json
from tracing.recorder import Recorder
from tracing.redaction import LONGEST_TEXT, is_clean, redact, redact_event
from tracing.storage import TraceStore

# shaped like the real thing, and valid nowhere
CANARIES = {
    "openai": "sk-proj-" + "Canary0" * 6,
    "anthropic": "sk-ant-api03-" + "Canary1_" * 5,
    "openrouter": "sk-or-v1-" + "c0ffee02" * 6,
    "google": "AIza" + "SyCanary3" * 4,
    "groq": "gsk_" + "Canary4" * 6,
    "hugging face": "hf_" + "Canary5" * 5,
    "xai": "xai-" + "Canary6" * 6,
    "aws": "AKIA" + "CANARY7ABCDEFGH8",
    "github": "ghp_" + "Canary8" * 6,
    "slack": "xoxb-" + "123456-Canary9",
    "token": "eyJhbGciOiJI" + ".eyJjYW5hcnkiOjEw" + ".c2lnbmF0dXJl",
    "mail": "canary.eleven@example.org",
    "phone": "+49 170 1234567",
    "phone, spaced": "0170 555 0199",
    "phone, american": "(555) 010-4477",
    "phone, plain": "01705550188",
}


@pytest.mark.parametrize("secret", CANARIES.values(), ids=CANARIES)
def test_a_secret_is_taken_out_wherever_it_stands(secret: str) -> None:
    for text in (f"it is {secret}", f"{secret} is it", f'{{"a": "{secret}"}} and so on', f"it is\n{secret}\nthere"):
        assert secret not in redact(text), text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer [key]"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic [key]"),
        ("api_key=0123456789abcdef", "api_key=[key]"),
        ('{"OPENAI_API_KEY": "plain-and-unmarked"}', '{"OPENAI_API_KEY": "[key]"}'),
        ("postgresql://palate:hunter2@db/palate", "postgresql://palate:[key]@db/palate"),
        ("write to ada@example.org please", "write to [e-mail] please"),
    ],
)
def test_what_marks_a_secret_stays_and_the_secret_goes(text: str, wanted: str) -> None:
    assert redact(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "something from the 1970s under 40 euros, 30-50 cm",
        "between 1970 and 1985, at most 1,200.50 €",
        "yes 0.0512, no 0.9488; 0.1234 0.5678",
        "2026-11-20 20:25:01",
        "tt0078748",
        "a" * 64,
        "prompt responder@1 of 300 tokens: 120",
        "ask-me-anything-about-risk-free-films",
        "the year 2001 2010 1968",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_keys_in_use_go_even_where_they_look_like_nothing() -> None:
    assert redact("the key is correct horse", secrets=("correct horse",)) == "the key is [key]"


_PIECES = st.sampled_from(
    [*CANARIES.values(), "calm", "key:", "+49 30", "1234567", "\n", " ", "@", "a quiet fox, 45 EUR"]
)
_TEXTS = st.lists(_PIECES, max_size=4).map("".join)


@given(st.lists(st.dictionaries(st.sampled_from(["message", "step", "parts", "odd key"]), _TEXTS), max_size=4))
def test_what_a_look_at_all_texts_calls_clean_needs_no_redaction(events: list[dict[str, str]]) -> None:
    if is_clean(events):
        assert [redact_event(event, personal_text="keep") for event in events] == events


@given(st.sampled_from(sorted(CANARIES.values())), _TEXTS)
def test_no_secret_passes_for_clean_wherever_it_stands(secret: str, text: str) -> None:
    events: list[dict[str, JsonValue]] = [
        {"message": f"{text} {secret}"},
        {"state_changes": {"a": [text, {"b": secret}]}},
        {secret: text},
    ]
    for event in events:
        assert not is_clean([{"message": text}, event])


@pytest.mark.parametrize(
    "part", ["x", "a.", "a@", "eyJ-", "sk-", "api_key", "api_key ", "0-", "+1 ", "http://", "-----BEGIN ", "( ", "a_"]
)
def test_no_text_keeps_redaction_busy(part: str) -> None:
    began = time.thread_time()
    redact(part * (200_000 // len(part)))
    assert time.thread_time() - began < 2


def test_a_cut_leaves_no_half_of_a_secret() -> None:
    secret = CANARIES["openai"]
    assert "sk-" not in redact("x " * (LONGEST_TEXT // 2 - 8) + secret + " and so on" * 100)


def test_an_endless_text_is_cut_and_says_so() -> None:
    assert redact("x" * (LONGEST_TEXT + 5)).endswith("… (5 more characters)")


def test_no_byte_of_the_database_holds_a_planted_secret(tmp_path: Path) -> None:
    secrets = list(CANARIES.values())
    store = TraceStore(open_engine(f"sqlite:///{tmp_path / 'palate.sqlite'}"), secrets=("unmarked-canary-17",))
    every = " and ".join([*secrets, "unmarked-canary-17"])
    recorder = Recorder(store)
    start_turn(recorder, message=every)
    break_step(recorder, every, {every: every, "deep": {"list": [every, {every: (every,)}]}})
    call = ModelCall(
        role="responder", model="m", rendered=every, output=every, parameters={"headers": {"x": every}}, error=every
    )
    recorder.record(call)
    recorder.record(FunnelStep(step="filter", count=1, rule=every))
    edit = Edit(op="add", polarity="like", aspect="mail", value=secrets[-1], reason=every)
    recorder.record(
        PreferenceChange(before_version=0, after_version=1, edits=(edit,), prose_before=every, prose_after=every)
    )
    recorder.record(Note(what="fallback", detail=every))
    kept = recorder.end_turn(reply=every, error=every)
    assert kept is not None
    found = bytes_of(tmp_path)
    assert len(found) > 1000
    for secret in [*secrets, "unmarked-canary-17"]:
        assert secret.encode() not in found, secret
        assert secret not in to_json(kept)


def test_personal_text_can_be_replaced_by_its_length(tmp_path: Path) -> None:
    store = TraceStore(open_engine(f"sqlite:///{tmp_path / 'palate.sqlite'}"), personal_text="redact")
    recorder = Recorder(store)
    said = "my-unmistakable-words"
    start_turn(recorder, message=said)
    break_step(recorder, said, {"intent": "recommend", "shown": ("p1",), "wishes": (said,), "reply": said})
    recorder.record(
        ModelCall(role="responder", model="tiny", prompt="responder@1", rendered=said, output=said, error=said)
    )
    recorder.record(FunnelStep(step="filter", count=3, rule=said))
    edit = Edit(op="add", polarity="like", aspect=said, value=said, reason=said)
    recorder.record(PreferenceChange(before_version=0, after_version=1, edits=(edit,), prose_after=said))
    trace = recorder.end_turn(reply=said, slate=("p1",), error=said)
    assert trace is not None
    assert said.encode() not in bytes_of(tmp_path)
    assert trace.started.message == "<21 characters>"
    [call], [step_ended] = list(trace.of(ModelCall)), list(trace.of(StepEnded))
    assert (call.role, call.prompt, call.output) == ("responder", "responder@1", "<21 characters>")
    assert step_ended.state_changes["intent"] == "recommend"
    assert step_ended.state_changes["shown"] == ["p1"]
    assert trace.ended is not None
    assert trace.ended.slate == ("p1",)

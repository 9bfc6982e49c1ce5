"""What every decider owes, and what each kind adds."""

import asyncio
import hashlib
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.decisions import Choice, DecisionRequest, Predicate
from models.errors import ModelAccountRefused, ModelBadOutput, ModelMisconfigured, ModelRefused
from models.hosted.logprobs import read_decision
from models.hosted.systemone import PICTURES_PER_REQUEST, QUESTIONS_PER_REQUEST
from models.loading import load_decider
from models.local import reading as local
from models.scripted import ScriptedDecider
from models.spec import ModelSpec
from tests.recording_server import Answer, even_odds, fails, recording_server, says, thinks
from tests.tiny import make_tiny_adapter, make_tiny_checkpoint, picture

CHOICE = Choice(
    "what do they want?", {"suggestions": "to be shown something", "talk": "", "nothing": "to be left alone"}
)


def ask(*texts):
    return DecisionRequest("s", [Predicate(text) for text in texts])


class Pictures:
    """Pictures named by their colour."""

    def read(self, content_hash):
        return picture(tuple(bytes.fromhex(content_hash)))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def adapter(checkpoint, tmp_path_factory):
    return make_tiny_adapter(tmp_path_factory.mktemp("lora"), checkpoint)


@pytest.fixture
def server():
    with recording_server() as running:
        yield running


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("models.hosted.failures.PAUSE_S", 0.01)


def served(server, **more):
    return load_decider(
        ModelSpec(**{"backend": "served", "model": "m", "api_base": server.api_base, "timeout_s": 5, **more}),
        Pictures(),
    )


def chance(text):
    """A number in (0, 1) that belongs to the text."""
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") + 1) / 2**33 + 0.2


def consistent(request):
    """Answer as one model would by every interface, each question from its own words and the state alone."""
    body = request.body
    if request.path.endswith("/systemone"):
        answers = {}
        for name, question in body["questions"].items():
            odds = even_odds({name: question}, chance(body["state"] + question["instructions"]))
            answers |= odds
        return Answer(decisions=answers)
    text = request.text
    if body.get("logprobs"):
        p = chance(text)
        words = {"A": p, "B": 0.1, "C": 0.1} if "letter" in text else {"Yes": p, "No": 1 - p}
        return thinks({word: math.log(value) for word, value in words.items()})
    lines = [line for line in text.splitlines() if line.startswith("Question q")]
    pattern = text.splitlines()[-1]
    grades = []
    for line in lines:
        name, question = line.removeprefix("Question ").split(": ", 1)
        count = pattern.split(f'"{name}":[')[1].split("]")[0].count("?")
        grades.append(f'"{name}":[{",".join(str(round(100 * chance(question + str(n)), 3)) for n in range(count))}]')
    return says('{"grades":{' + ",".join(grades) + "}}")


class DeciderContract:
    """What every backend owes. A new one joins by saying how to make it."""

    kind = ""

    @pytest.fixture
    def decider(self):
        raise NotImplementedError

    async def test_answers_come_in_order_one_a_question_with_their_kind(self, decider):
        questions = [Predicate("a calm film?"), CHOICE, Predicate("a loud film?")]
        decisions = await decider.decide(DecisionRequest("likes quiet", questions))
        assert [set(answer.probabilities) for answer in decisions.answers] == [
            {"yes", "no"},
            {"suggestions", "talk", "nothing"},
            {"yes", "no"},
        ]
        assert {answer.kind for answer in decisions.answers} == {decisions.kind} == {self.kind}
        assert decisions.model

    async def test_probabilities_are_probabilities(self, decider):
        decisions = await decider.decide(DecisionRequest("likes quiet", [Predicate("calm?"), CHOICE]))
        for answer in decisions.answers:
            assert sum(answer.probabilities.values()) == pytest.approx(1)
            assert all(0 <= p <= 1 for p in answer.probabilities.values())
            assert answer.mass is None or 0 <= answer.mass <= 1
        assert 0 <= decisions.answers[0].p_yes <= 1
        assert decisions.answers[1].best in CHOICE.options

    async def test_an_answer_does_not_depend_on_its_neighbours(self, decider):
        calm, loud = Predicate("a calm film?"), Predicate("a loud film, with a much longer question about it?")
        alone = await decider.decide(DecisionRequest("likes quiet", [calm]))
        beside = await decider.decide(DecisionRequest("likes quiet", [loud, CHOICE, calm]))
        assert beside.answers[2].p_yes == pytest.approx(alone.answers[0].p_yes, abs=1e-4)

    async def test_no_questions_give_no_answers(self, decider):
        assert (await decider.decide(DecisionRequest("likes quiet", []))).answers == ()

    async def test_many_calls_at_once_do_not_mix(self, decider):
        states = [f"state {number}" for number in range(5)]
        requests = [DecisionRequest(state, [Predicate("calm?"), Predicate("loud?")]) for state in states]
        together = await asyncio.gather(*(decider.decide(request) for request in requests))
        for request, decisions in zip(requests, together, strict=True):
            again = await decider.decide(request)
            assert [a.p_yes for a in decisions.answers] == pytest.approx([a.p_yes for a in again.answers], abs=1e-4)


class TestScriptedDecider(DeciderContract):
    kind = "scripted"

    @pytest.fixture
    def decider(self):
        return ScriptedDecider(lambda state, question: chance(state + question.text))


class TestLocalDecider(DeciderContract):
    kind = "local"

    @pytest.fixture
    def decider(self, checkpoint):
        return load_decider(ModelSpec(backend="local", model=str(checkpoint)), Pictures())


class TestLocalDeciderWithAdapter(DeciderContract):
    kind = "local"

    @pytest.fixture
    def decider(self, checkpoint, adapter):
        return load_decider(ModelSpec(backend="local", model=str(checkpoint), adapter=str(adapter)), Pictures())


class Remote(DeciderContract):
    """A server that answers each question consistently."""

    @pytest.fixture
    def decider(self, server):
        server.script(consistent)
        return served(server, decide=(self.kind,))

    async def test_no_questions_ask_no_server(self, decider, server):
        await decider.decide(DecisionRequest("likes quiet", []))
        assert server.requests == []


class TestSystemOneDecider(Remote):
    kind = "systemone"


class TestLogprobsDecider(Remote):
    kind = "logprobs"


class TestGradedDecider(Remote):
    kind = "graded"

    # All grades come from one call, so this kind alone cannot promise it, and says so by `calibrated`.
    test_an_answer_does_not_depend_on_its_neighbours = None

    async def test_grades_are_marked_as_uncalibrated(self, decider):
        decisions = await decider.decide(ask("a?"))
        assert not decisions.answers[0].calibrated


class TestSharedPrefix:
    """p(yes) after the shared state equals p(yes) of a reading alone, whatever stands around it."""

    words = st.text(alphabet="abcXYZ0 \n<>é🦊", max_size=40)
    options = st.dictionaries(st.text(alphabet="pqr", min_size=1), words, min_size=2, max_size=5)
    questions = st.lists(st.builds(Predicate, words) | st.builds(Choice, words, options), min_size=2, max_size=9)

    @given(state=words, questions=questions, rows=st.integers(1, 4), shuffle=st.randoms(use_true_random=False))
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_an_answer_equals_the_one_of_a_full_reading_alone(self, checkpoint, state, questions, rows, shuffle):
        decider = load_decider(ModelSpec(backend="local", model=str(checkpoint)), Pictures())
        shuffle.shuffle(questions)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "BATCH_ROWS", rows)
            together = asyncio.run(decider.decide(DecisionRequest(state, questions)))
        assert decider._runtime.shares_prefix  # else every question is read alone, and this proves nothing
        for question, answer in zip(questions, together.answers, strict=True):
            alone = asyncio.run(decider.decide(DecisionRequest(state, [question]))).answers[0]
            assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-4)
            assert answer.mass == pytest.approx(alone.mass, abs=1e-4)

    async def test_the_state_is_read_once(self, checkpoint, monkeypatch):
        decider = load_decider(ModelSpec(backend="local", model=str(checkpoint)), Pictures())
        state, questions = "long " * 100, [Predicate(f"number {number}?") for number in range(20)]
        usage = (await decider.decide(DecisionRequest(state, questions))).usage
        assert usage.input_tokens > 20 * len(state)
        assert usage.input_tokens - usage.cached_tokens < 3 * len(state)

    async def test_a_checkpoint_that_cannot_go_on_from_a_prefix_is_read_one_by_one(self, tmp_path, monkeypatch, caplog):
        path = make_tiny_checkpoint(tmp_path)
        for name in ("_read_batch", "read_pack"):  # whichever way they go on from it
            honest = getattr(local, name)
            monkeypatch.setattr(
                local, name, lambda *args, read=honest, **more: [one * 0.5 for one in read(*args, **more)]
            )
        decider = load_decider(ModelSpec(backend="local", model=str(path)), Pictures())
        questions = [Predicate("a?"), Predicate("bb?"), Predicate("ccc?")]
        together = await decider.decide(DecisionRequest("state", questions))
        alone = [(await decider.decide(DecisionRequest("state", [one]))).answers[0] for one in questions]
        assert [a.p_yes for a in together.answers] == pytest.approx([a.p_yes for a in alone], abs=1e-6)
        assert "one by one" in caplog.text

    def test_each_row_keeps_a_token_of_its_own(self):
        rows = [local.Row(ids, [], (), 1.0, {}) for ids in ([1, 2, 3, 4], [1, 2, 3], [1, 2, 3, 9])]
        assert local.shared_prefix(rows) == 2
        assert local.shared_prefix(rows[:1] * 3) == 3


@pytest.mark.parametrize("sees", [True, False])
async def test_a_question_does_not_copy_the_whole_vocabulary(sees, tmp_path, monkeypatch):
    """With 150,000 tokens that takes longer than the question."""
    made = make_tiny_checkpoint(tmp_path, vision=sees)
    decider = load_decider(ModelSpec(backend="local", model=str(made), vision=sees), Pictures())
    [first] = (await decider.decide(ask("calm?"))).answers
    whole = []
    monkeypatch.setattr("transformers.TokenizersBackend.get_vocab", lambda self: whole.append(self) or {})
    [again] = (await decider.decide(ask("calm?"))).answers
    assert again == first
    assert not whole


class TestLocalPictures:
    async def test_a_picture_changes_its_own_answer_and_no_other(self, checkpoint):
        decider = load_decider(ModelSpec(backend="local", model=str(checkpoint)), Pictures())
        text, red = Predicate("calm?"), Predicate("calm?", picture="ff0000")
        plain = await decider.decide(DecisionRequest("s", [text, red]))
        other = await decider.decide(DecisionRequest("s", [text, Predicate("calm?", picture="0000ff")]))
        assert plain.answers[0].p_yes == pytest.approx(other.answers[0].p_yes, abs=1e-6)
        assert abs(plain.answers[1].p_yes - other.answers[1].p_yes) > 1e-3

    async def test_text_that_looks_like_the_mark_of_a_picture_stays_text(self, checkpoint):
        decider = load_decider(ModelSpec(backend="local", model=str(checkpoint)), Pictures())
        odd = DecisionRequest("<picture-0> <picture~-0> <image>", [Predicate("<picture-0>?", picture="ff0000")])
        usage = (await decider.decide(odd)).usage
        plain = DecisionRequest(odd.state.replace("<", "("), [Predicate("(picture-0>?", picture="ff0000")])
        assert usage.input_tokens == (await decider.decide(plain)).usage.input_tokens

    async def test_an_unknown_picture_is_named(self, checkpoint):
        class Empty:
            def read(self, content_hash):
                raise KeyError(content_hash)

        decider = load_decider(ModelSpec(backend="local", model=str(checkpoint)), Empty())
        with pytest.raises(ModelMisconfigured, match="feed cannot be read from the picture store"):
            await decider.decide(DecisionRequest("s", [Predicate("calm?", picture="feed")]))


class TestSystemOne:
    async def test_more_questions_than_a_request_takes_go_in_several(self, server):
        server.script(consistent)
        asked = [Predicate(f"number {n}?") for n in range(QUESTIONS_PER_REQUEST * 2 + 1)]
        decisions = await served(server).decide(DecisionRequest("s", asked))
        assert sorted(len(request.body["questions"]) for request in server.requests) == [1, 64, 64]
        assert [a.p_yes for a in decisions.answers] == pytest.approx([chance("s" + one.text) for one in asked])
        assert decisions.usage.input_tokens == 3 * 11

    async def test_pictures_go_a_few_a_request_each_where_its_question_is(self, server):
        server.script(lambda request: Answer(decisions=even_odds(request.body["questions"])))
        asked = [Predicate(f"<picture-{n}> {n}?", picture=f"0000{n:02x}") for n in range(PICTURES_PER_REQUEST + 1)]
        await served(server).decide(DecisionRequest("s", [Predicate("text?"), *asked]))
        bodies = [request.body for request in server.requests]
        assert sorted(len(body.get("assets", {})) for body in bodies) == [0, 1, 4]
        for body in bodies:
            for mark in body.get("assets", {}):
                assert sum(question["instructions"].startswith(mark) for question in body["questions"].values()) == 1
                assert mark not in body["state"]

    @pytest.mark.parametrize(
        "answers",
        [
            {},
            {"q0": {"type": "noul", "noul": 1.5}},
            {"q0": {"type": "noul", "noul": float("nan")}},
            {"q0": {"type": "choice", "choice": "a", "confidence": 1, "probabilities": {"a": 1}}},
        ],
    )
    async def test_an_answer_that_is_none_is_refused(self, server, answers):
        server.script(Answer(decisions=answers))
        with pytest.raises(ModelBadOutput):
            await served(server).decide(ask("a?"))


class TestLogprobs:
    def test_every_way_to_write_an_answer_counts(self):
        words = {"Yes": 0.4, " yes": 0.1, "YES.": 0.1, "▁Yes": 0.1, "No": 0.2, "Yesterday": 0.05, "Maybe": 0.05}
        decision = read_decision(Predicate("a?"), words)
        assert decision.p_yes == pytest.approx(0.7 / 0.9)
        assert decision.mass == pytest.approx(0.9)

    def test_an_answer_that_is_not_listed_gets_the_most_it_can_have(self):
        decision = read_decision(Predicate("a?"), {"Yes": 0.9, "Sure": 0.06})
        assert decision.p_yes == pytest.approx(0.9 / 0.94)
        assert decision.mass == pytest.approx(0.9)

    def test_no_answer_listed_is_no_evidence(self):
        decision = read_decision(Predicate("a?"), {"Well": 0.9, "So": 0.1})
        assert decision.p_yes == 0.5
        assert decision.mass == 0.0

    def test_letters_are_read_as_letters(self):
        decision = read_decision(CHOICE, {"B": 0.6, " B": 0.1, "A.": 0.2, "b": 0.05, "Because": 0.05})
        assert decision.best == "talk"
        assert decision.probabilities["suggestions"] == pytest.approx(0.2 / 0.9)

    @given(st.dictionaries(st.text(max_size=5), st.floats(1e-9, 1), min_size=1, max_size=20))
    def test_whatever_the_words_the_answer_is_a_distribution(self, words):
        whole = sum(words.values())
        decision = read_decision(CHOICE, {word: value / whole for word, value in words.items()})
        assert sum(decision.probabilities.values()) == pytest.approx(1)
        assert 0 <= decision.mass <= 1

    async def test_one_word_is_asked_for_with_its_alternatives(self, server):
        server.script(thinks({"Yes": -0.1}))
        await served(server, decide=("logprobs",)).decide(DecisionRequest("likes quiet", [Predicate("calm?")]))
        body = server.requests[0].body
        assert (body["max_tokens"], body["logprobs"], body["top_logprobs"], body["temperature"]) == (1, True, 20, 0)
        assert server.requests[0].text.startswith("likes quiet\n\ncalm?\n")

    async def test_no_more_than_eight_at_once_and_none_left_running(self, server):
        server.script(fails(400, "no"))
        with pytest.raises(ModelMisconfigured):
            await served(server, decide=("logprobs",)).decide(ask(*(f"{n}?" for n in range(50))))
        await asyncio.sleep(0.5)  # what was on its way when the first was refused may still be read by the server
        assert len(server.requests) <= 16
        before = len(server.requests)
        await asyncio.sleep(0.1)
        assert len(server.requests) == before


class TestGraded:
    async def test_grades_become_probabilities(self, server):
        server.script(says('Here you are:\n```json\n{"grades":{"q1":[75],"q2":[10,30,0]}}\n```'))
        decisions = await served(server, decide=("graded",)).decide(DecisionRequest("s", [Predicate("a?"), CHOICE]))
        assert decisions.answers[0].p_yes == 0.75
        assert decisions.answers[1].probabilities == pytest.approx({"suggestions": 0.25, "talk": 0.75, "nothing": 0})
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "wrong",
        ["no idea", '{"grades":{"q1":[101]}}', '{"grades":{"q1":[]}}', '{"grades":{"q2":[5]}}', '{"grades":[5]}'],
    )
    async def test_wrong_grades_are_sent_back_once_with_what_is_wrong(self, server, wrong):
        server.script(says(wrong), says('{"grades":{"q1":[40]}}'))
        decisions = await served(server, decide=("graded",)).decide(ask("a?"))
        assert decisions.answers[0].p_yes == pytest.approx(0.4)
        assert decisions.usage.input_tokens == 200
        repair = server.requests[1].body["messages"]
        assert repair[1]["content"] == wrong
        assert "cannot be used" in repair[2]["content"]

    async def test_wrong_twice_is_an_error(self, server):
        server.script(says("no idea"))
        with pytest.raises(ModelBadOutput):
            await served(server, decide=("graded",)).decide(ask("a?"))
        assert len(server.requests) == 2


class TestLadder:
    every = ("systemone", "logprobs", "graded")

    async def test_what_a_server_does_not_offer_the_next_kind_answers_whole(self, server):
        server.script(lambda request: fails(404) if "systemone" in request.path else thinks({"Yes": -0.5, "No": -2}))
        decisions = await served(server, decide=self.every).decide(ask("a?", "b?"))
        assert decisions.kind == "logprobs"
        assert {answer.kind for answer in decisions.answers} == {"logprobs"}

    async def test_down_to_the_last(self, server):
        def little(request):
            if "systemone" in request.path:
                return fails(404)
            return (
                fails(400, "logprobs is not supported")
                if "logprobs" in request.body
                else says('{"grades":{"q1":[30]}}')
            )

        server.script(little)
        decisions = await served(server, decide=self.every).decide(ask("a?"))
        assert (decisions.kind, decisions.answers[0].calibrated) == ("graded", False)

    async def test_only_what_is_declared_is_tried(self, server):
        server.script(fails(404))
        with pytest.raises(ModelMisconfigured):
            await served(server).decide(ask("a?"))
        assert [request.path for request in server.requests] == ["/v1/systemone"]

    async def test_a_refused_key_is_told_at_once(self, server, monkeypatch):
        monkeypatch.setenv("SOME_KEY", "sk-0123456789")
        server.script(fails(401, "wrong key sk-0123456789"))
        with pytest.raises(ModelAccountRefused, match="SOME_KEY") as caught:
            await served(server, decide=self.every, api_key_env="SOME_KEY").decide(ask("a?"))
        assert len(server.requests) == 1
        assert "0123456789" not in repr(caught.value)

    async def test_trouble_that_may_pass_is_no_reason_for_a_lesser_kind(self, server):
        server.script(fails(503))
        with pytest.raises(Exception, match="busy"):
            await served(server, decide=self.every, retries=1).decide(ask("a?"))
        assert {request.path for request in server.requests} == {"/v1/systemone"}

    async def test_a_scripted_error_is_raised_as_it_is(self):
        decider = ScriptedDecider(lambda state, question: ModelRefused("m", "no"))
        with pytest.raises(ModelRefused):
            await decider.decide(ask("a?"))

"""A real HTTP server on loopback that speaks as an OpenAI-style server does, keeps every request and plays a script."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived. headers: names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """All words of the messages."""
        contents = [message["content"] for message in self.body.get("messages", [])]
        return "\n".join(part if isinstance(part, str) else json.dumps(part) for part in contents)

    @property
    def pictures(self) -> list[str]:
        """The pictures of the messages, as sent."""
        blocks = [block for message in self.body.get("messages", []) for block in message["content"]]
        return [block["image_url"]["url"] for block in blocks if isinstance(block, dict) and "image_url" in block]


@dataclass(frozen=True)
class Answer:
    """What the server does with one request."""

    text: str = ""
    finish: str = "stop"
    refusal: str | None = None
    tool_arguments: str | None = None
    words: dict[str, float] = field(default_factory=dict)  # first words and their log probabilities
    decisions: dict[str, Any] | None = None
    status: int = 200
    message: str = ""
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    dies_after: int | None = None  # pieces of a stream before the connection drops; 0 without a stream
    raw: str | None = None
    counts: bool = True


def says(text: str, **more: Any) -> Answer:
    """A reply."""
    return Answer(text=text, **more)


def fails(status: int, message: str = "it failed", **more: Any) -> Answer:
    """An error, worded as OpenAI words it."""
    return Answer(status=status, message=message, **more)


def thinks(words: dict[str, float]) -> Answer:
    """A reply of one word, with the log probabilities of the first words."""
    return Answer(text=next(iter(words), ""), words=words, finish="length")


Step = Answer | Callable[[Recorded], Answer]


class RecordingServer:
    """The server: `requests` in order of arrival; `script(...)` says what comes next, its last step for ever."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.hung_up = threading.Event()  # set when a client closes a connection before its answer ends
        self._steps: list[Step] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def api_base(self) -> str:
        """The address to write into a profile."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def script(self, *steps: Step) -> None:
        """Play these answers, one a request; the last one again and again. Forgets the requests so far."""
        with self._lock:
            self._steps, self.requests = list(steps), []
        self.hung_up.clear()

    def answer(self, request: Recorded) -> Answer:
        """Keep the request and give what is next in the script; without one, a friendly word and even odds."""
        with self._lock:
            self.requests.append(request)
            step = self._steps[0] if self._steps else Answer(text="Hello from the server.")
            if len(self._steps) > 1:
                self._steps.pop(0)
        return step(request) if callable(step) else step

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def recording_server() -> Iterator[RecordingServer]:
    """A server for the length of a `with`."""
    server = RecordingServer()
    try:
        yield server
    finally:
        server.close()


def even_odds(questions: dict[str, Any], p_yes: float = 0.5) -> dict[str, Any]:
    """Answers to System One questions: `p_yes` to every yes/no question, all options of a choice alike."""
    answers: dict[str, Any] = {}
    for name, question in questions.items():
        if question["type"] == "noul":
            answers[name] = {"type": "noul", "noul": p_yes}
        else:
            share = {option: 1 / len(question["criteria"]) for option in question["criteria"]}
            first = next(iter(share))
            answers[name] = {"type": "choice", "choice": first, "confidence": 0.0, "probabilities": share}
    return answers


def _handler(owner: RecordingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            names = {name.lower(): value for name, value in self.headers.items()}
            request = Recorded(self.path, names, body)
            answer = owner.answer(request)
            try:
                if answer.wait_s:
                    self._wait(answer.wait_s)
                self._play(request, answer)
            except (BrokenPipeError, ConnectionResetError):
                owner.hung_up.set()
                self.close_connection = True

        def _wait(self, seconds: float) -> None:
            """Wait, and notice when the client has gone."""
            end = time.monotonic() + seconds
            self.connection.settimeout(0.02)
            while time.monotonic() < end:
                try:
                    if self.connection.recv(1) == b"":
                        raise BrokenPipeError
                except TimeoutError:
                    continue
            self.connection.settimeout(None)

        def _play(self, request: Recorded, answer: Answer) -> None:
            if answer.status != 200:
                error = {"message": answer.message, "type": "error", "code": answer.code, "param": None}
                self._send(answer.status, json.dumps({"error": error}), answer.headers)
            elif answer.dies_after is not None and not request.body.get("stream"):
                self._hang_up()
            elif answer.raw is not None:
                self._send(200, answer.raw, answer.headers)
            elif request.path.endswith("/systemone"):
                decisions = answer.decisions if answer.decisions is not None else even_odds(request.body["questions"])
                usage = {"input_tokens": 11, "output_tokens": 0}
                self._send(200, json.dumps({"model": request.body["model"], "answers": decisions, "usage": usage}), {})
            elif request.body.get("stream"):
                self._stream(request, answer)
            else:
                self._send(200, json.dumps(_completion(request, answer)), answer.headers)

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def _send(self, status: int, text: str, headers: dict[str, str]) -> None:
            data = text.encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, request: Recorded, answer: Answer) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            pieces = [word if place == 0 else f" {word}" for place, word in enumerate(answer.text.split(" ")) if word]
            for number, word in enumerate(pieces):
                if answer.dies_after == number:
                    self._hang_up()
                    return
                self._event(_chunk(request, {"role": "assistant", "content": word}))
                if answer.headers.get("slow"):
                    self._wait(float(answer.headers["slow"]))
            self._event(_chunk(request, {}, answer.finish))
            if request.body.get("stream_options", {}).get("include_usage"):
                self._event({**_chunk(request, {}), "choices": [], "usage": _usage(answer)})
            self.wfile.write(b"data: [DONE]\n\n")

        def _event(self, value: dict[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
            self.wfile.flush()

    return Handler


def _usage(answer: Answer) -> dict[str, int]:
    written = len(answer.text.split())
    return {"prompt_tokens": 100, "completion_tokens": written, "total_tokens": 100 + written}


def _completion(request: Recorded, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": answer.refusal}
    if answer.tool_arguments is not None:
        function = {"name": "answer", "arguments": answer.tool_arguments}
        message["tool_calls"] = [{"id": "call-1", "type": "function", "function": function}]
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": answer.finish}
    if answer.words and request.body.get("logprobs"):
        top = [{"token": word, "logprob": value, "bytes": None} for word, value in answer.words.items()]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    whole = {"id": "reply-1", "object": "chat.completion", "created": 0, "model": request.body.get("model", "")}
    return {**whole, "choices": [choice], **({"usage": _usage(answer)} if answer.counts else {})}


def _chunk(request: Recorded, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    whole = {"id": "reply-1", "object": "chat.completion.chunk", "created": 0, "model": request.body.get("model", "")}
    return {**whole, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

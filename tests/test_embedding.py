"""What every embedder owes, and what the packaged one promises: the published weights, offline, loaded late."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory import embedders
from memory.embedders import HostedEmbedder, PackagedEmbedder, QueryCache, check_weights, packaged_folder
from memory.embedding import EmbedderSpec, index_for, load_embedder
from memory.errors import EmbedderFailed

REPOSITORY = Path(__file__).parents[1]
TEXTS = [
    "a red fox in the snow",
    "an animal of the winter forest",
    "quarterly tax return",
    "",
    "word " * 400,
    "NUL \x00 and \ud800",
    "日本の版画 🦊",
    "x",
]


@pytest.fixture(scope="module")
def packaged() -> PackagedEmbedder:
    """The real model, loaded while no connection can be made."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the packaged embedder tried to reach the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        embedder = PackagedEmbedder()
        embedder.embed(["wake up"])
        return embedder


class EmbedderContract:
    """What every embedder owes. A new one joins by a fixture named `embedder`."""

    def test_rows_are_float32_of_unit_length_in_the_order_of_the_texts(self, embedder):
        vectors = embedder.embed(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.dims)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
        backwards = embedder.embed(TEXTS[::-1])
        np.testing.assert_allclose(backwards[::-1], vectors, atol=1e-5)

    def test_no_texts_give_no_rows_of_the_right_width(self, embedder):
        vectors = embedder.embed([])
        assert (vectors.shape, vectors.dtype) == ((0, embedder.dims), np.float32)

    def test_a_vector_does_not_depend_on_its_neighbours(self, embedder):
        together = embedder.embed([f"{text} again" for text in TEXTS] * 3)
        for row, text in enumerate(TEXTS):
            np.testing.assert_allclose(embedder.embed([f"{text} again"])[0], together[row], atol=1e-5)

    def test_what_is_handed_out_can_be_changed_without_harm(self, embedder):
        before = embedder.embed(["keep me"]).copy()
        embedder.embed(["keep me"])[:] = 0
        np.testing.assert_array_equal(embedder.embed(["keep me"]), before)


@pytest.mark.model
class TestPackagedEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self, packaged: PackagedEmbedder) -> PackagedEmbedder:
        return packaged

    def test_near_in_meaning_is_near_in_space(self, embedder):
        fox, animal, taxes = embedder.embed(TEXTS[:3])
        assert fox @ animal > 0.3 > 0.15 > fox @ taxes

    def test_only_the_first_128_tokens_count(self, embedder):
        start = "word " * 126  # and the two marks around every text
        same, also, other = embedder.embed([start + "fox", start + "whale", "fox " + start])
        np.testing.assert_allclose(same, also, atol=1e-6)
        assert np.abs(same - other).max() > 1e-3

    @pytest.mark.slow
    def test_it_agrees_with_the_library_the_model_was_published_for(self, embedder):
        library = pytest.importorskip("sentence_transformers")
        texts = [TEXTS[0], TEXTS[2], TEXTS[6], "x"]
        reference = library.SentenceTransformer(str(packaged_folder()), device="cpu").encode(texts)
        np.testing.assert_allclose(embedder.embed(texts), reference, atol=1e-5)

    def test_the_weights_are_the_published_ones_byte_for_byte(self, tmp_path):
        published = packaged_folder() / "model.safetensors"
        check_weights(published)
        copy = tmp_path / "model.safetensors"
        shutil.copy(published, copy)
        with copy.open("r+b") as file:
            file.seek(50_000_000)
            byte = file.read(1)
            file.seek(50_000_000)
            file.write(bytes([byte[0] ^ 1]))
        with pytest.raises(EmbedderFailed, match=r"not the published file.*reinstall"):
            check_weights(copy)


def test_tampered_or_missing_weights_are_never_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(embedders, "packaged_folder", lambda: tmp_path)
    with pytest.raises(EmbedderFailed, match="cannot be read"):
        PackagedEmbedder().embed(["x"])
    (tmp_path / "model.safetensors").write_bytes(b"evil")
    with pytest.raises(EmbedderFailed, match="not the published file"):
        PackagedEmbedder().embed(["x"])


def test_a_missing_package_is_an_error_with_the_line_to_run(monkeypatch):
    monkeypatch.setattr(embedders, "_PACKAGE", "no_such_package_at_all")
    with pytest.raises(EmbedderFailed, match=r"pip install 'palate\[local\]'"):
        PackagedEmbedder().embed(["x"])


def test_the_model_is_not_loaded_before_the_first_text():
    code = (
        "import sys; from memory.embedding import *; e = load_embedder(EmbedderSpec()); e.dims; e.name; e.embed([]);"
        "index_for(e); print('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_a_query_met_again_is_not_computed_again_and_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr(embedders, "_CACHED_TEXTS", 3)
    computed: list[str] = []

    def compute(texts: list[str]) -> np.ndarray:
        computed.extend(texts)
        return np.array([[len(text)] for text in texts], dtype=np.float32)

    cache = QueryCache(1)
    for query in ("a", "bb", "a", "ccc", "dddd", "a"):
        assert cache.embed([query], compute).tolist() == [[len(query)]]
    assert computed == ["a", "bb", "ccc", "dddd"]
    assert cache.embed(["bb", "a", "bb"], compute).tolist() == [[2], [1], [2]]
    assert computed[4:] == ["bb"]
    many = [str(n) * 5 for n in range(20)]
    cache.embed(many, compute)
    assert cache.embed(["a"], compute).tolist() == [[1]]
    assert len(computed) == 25  # a long import leaves the queries in the cache


class EmbeddingServer:
    """A loopback server that answers `/embeddings` as OpenAI's does, rows in reverse, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.status = 200
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.requests.append((self.path, self.headers.get("authorization", ""), body))
                rows = [
                    {"object": "embedding", "index": n, "embedding": [float(len(text)), 1.0, 0.5]}
                    for n, text in enumerate(body["input"])
                ]
                usage = {"prompt_tokens": 1, "total_tokens": 1}
                answer = {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage}
                payload = json.dumps(answer if server.status == 200 else {"error": {"message": "no"}}).encode()
                self.send_response(server.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hosted_server() -> Iterator[EmbeddingServer]:
    with contextlib.closing(EmbeddingServer()) as server:
        yield server


class TestHostedEmbedder(EmbedderContract):
    @pytest.fixture
    def spec(self, hosted_server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> EmbedderSpec:
        monkeypatch.setenv("SHOP_KEY", "sk-secret")
        return EmbedderSpec(
            backend="litellm", model="openai/embed-small", api_base=hosted_server.url, api_key_env="SHOP_KEY"
        )

    @pytest.fixture
    def embedder(self, spec: EmbedderSpec) -> Any:
        return load_embedder(spec)

    def test_it_asks_for_its_width_unless_told(self, spec, hosted_server):
        assert load_embedder(spec).dims == 3
        hosted_server.requests.clear()
        assert load_embedder(spec.model_copy(update={"dims": 3})).dims == 3
        assert hosted_server.requests == []

    def test_the_requests_carry_model_and_key_and_come_in_batches(self, spec, hosted_server, monkeypatch):
        monkeypatch.setattr(HostedEmbedder, "_batch", 2)
        load_embedder(spec.model_copy(update={"dims": 3})).embed(["a", "bb", "ccc"])
        assert [body["input"] for _, _, body in hosted_server.requests] == [["a", "bb"], ["ccc"]]
        path, key, body = hosted_server.requests[0]
        assert (path, key, body["model"]) == ("/v1/embeddings", "Bearer sk-secret", "embed-small")

    def test_a_wrong_width_a_refusal_and_a_missing_key_are_clear(self, spec, hosted_server, monkeypatch):
        with pytest.raises(EmbedderFailed, match=r"embedder\.dims"):
            load_embedder(spec.model_copy(update={"dims": 4})).embed(["a"])
        hosted_server.status = 401
        with pytest.raises(EmbedderFailed, match="openai/embed-small") as failure:
            load_embedder(spec).embed(["a"])
        assert "sk-secret" not in str(failure.value)
        monkeypatch.delenv("SHOP_KEY")
        with pytest.raises(EmbedderFailed, match="SHOP_KEY is not set"):
            load_embedder(spec)


def test_the_index_of_a_store_is_made_from_an_embedder():
    class Tiny:
        name, dims = "tiny", 2

        def embed(self, texts):
            return np.ones((len(texts), 2), dtype=np.float32)

    config = index_for(Tiny(), ("text", "prose"))
    assert (config["dims"], config["fields"]) == (2, ["text", "prose"])
    assert config["embed"](["x"]).tolist() == [[1, 1]]
    assert config["embed"].name == "tiny"

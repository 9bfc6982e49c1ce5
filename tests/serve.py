"""A real server for tests: `transformers serve` on a free loopback port, one a session and checkpoint."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

START_S = 120


@dataclass(frozen=True)
class TransformersServer:
    """A running server. api_base: what a profile writes; model: the name it serves."""

    api_base: str
    model: str


@contextlib.contextmanager
def serve(checkpoint: Path, log: Path) -> Iterator[TransformersServer]:
    """Serve a checkpoint for the length of a `with`. Fails with the server's own words when it does not come up."""
    port = _free_port()
    code = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "serve", str(checkpoint), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
    arguments = [*command, "--device", "cpu", "--dtype", "float32"]
    with log.open("w") as out, subprocess.Popen(arguments, env=environment, stdout=out, stderr=out) as process:
        try:
            _wait(process, f"http://127.0.0.1:{port}/health", log)
            yield TransformersServer(f"http://127.0.0.1:{port}/v1", str(checkpoint))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def transformers_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Path], TransformersServer]]:
    """Give a function that serves a checkpoint and returns its server; the same checkpoint is served once."""
    pytest.importorskip("fastapi", reason="`transformers serve` needs the extra `transformers[serving]`")
    running: dict[Path, TransformersServer] = {}
    with contextlib.ExitStack() as stack:

        def start(checkpoint: Path) -> TransformersServer:
            if checkpoint not in running:
                log = tmp_path_factory.mktemp("serve") / "server.log"
                running[checkpoint] = stack.enter_context(serve(checkpoint, log))
            return running[checkpoint]

        yield start


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(address, timeout=2).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"`transformers serve` did not come up:\n{log.read_text()[-2000:]}")

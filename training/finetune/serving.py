"""A checkpoint behind `transformers serve` for as long as it takes to compare it, on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from training.finetune.errors import TrainingRefused

START_S, STOP_S = 300, 10


@contextlib.contextmanager
def served(checkpoint: Path, log: Path, *, device: str, dtype: str) -> Iterator[str]:
    """Give the address that a profile would write. Raises TrainingRefused with the server's words when it fails."""
    port = _free_port()
    code = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "serve", str(checkpoint), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    with (
        log.open("w") as out,
        subprocess.Popen(
            [*command, "--device", device, "--dtype", dtype], env=environment, stdout=out, stderr=out
        ) as process,
    ):
        try:
            _wait(process, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def last_words(log: Path) -> str:
    """The end of what the server wrote, on one line."""
    return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-600:] or "it said nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(address, timeout=2).close()
            return
        time.sleep(0.2)
    raise TrainingRefused(
        f"`transformers serve` did not come up: {last_words(log)}",
        'install what it needs with `pip install "transformers[serving]"`, then export again',
    )

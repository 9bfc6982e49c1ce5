"""Draws pictures of the shop in a process of its own, so that setting up uses a second core meanwhile.

`python -m catalog.demo.apart` reads what to draw and writes the pictures in that order, each as four bytes of length
and a PNG. It ends by itself when nobody reads any more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from io import BytesIO
from queue import SimpleQueue
from typing import IO

from catalog.demo.drawing import draw
from catalog.demo.looks import Look

FEW = 50  # pictures that are drawn sooner than a process begins
_HEAD = 4  # bytes of a picture's length


def png(look: Look, *, seed: int) -> bytes:
    """The picture of a look as a PNG file of 256 × 256 pixels."""
    file = BytesIO()
    draw(look, seed=seed).save(file, "PNG", compress_level=1)
    return file.getvalue()


@contextmanager
def drawing(wanted: Sequence[tuple[Look, int]]) -> Iterator[Iterator[bytes]]:
    """The pictures of looks and their seeds, in order, being drawn from now on; `png` says how.

    Drawn here where they are few, where no process is to be had, and from where on it ended early.
    """
    if len(wanted) < FEW:
        yield (png(look, seed=seed) for look, seed in wanted)
        return
    ready = SimpleQueue[bytes | None]()
    command = [sys.executable, "-m", __name__]
    try:  # in a session of its own: an interrupt is for whoever waits for the pictures
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    except OSError:
        ready.put(None)
        yield _taken(wanted, ready)
        return
    told = json.dumps([[*astuple(look), seed] for look, seed in wanted]).encode("ascii")
    threading.Thread(target=_talk, args=(process, told, ready), daemon=True).start()
    try:
        yield _taken(wanted, ready)
    finally:
        process.kill()
        process.wait()


def _talk(process: subprocess.Popen[bytes], told: bytes, ready: SimpleQueue[bytes | None]) -> None:
    """Tell the process what to draw and put every whole picture that comes; at the end None."""
    try:
        if process.stdin is not None and process.stdout is not None:
            with process.stdin, process.stdout:
                process.stdin.write(told)
                process.stdin.close()
                while picture := _next(process.stdout):
                    ready.put(picture)
    except OSError:  # it ended before it had read everything
        pass
    finally:
        ready.put(None)


def _next(pipe: IO[bytes]) -> bytes:
    """The next whole picture; empty at the end."""
    length = int.from_bytes(pipe.read(_HEAD), "big")
    picture = pipe.read(length)
    return picture if len(picture) == length else b""


def _taken(wanted: Sequence[tuple[Look, int]], ready: SimpleQueue[bytes | None]) -> Iterator[bytes]:
    apart = True
    for look, seed in wanted:
        picture = ready.get() if apart else None
        apart = picture is not None
        yield png(look, seed=seed) if picture is None else picture


def main() -> None:
    """Draw what the input asks for; see the module."""
    try:
        for *values, seed in json.load(sys.stdin):
            picture = png(Look(*values), seed=seed)
            sys.stdout.buffer.write(len(picture).to_bytes(_HEAD, "big") + picture)
            sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody wants them any more
        sys.stderr.close()


if __name__ == "__main__":
    main()

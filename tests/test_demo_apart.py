"""Pictures drawn in a process of their own are those that would be drawn here, whatever becomes of the process."""

import os
import signal
import subprocess
import sys
import time

import pytest

from catalog.demo import apart
from catalog.demo.apart import FEW, drawing, png
from catalog.demo.prints import make_prints

WANTED = [(made.look, made.seed) for made in make_prints(FEW)]


@pytest.fixture(scope="module")
def here():
    return [png(look, seed=seed) for look, seed in WANTED]


@pytest.fixture
def processes(monkeypatch):
    """The processes that are begun."""
    begun = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            begun.append(self)

    monkeypatch.setattr(apart.subprocess, "Popen", Noted)
    return begun


def test_they_are_the_same_to_the_byte_and_in_order(here, processes):
    with drawing(WANTED) as pictures:
        assert list(pictures) == here
    assert [process.poll() is not None for process in processes] == [True]


def test_what_a_process_that_was_killed_left_is_drawn_here(here, processes):
    with drawing(WANTED) as pictures:
        first = [next(pictures) for _ in range(3)]
        os.kill(processes[0].pid, signal.SIGKILL)
        assert first + list(pictures) == here


def test_without_a_process_all_are_drawn_here(here, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with drawing(WANTED) as pictures:
        assert list(pictures) == here


def test_a_few_need_no_process(here, processes):
    with drawing(WANTED[:3]) as pictures:
        assert list(pictures) == here[:3]
    assert processes == []


def test_an_error_of_whoever_keeps_them_ends_the_process(processes):
    def keep_all():
        with drawing(WANTED) as pictures:
            raise OSError(28, f"disk full after {len(next(pictures))} bytes")

    with pytest.raises(OSError, match="disk"):
        keep_all()
    assert processes[0].poll() is not None


def test_it_ends_by_itself_when_nobody_reads_any_more():
    process = subprocess.Popen([sys.executable, "-m", "catalog.demo.apart"], stdin=-1, stdout=-1, stderr=-1)
    process.stdin.write(apart.json.dumps([[*apart.astuple(look), seed] for look, seed in WANTED]).encode())
    process.stdin.close()
    assert process.stdout.read(10)
    process.stdout.close()
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    assert process.poll() is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()

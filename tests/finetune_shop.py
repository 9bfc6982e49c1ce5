"""A small shop with pictures, people who like colours, and a tiny model to fine-tune on them."""

import contextlib
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import torch

from catalog.items import Item
from catalog.pictures import PictureStore
from tests.tiny import picture
from tests.world import event, open_session
from training.finetune.base import open_base
from training.finetune.corpus import read_corpus
from training.finetune.fit import fit
from training.finetune.prepare import prepare
from training.finetune.settings import TrainSettings

COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220), "green": (30, 200, 40)}
ROOT = Path(__file__).resolve().parent.parent
START = datetime(2026, 1, 1, tzinfo=UTC)


def shop_items(pictures):
    names = sorted(COLOURS)
    return [
        Item(
            item_id=f"i{n:02}",
            title=f"Print {n}",
            text=f"A {names[n % 3]} fox.",
            picture=pictures.add(picture(COLOURS[names[n % 3]], (40 + n, 40))),
        )
        for n in range(30)
    ]


def shop_events(people=10, each=9, seed=0):
    """Everyone likes one colour, dislikes another, and looks at anything."""
    rng, events = random.Random(seed), []
    for person in range(people):
        items = rng.sample(range(30), each)
        for number, n in enumerate(items):
            kind = "like" if n % 3 == person % 3 else "dislike" if n % 3 == (person + 1) % 3 else "view"
            at = START + timedelta(hours=100 * person + number)
            events.append(event(f"p{person}", f"i{n:02}", kind, at=at))
        favourite = [n for n in range(30) if n % 3 == person % 3 and n not in items][:4]
        for number, n in enumerate(favourite):
            at = START + timedelta(hours=100 * person + 50 + number)
            events.append(event(f"p{person}", f"i{n:02}", "like", at=at))
    return events


def open_shop(home, **more):
    """A session on the shop; more: what else `open_session` takes."""
    pictures = PictureStore(Path(home) / "pictures")
    given = {"interactions": shop_events(), "items": shop_items(pictures), **more}
    return open_session(Path(home), **given)


def settings(base, **changes):
    given = {
        "base": str(base), "catalogue": "prints", "dtype": "float32", "device": "cpu", "lists": 6, "list_negatives": 6,
        "negatives_per_positive": 3, "steps": 6, "accumulation": 2, "evaluate_every": 2, "patience": 99,
        "learning_rate": 3e-3, "targets_per_user": 3, "keep_data": True,
    }  # fmt: skip
    return TrainSettings(**given | changes)


def prepared_run(session, chosen, run, *, judge=None):
    """Write a run's files; returns the folder and what `prepare` told."""
    run.mkdir(parents=True, exist_ok=True)
    chosen.write(run)
    base = open_base(chosen)
    corpus = read_corpus(session.services, chosen)
    about = prepare(corpus, base, base.encoder(session.services.pictures), chosen, run, judge=judge)
    return run, about


def copied(run, to):
    """The same prepared run in another folder."""
    shutil.copytree(run, to)
    return to


def train(run, home, *, keep=False, **changes):
    """Train a prepared run to its end, with these settings changed; returns its figures.

    keep: whether what was only needed on the way stays, to be looked at.
    """
    chosen = TrainSettings.read(run).model_copy(update=changes)
    with patch("training.finetune.fit._clean") if keep else contextlib.nullcontext():
        return fit(run, chosen, open_base(chosen), PictureStore(home / "pictures"))


_KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
import torch
from tests.finetune_shop import train
run, home, checkpoint, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
def watch():
    while not (Path(run) / checkpoint / "whole.json").is_file():
        time.sleep(0.002)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
train(Path(run), Path(home), keep=True)
"""


def kill_at(checkpoint, run, home):
    """Train a prepared run in a process of its own, which is killed once that checkpoint, by its path, is whole."""
    command = [sys.executable, "-c", _KILLED, str(run), str(home), checkpoint, str(torch.get_num_threads())]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=1500)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert not (run / "model").exists()

"""A small print shop for tests in a browser: real stores, real pictures, and models that follow a script.

Run by Streamlit with the folder of the stores in PALATE_TEST_HOME. What the models say is true of the pictures, so
that a conversation in it reads as one with the demo does.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.demo.apart import png
from catalog.demo.looks import SUBJECTS, describe
from catalog.demo.prints import SCHEMA, make_prints
from catalog.items import Item
from catalog.pictures import PictureStore
from graphs.describing import summarize_catalogue
from graphs.results import Result, ResultStore, ResultTable
from graphs.services import Services
from graphs.session import Session
from graphs.setup import store_catalogue
from models.decisions import Choice, Predicate
from profiles.settings import load_profile
from tests.world import HashedEmbedder, PlayedModels

PRINTS = 48
SLOW_S = 0.4  # what a scripted answer takes, so that the page is seen at work


def open_shop(home: Path) -> Session:
    """The shop's session; the first time its prints are drawn and described."""
    loaded = load_profile("demo", {"stores.home": str(home), "memory.block_size": 2}, {})
    prints, pictures = make_prints(PRINTS), PictureStore(home / "pictures")
    items: list[Item] = []
    summaries: dict[str, str] = {}
    for made in prints:
        items.append(made.item.model_copy(update={"picture": pictures.add(png(made.look, seed=made.seed))}))
        summaries[made.item.title] = describe(made.look)
    models = PlayedModels(lambda prompt: answer(prompt, summaries), judge)
    services = Services.open(loaded.profile, embedder=HashedEmbedder(), models=models)
    store_catalogue(services, "demo", SCHEMA, items, ())
    asyncio.run(summarize_catalogue(services, services.catalogue("demo")))
    evaluated(services)
    return Session(services, "demo")


def evaluated(services: Services) -> None:
    """Keep a result with figures and a plot, once."""
    store = ResultStore(services.profile.stores.results)
    scorers = {
        "model": {"AUC": {"mean": 0.74, "low": 0.66, "high": 0.81}, "HR@5": {"mean": 0.61, "low": 0.5, "high": 0.7}},
        "popularity": {"AUC": {"mean": 0.55, "low": 0.47, "high": 0.64}},
    }
    table = ResultTable.of_scorers("test lists", scorers)
    result = Result(kind="training", made_at=datetime.now(UTC), settings={"base": "tiny", "seed": "0"}, tables=(table,))
    if not store.ids():
        store.save(result, {"report.png": png(make_prints(1)[0].look, seed=1)})


def answer(prompt: str, summaries: dict[str, str]) -> Any:
    """What the scripted chat model says to each prompt of ours."""
    if prompt.startswith("Describe this item"):
        return next((text for title, text in summaries.items() if title in prompt), "A print.")
    time.sleep(SLOW_S if "no hurry" not in prompt else 4.0)
    if prompt.startswith("You keep a short memory"):
        return _folded(prompt)
    if prompt.startswith("You recommend items"):
        titles = [line.split(" | ")[0] for line in prompt.splitlines() if " | " in line]
        return "\n".join(["Here are four for you.", *(f"{title}: {_seen(summaries, title)}" for title in titles)])
    if "List what they wish for" in prompt:
        return next((f"a {subject}" for subject in SUBJECTS if subject in prompt.rsplit("Message", 1)[-1]), "none")
    return "Gladly."


def judge(state: str, question: Predicate | Choice) -> Any:
    """Recommends; finds likely what shows something that the state speaks of."""
    if isinstance(question, Choice):
        return "recommend"
    shown = next((subject for subject in SUBJECTS if subject in question.text), "")
    return 0.88 if shown and shown in state else 0.2 + len(question.text) % 30 / 100


def _seen(summaries: dict[str, str], title: str) -> str:
    return summaries.get(title, "").split(". ")[0]


def _folded(prompt: str) -> str:
    edits = []
    for number, line in re.findall(r"^(\d+)\. (.*)$", prompt.split("New events")[1], re.MULTILINE):
        subject = next((one for one in SUBJECTS if one in line), "")
        if subject:
            polarity = "dislike" if line.startswith("disliked") else "like"
            edits.append(
                {
                    "value": subject,
                    "aspect": "subject",
                    "evidence": [int(number)],
                    "op": "add",
                    "polarity": polarity,
                    "reason": "liked one" if polarity == "like" else "disliked one",
                }
            )
    liked = " and ".join(dict.fromkeys(edit["value"] for edit in edits if edit["polarity"] == "like"))
    prose = f"They like {liked}." if liked else "They are hard to please."
    return json.dumps({"edits": edits, "prose": prose})


def draw() -> None:
    """Draw the app on the shop."""
    import ui.host

    ui.host.open_session = lambda profile, catalogue="": open_shop(Path(os.environ["PALATE_TEST_HOME"]))

    from ui.frame import draw_app

    draw_app()

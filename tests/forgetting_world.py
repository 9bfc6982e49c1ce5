"""Ann, who shall be forgotten, and bob, who stays: a home in which both talked, sent pictures, edited their taste."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from agents.hand_edits import SetFact
from graphs.services import Services
from graphs.session import Session
from graphs.taste import Taste
from tests.world import HashedEmbedder, PlayedModels, event, fond_of_foxes, open_session, polite, talk

MESSAGE = 'Something with a vermilion zeppelin, "just so" said Möwe\\Ørsted 猫, please'
WISH = "a zeppelin of vermilion silk above Reykjavík"
PROSE = 'Loves “vermilion zeppelins” over the harbour at dusk, and says "just so" of every Möwe.'
REASON = "since my grandmother flew one in 1931 \\ from Lakehurst"
REPLY = "Zeppelins it is, dear friend of vermilion skies."
NAME = "The evening of the zeppelins — „Möwe“"
CANARIES = (MESSAGE, WISH, PROSE, REASON, NAME)
FOXES = ("i00", "i04", "i08")


def answer(prompt: str) -> Any:
    """What the models write; of ann, whose prompts hold her zeppelin, with her canaries."""
    if "zeppelin" not in prompt and "Zeppelin" not in prompt:
        return polite(prompt)
    if prompt.startswith("You keep a short memory"):
        edit = {"op": "add", "polarity": "like", "aspect": "subject", "value": "zeppelin", "evidence": [1]}
        return json.dumps({"edits": [edit | {"reason": REASON}], "prose": PROSE})
    if "List what they wish for" in prompt:
        return f"{WISH}\na vermilion zeppelin"
    return REPLY if "Recommend" not in prompt and "recommend items" not in prompt else polite(prompt)


def picture(colour: str) -> bytes:
    """A picture of many colours around this one, so that no two compress alike."""
    image = Image.effect_noise((64, 48), 80).convert("RGB")
    image.paste(Image.new("RGB", (16, 16), colour), (8, 8))
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


async def populate(home: Path, **overrides: Any) -> dict[str, str]:
    """Let both talk in this home. Returns the content hashes of what was sent: ann's own, both's, bob's own."""
    imported = [event(user, "i01", source="import:prints", key=f"import:{user}") for user in ("ann", "bob")]
    session = open_session(home, answer=answer, interactions=imported, **overrides)
    own, both, bobs = picture("red"), picture("green"), picture("blue")
    try:
        first, _ = await talk(session, "ann", MESSAGE, picture=own)
        await talk(session, "ann", "a vermilion zeppelin like the first", picture=both, thread_id=first.thread_id)
        await talk(session, "ann", "I like the zeppelin of vermilion")
        session.services.thread_names.put("ann", first.thread_id, NAME)
        await _like(session, "ann")
        hand = SetFact(polarity="must", aspect="mood", value="calm", reason=REASON)
        Taste.of(session.services, "ann", "prints").edit(hand)
        second, _ = await talk(session, "bob", "show me a fox that is calm", picture=both)
        await talk(session, "bob", "more like the first", picture=bobs, thread_id=second.thread_id)
        session.services.thread_names.put("bob", second.thread_id, "Foxes")
        await _like(session, "bob")
        Taste.of(session.services, "bob", "prints").edit(SetFact(polarity="dislike", aspect="subject", value="owl"))
        hashes = {name: session.pictures.add(data) for name, data in (("own", own), ("both", both), ("bobs", bobs))}
        for content_hash in hashes.values():
            session.services.features.put(content_hash, "0123456789abcdef", b"what a model made of it")
    finally:
        await session.aclose()
    return hashes


async def _like(session: Session, user_id: str) -> None:
    for item_id in FOXES:
        _ = [one async for one in session.give_feedback(user_id, item_id, "like")]


MODELS = PlayedModels(answer, fond_of_foxes)


def play(monkeypatch: Any) -> None:
    """Have every `Services.open` use the hashed embedder and these scripted models, as the home was made with."""
    really = Services.open.__func__

    def opened(cls: Any, profile: Any, **given: Any) -> Services:
        return really(cls, profile, **({"embedder": HashedEmbedder(), "models": MODELS} | given))

    monkeypatch.setattr(Services, "open", classmethod(opened))


def known(services: Services, user_id: str) -> dict[str, Any]:
    """Everything a user can read of themselves, and what searches and signals tell them."""
    taste = services.preferences.current(user_id, "prints")
    signals = services.collaborative("prints")
    return {
        "events": services.log.of_user(user_id, "prints", edits=True),
        "versions": services.preferences.versions(user_id, "prints"),
        "traces": [services.traces.get(row.trace_id) for row in services.traces.list(limit=999, user=user_id)],
        "threads": {one: services.threads.turns(user_id, one) for one in services.threads.ids(user_id)},
        "names": services.thread_names.of(user_id),
        "pictures": {one: services.pictures.read(one) for one in services.uploads.of(user_id)},
        "items": services.items.nearest("prints", taste.prose or "fox", limit=12),
        "near": services.preferences.similar("Likes foxes.", "prints", limit=5, exclude_user="ann"),
        "liked": {item_id: signals.likes(item_id) for item_id in FOXES},
    }


def told_plainly(data: bytes) -> set[str]:
    """The canaries that stand in the bytes: looked for anew, without the product's own search."""
    found = set()
    for canary in CANARIES:
        once = {canary, json.dumps(canary)[1:-1], json.dumps(canary, ensure_ascii=False)[1:-1]}
        twice = {json.dumps(one)[1:-1] for one in once} | {json.dumps(one, ensure_ascii=False)[1:-1] for one in once}
        for spelling in once | twice:
            for code in ("utf-8", "utf-16-le", "utf-16-be"):
                if spelling.encode(code) in data:
                    found.add(canary)
    return found


def left_in(home: Path) -> Iterator[tuple[str, str]]:
    """(file, what) of everything of ann's that any file of the home holds."""
    vectors = HashedEmbedder().embed([PROSE])
    for path in sorted(home.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield from ((path.name, canary) for canary in told_plainly(data))
            yield from ((path.name, "vector") for vector in vectors if vector.tobytes() in data)

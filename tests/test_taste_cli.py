"""`palate taste`: what each command prints and refuses, on real stores, and that what a person pins stays pinned."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from agents.hand_edits import PinFact, RemoveFact, SetFact
from graphs.services import Services
from graphs.taste import Taste
from memory.preferences import Preference
from tests import test_cli
from tests.world import HashedEmbedder, PlayedModels, event, fond_of_foxes, open_session, played, polite

palate_home, run = test_cli.palate_home, test_cli.run
COMMANDS = (
    "show", "history", "diff", "why", "neighbours", "edit", "pin", "unpin", "undo", "export", "import", "forget",
)  # fmt: skip
NEEDED = {"edit": ("fox",), "pin": ("fox",), "unpin": ("fox",), "import": ("ann.json",), "forget": ("ann",)}
FOXES = ("i00", "i04", "i08")


def folds(*edits, prose="Likes foxes."):
    """Answers a fold with these edits, (op, polarity, value) each, and anything else politely."""

    def answer(prompt):
        if not prompt.startswith("You keep a short memory"):
            return polite(prompt)
        told = [
            {"op": op, "polarity": polarity, "aspect": "subject", "value": value, "evidence": [1, 2, 3]}
            for op, polarity, value in edits
        ]
        return json.dumps({"edits": told, "prose": prose})

    return answer


async def like(session, *item_ids):
    await say(session, "like", *item_ids)


async def say(session, kind, *item_ids):
    for item_id in item_ids:
        _ = [one async for one in session.give_feedback("ann", item_id, kind)]


@pytest.fixture
def shop(palate_home, monkeypatch):
    """Two likes of ann are imported, a third is a button of hers: her taste has one version, she likes foxes."""
    really = Services.open.__func__

    def opened(cls, profile, **given):
        played_by = {"embedder": HashedEmbedder(), "models": PlayedModels(polite, fond_of_foxes)}
        return really(cls, profile, **(played_by | given))

    imported = [event("ann", item_id, source="import:prints", key=item_id) for item_id in FOXES[:2]]

    async def begin():
        session = open_session(palate_home, answer=folds(("add", "like", "fox")), interactions=imported)
        await like(session, FOXES[2])
        await session.aclose()

    asyncio.run(begin())
    monkeypatch.setenv("PALATE_CATALOGUE", "prints")
    monkeypatch.setattr(Services, "open", classmethod(opened))
    return palate_home


@pytest.fixture
def ask(run, shop):
    """Run `palate taste …` for ann."""
    return lambda *arguments: run("taste", *arguments, "--user", "ann")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    outcome = run("taste", command, "--help")
    assert outcome.code == 0
    assert f"palate taste {command}" in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_profile_that_is_not_there_is_refused_in_one_sentence(run, command):
    outcome = run("taste", command, *NEEDED.get(command, ()), "--profile", "dmo")
    assert (outcome.code, outcome.out) == (2, "")
    assert "write --profile demo" in outcome.err


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one not in ("show", "neighbours", "edit", "import", "forget")]
)
def test_somebody_unknown_is_refused_and_told_what_to_do(run, shop, command):
    outcome = run("taste", command, *NEEDED.get(command, ()), "--user", "nobody")
    assert (outcome.code, outcome.out) == (2, "")
    assert "'nobody'" in outcome.err
    assert "palate" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("why", "foks"), "no fact 'foks' is held; write subject:fox"),
        (("pin", "quetzalcoatl"), "`palate taste show` lists those that are"),
        (("edit", "subject:foks", "--strength", "0.3"), "write subject:fox"),
        (("edit", "whale", "--polarity", "like"), "write it like 'subject: whale'"),
        (("edit", "subject: !!!", "--polarity", "like"), "write at least one letter"),
        (("edit", "fox", "--value", "x" * 121), "write a shorter one"),
        (("edit", "fox", "--remove", "--strength", "0.3"), "write one of them"),
        (("edit", "fox", "--strength", "1.5"), "--strength"),
        (("edit", "fox", "--polarity", "adore"), "--polarity"),
        (("diff", "0", "7"), "no version 7; write one from 0, which is empty, to 1"),
        (("undo", "--to", "7"), "no version 7"),
        (("show", "--version", "2"), "no version 2"),
        (("show", "--as-of", "yesterday"), "write it like 2026-11-20"),
        (("show", "--as-of", "2026-11-20", "--version", "1"), "write one of them"),
        (("history", "--catalogue", "films"), "no catalogue 'films'"),
        (("export", "--catalogue", "films"), "'films'"),
    ],
)
def test_each_mistake_says_what_to_write_and_changes_nothing(ask, arguments, told):
    outcome = ask(*arguments)
    assert outcome.code == 2
    assert told in " ".join(outcome.err.replace("│", " ").split())
    assert "Traceback" not in outcome.err
    assert ask("show", "--json").lines[0]["version"] == 1


def test_a_taste_is_read_as_of_any_version_and_any_moment(ask):
    ask("edit", "subject: whale", "--polarity", "dislike")
    first, second = (ask("show", "--version", str(number), "--json").lines[0] for number in (1, 2))
    assert [fact["value"] for fact in second["facts"]] == ["whale", "fox"]
    assert [fact["value"] for fact in first["facts"]] == ["fox"]
    at = datetime.fromisoformat(first["updated_at"])
    assert ask("show", "--as-of", at.isoformat(), "--json").lines == [first]
    assert ask("show", "--as-of", (at - timedelta(seconds=1)).isoformat(), "--json").lines[0]["version"] == 0
    assert ask("show", "--as-of", f"{at.astimezone():%Y-%m-%d}", "--json").lines == [second]  # the end of that day
    assert ask("show", "--as-of", "2020-01-01", "--json").lines[0]["version"] == 0


def test_the_history_lists_every_version_with_what_made_it(ask):
    ask("edit", "fox", "--strength", "0.9")
    ask("undo")
    outcome = ask("history")
    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines()]
    assert [row[0] for row in rows[1:]] == ["3", "2", "1"]
    assert "undo, to 1" in outcome.out
    assert [one["made_by"] for one in ask("history", "--json").lines] == ["undo", "edit", "fold"]
    assert [one["version"] for one in ask("history", "--json", "--limit", "1").lines] == [3]


def test_a_diff_tells_facts_and_words(ask):
    ask("edit", "fox", "--polarity", "dislike", "--no-pin")
    outcome = ask("diff")
    assert "version 1 → 2" in outcome.out
    assert "turned round" in outcome.out
    assert "like → dislike" in outcome.out
    assert "{+They avoid fox.+}" in outcome.out
    assert "version 1 → 2" in ask("diff", "1").out
    [line] = ask("diff", "2", "1", "--json").lines
    assert (line["before"], line["after"]) == (2, 1)
    assert [(one["kind"], one["fact_id"]) for one in line["changes"]] == [("turned", "subject:fox")]
    assert "no fact changed" in ask("diff", "1", "1").out


def test_a_fact_leads_to_the_turn_and_the_import_it_came_from(ask, run):
    ask("edit", "fox", "--strength", "0.9", "--reason", "they are clever")
    outcome = ask("why", "fox")
    [trace] = run("trace", "list", "--json").lines
    assert "like subject: fox  strength 0.90, pinned  subject:fox" in outcome.out
    assert f"thread {trace['thread_id']}, trace {trace['trace_id']}" in outcome.out
    assert outcome.out.count("import prints") == 2
    assert "like Quiet Hour 8" in outcome.out
    assert "they are clever" in outcome.out
    assert "your own hand" in outcome.out
    [line] = ask("why", "--json").lines
    assert [one["origin"] for one in line["evidence"]] == ["import", "import", "turn", "edit"]
    assert line["evidence"][2]["said"] == "(like i08)"
    assert line["evidence"][2]["thread_id"] == trace["thread_id"]


def test_neighbours_are_told_without_names(ask, run, shop):
    assert "Nobody's taste is near enough" in " ".join(ask("neighbours").out.split())
    assert run("taste", "neighbours", "--user", "nobody").code == 0
    assert ask("neighbours", "--json").lines == [{"people": 0, "words": [], "items": []}]


def test_a_fact_is_added_changed_and_removed_by_hand(ask):
    added = ask("edit", "mood: calm", "--polarity", "must", "--strength", "0.7", "--json").lines[0]
    strongest = added["facts"][0]
    assert (strongest["polarity"], strongest["value"], strongest["pinned"]) == ("must", "calm", True)
    assert "They insist on calm." in added["prose"]
    changed = ask("edit", "fox", "--value", "red fox", "--json").lines[0]
    assert {one["value"] for one in changed["facts"] if not one["retracted"]} == {"calm", "red fox"}
    outcome = ask("edit", "calm", "--remove")
    assert "must/mood:calm" not in outcome.out
    assert "retracted" in outcome.out
    assert "kept out by you: must/mood:calm" in ask("show").out
    assert "Nothing to change" in ask("edit", "must/mood:calm", "--remove").out


def test_pinning_and_undoing_tell_what_they_did(ask):
    assert "pinned" in ask("pin", "subject:fox").out
    assert "fox (pinned)" in ask("show").out
    assert "Nothing to change: it stays version 2" in ask("pin", "fox").out
    assert ask("unpin", "fox", "--json").lines[0]["facts"][0]["pinned"] is False
    assert ask("undo", "--json").lines[0]["facts"][0]["pinned"] is True
    assert ask("undo", "--json").lines[0]["facts"][0]["pinned"] is False
    assert ask("undo", "--to", "0", "--json").lines[0]["facts"] == []


def test_an_export_holds_all_of_the_user_and_nothing_of_anybody_else(ask, run, shop, tmp_path):
    run("taste", "edit", "subject: city", "--polarity", "like", "--user", "bob")
    ask("edit", "subject: whale", "--polarity", "dislike")
    outcome = ask("export", "--to", str(tmp_path / "ann.json"))
    assert (outcome.code, outcome.out) == (0, "")
    text = (tmp_path / "ann.json").read_text(encoding="utf-8")
    held = json.loads(text)
    assert held["format"] == "palate-user/2"
    assert held["user_id"] == "ann"
    assert "bob" not in text
    assert "city" not in text
    [prints] = held["catalogues"]
    assert [one["kind"] for one in prints["interactions"]] == ["like", "like", "like", "edit"]
    assert prints["titles"]["i08"] == "Quiet Hour 8"
    assert prints["taste"]["facts"] == ["dislike subject: whale", "like subject: fox"]
    services = Services.open(open_profile(shop))
    kept = services.preferences.versions("ann", "prints")
    services.close()
    assert [Preference(user_id="ann", **one) for one in prints["versions"]] == kept[::-1]
    assert [one["message"] for one in held["turns"]] == ["(like i08)"]
    again = json.loads(ask("export", "--json").out)
    assert {**again, "exported_at": ""} == {**held, "exported_at": ""}


def test_nothing_kept_of_a_person_can_move_the_cursor_or_pose_as_markup(ask, run, shop):
    async def talk():
        session = open_session(shop, answer=folds(("add", "like", "fox"), prose="[bold]Foxes\x1b[2J[/bold]"))
        await like(session, *FOXES)
        await session.aclose()

    asyncio.run(talk())
    ask("edit", "[red]a[/red]: [blue]b", "--polarity", "like", "--reason", "\x1b]0;owned\x07[b]why")
    assert ask("history", "--json").lines[0]["version"] == 3
    for command in (("show",), ("history",), ("diff",), ("diff", "1", "2"), ("why",)):
        outcome = ask(*command)
        assert outcome.code == 0
        assert "\x1b" not in outcome.out
    assert "[red]a[/red]" in ask("show").out
    assert "[b]why" in ask("why").out
    assert "[bold]Foxes" in ask("show", "--version", "2").out


async def test_a_pin_survives_every_fold_of_a_model_that_wants_it_gone(tmp_path):
    wish = [("retract", "like", "fox"), ("add", "dislike", "owl"), ("weaken", "like", "fox"), ("add", "dislike", "fox")]
    session = open_session(tmp_path, answer=folds(("add", "like", "fox"), ("add", "like", "owl")))
    taste = Taste.of(session.services, "ann", "prints")
    await like(session, "i00", "i01", "i04")  # two foxes and an owl
    taste.edit(PinFact(fact_id="subject:fox"))
    taste.edit(SetFact(polarity="must", aspect="mood", value="calm"))
    taste.edit(RemoveFact(fact_id="subject:owl"))
    before = taste.current()
    played(session).played_chat.answer = folds(*wish, prose="Only calm is left.")
    for _ in range(3):
        await say(session, "dislike", "i08", "i05", "i09")
    after = taste.current()
    assert after.version == before.version + 3
    assert after.prose == "Only calm is left."
    assert after.facts == before.facts
    prompts = [prompt for prompt in played(session).played_chat.heard if prompt.startswith("You keep")]
    assert len(prompts) == 4
    assert not any('"op":"set"' in prompt or "wish:" in prompt for prompt in prompts)  # no edit is folded
    taste.edit(PinFact(fact_id="subject:fox", pinned=False))
    await say(session, "dislike", "i08", "i05", "i09")
    fox = next(fact for fact in taste.current().facts if fact.value == "fox")
    assert fox.polarity == "dislike"  # and once let go, it changes
    await session.aclose()


async def test_an_undo_is_not_undone_by_folding_the_same_events_again(tmp_path):
    session = open_session(tmp_path, answer=folds(("add", "like", "fox")))
    taste = Taste.of(session.services, "ann", "prints")
    await like(session, *FOXES)
    undone = taste.undo()
    await like(session, "i01")
    assert taste.current() == undone  # one event waits, the three that were seen do not
    again = taste.undo(0, fold_again=True)
    await like(session, "i05")
    after = taste.current()
    assert after.version > again.version
    assert [fact.value for fact in after.holding] == ["fox"]  # now they were folded anew
    assert after.holding[0].evidence == taste.version(1).holding[0].evidence
    await session.aclose()


def open_profile(home):
    from profiles.settings import load_profile

    return load_profile("demo", {"stores.home": str(home)}, {}).profile

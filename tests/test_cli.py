"""The command line: what it prints, what it exits with, and how it speaks of mistakes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import palate.cli
from models.errors import ModelTimeout
from palate.printable import printable
from palate.screen import attribute_line
from tests.world import ITEMS, open_session, polite

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    ("demo",),
    ("chat",),
    ("import",),
    ("summarize",),
    ("fold",),
    ("rank",),
    ("evaluate", "memory"),
    ("train",),
    ("model", "show"),
    ("model", "export"),
    ("taste", "show"),
    ("trace", "list"),
    ("trace", "show"),
    ("trace", "export"),
    ("doctor",),
    ("ui",),
)
TURN_KEYS = [
    "thread_id", "trace_id", "reply", "slate", "funnel", "preference", "profile", "seconds", "model_seconds", "error",
]  # fmt: skip


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def palate_home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PALATE_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PALATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "home"


@pytest.fixture
def run(palate_home, monkeypatch, capsys):
    """Run the command in this process, as its entry point does."""

    def run(*arguments, stdin=""):
        monkeypatch.setattr(sys, "argv", ["palate", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as left:
            palate.cli.main()
        shown = capsys.readouterr()
        return Outcome(left.value.code or 0, shown.out, shown.err)

    return run


@pytest.fixture
def shop(palate_home, monkeypatch):
    """The twelve test prints behind every command: real stores in the home, scripted models."""
    answers = {"answer": polite}

    def opened(*_, **__):
        return open_session(palate_home, **answers)

    monkeypatch.setattr("palate.talking.open_session", opened)
    return answers


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(run, command):
    outcome = run(*command, "--help")
    assert outcome.code == 0
    assert "Usage: palate" in outcome.out
    assert outcome.err == ""


def test_without_a_command_the_help_is_shown(run):
    outcome = run()
    assert all(command in outcome.out + outcome.err for command, *_ in COMMANDS)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one != ("model", "show")], ids=" ".join)
def test_a_mistake_exits_with_2_in_one_sentence_without_a_stack_trace(run, command, tmp_path):
    needed = {
        "fold": ["--all"],
        "import": [str(tmp_path)],
        "rank": ["--candidates", str(tmp_path)],
        "train": [str(tmp_path / "run"), "--base", str(tmp_path)],
        "model": [str(tmp_path), str(tmp_path / "out")],
    }
    more = needed.get(command[0], [])
    outcome = run(*command, *more, "--profile", "dmo")
    assert outcome.code == 2
    assert "there is no profile 'dmo'" in outcome.err
    assert "write --profile demo" in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("chat", "--set", "recommend.slat=3"), "--set recommend.slate=3"),
        (("chat", "--set", "nonsense"), "--set section.key=value"),
        (("chat", "-p", "openai"), "export OPENAI_API_KEY=…"),
        (("import", "/no/such/folder"), "/no/such/folder"),
        (("rank", "--candidates", "/no/such/file.jsonl"), "no catalogue 'demo'"),
        (("taste", "show", "--catalogue", "films"), "no catalogue 'films'"),
        (("trace", "show", "0000"), "trace"),
        (("trace", "list", "--limit", "0"), "limit"),
        (("chat", "--catalogue", "films"), "no catalogue 'films'"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_each_mistake_says_what_to_write(run, arguments, told):
    outcome = run(*arguments)
    assert outcome.code == 2
    assert told in " ".join(outcome.err.replace("│", " ").split())
    assert "Traceback" not in outcome.err


def test_a_turn_is_one_line_of_json_with_exactly_the_promised_keys(run, shop):
    outcome = run("chat", "--json", "--user", "ann", stdin="show me a fox\n\nunder 65 euros please\n")
    assert outcome.code == 0
    first, second = outcome.lines
    assert list(first) == TURN_KEYS
    assert list(first["slate"][0]) == ["item_id", "title", "p", "kind", "reason", "citations"]
    assert list(first["funnel"][0]) == ["step", "count"]
    assert list(first["preference"]) == ["version", "prose", "facts"]
    assert first["error"] is None
    assert first["profile"] == "demo"
    assert second["thread_id"] == first["thread_id"]  # one pipe is one conversation
    assert 0 < first["model_seconds"] <= first["seconds"] or first["model_seconds"] == 0


def test_a_thread_goes_on_where_it_was(run, shop):
    first = run("chat", "--json", stdin="something under 65 euros\n").lines[0]
    second = run("chat", "--json", "--thread", first["thread_id"], stdin="show me an owl\n").lines[0]
    prices = {item.item_id: item.attributes["price"] for item in ITEMS}
    assert second["slate"]
    assert all(prices[card["item_id"]] < 65 for card in second["slate"])


def test_a_conversation_shows_reply_slate_funnel_and_taste(run, shop):
    outcome = run("chat", stdin="I like foxes\nshow me a fox\n/like 1\n/taste\n")
    assert outcome.code == 0
    assert "you › show me a fox" in outcome.out
    assert "palate ›" in outcome.out
    assert "Quiet Hour" in outcome.out
    assert "EUR" in outcome.out
    assert "catalogue 12 →" in outcome.out
    assert "your taste, version" in outcome.out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/like 1", "ask for something first"),
        ("/like fox", "no item number fox"),
        ("/nonsense", "/help"),
        ("/picture /no/such.png what is it", "/no/such.png"),
    ],
)
def test_a_line_that_cannot_be_done_is_refused_in_words(run, shop, line, told):
    outcome = run("chat", stdin=f"{line}\n")
    assert outcome.code == 2
    assert told in outcome.err
    assert "Traceback" not in outcome.err


def test_text_that_poses_as_a_picture_is_refused_in_words(run, shop, tmp_path):
    (tmp_path / "fox.png").write_text("I am no picture")
    outcome = run("chat", stdin=f"/picture {tmp_path / 'fox.png'} like this\n")
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


def test_a_failing_model_exits_with_1_and_the_conversation_goes_on(run, shop):
    shop["answer"] = lambda prompt: ModelTimeout("m", 60)
    outcome = run("chat", "--json", stdin="show me a fox\nshow me an owl\n")
    assert outcome.code == 1
    assert len(outcome.lines) == 2
    assert all(line["error"] for line in outcome.lines)
    assert "timeout_s" in outcome.lines[0]["error"]


def test_an_error_of_our_own_is_not_hidden(run, shop, monkeypatch):
    monkeypatch.setattr("palate.screen.turn_line", lambda result: 1 / 0)
    monkeypatch.setattr(sys, "argv", ["palate", "chat", "--json"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n"))
    with pytest.raises(ZeroDivisionError):
        palate.cli.main()


def test_nothing_a_model_writes_can_move_the_cursor(run, shop):
    shop["answer"] = lambda prompt: "\x1b]0;owned\x07\x1b[2Jhello [bold]there[/bold]\r"
    outcome = run("chat", stdin="hello [bold]you[/bold]\nshow me a fox\n")
    assert "palate ›" in outcome.out
    assert "\x1b]" not in outcome.out
    assert "\x1b[2J" not in outcome.out
    assert "[bold]you[/bold]" in outcome.out  # and what looks like markup stays text


def test_printable_keeps_every_visible_letter():
    assert printable("Ünïcode 猫 🦊\n\ttab") == "Ünïcode 猫 🦊\n\ttab"
    assert printable("a\x1b[31mb\x07\u202ec\ud800") == "a[31mbc"


def test_attributes_are_shown_with_their_units(shop, palate_home):
    session = open_session(palate_home)
    assert attribute_line(session.catalogue, session.catalogue["i01"]) == "20 EUR · 1970 · Drama"
    session.services.close()


def test_doctor_tells_every_value_its_origin_and_what_is_missing(run, tmp_path):
    outcome = run("doctor", "--json", "-p", "openai", "--set", "recommend.slate=3")
    assert outcome.code == 2
    (report,) = outcome.lines
    assert report["settings"]["recommend.slate"] == {"value": 3, "origin": "command line --set recommend.slate"}
    assert report["settings"]["stores.home"]["origin"] == "environment PALATE_HOME"
    assert report["models"]["openai"]["decide"] == ["logprobs", "graded"]
    assert any("export OPENAI_API_KEY=…" in one["remedy"] for one in report["findings"])
    assert report["versions"]["langgraph"]


def test_doctor_finds_a_checkpoint_that_is_not_there_or_holds_no_weights(run, tmp_path):
    (tmp_path / "empty").mkdir()
    told = run("doctor", "--set", f"models.demo.model={tmp_path / 'none'}")
    assert told.code == 2
    assert "no checkpoint of 'demo'" in told.out
    (tmp_path / "empty" / "config.json").write_text("{}")
    assert "safetensors" in run("doctor", "--set", f"models.demo.model={tmp_path / 'empty'}").out


def test_doctor_changes_nothing(run, palate_home):
    run("doctor")
    assert not palate_home.exists()


def test_doctor_shows_who_may_look_at_the_app_without_a_secret(run, monkeypatch):
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "canary-of-the-client")
    monkeypatch.setenv("OIDC_COOKIE_SECRET", "canary")
    here = "auth={issuer: 'https://id.example', client_id: palate, address: 'https://palate.example'}"
    (report,) = run("doctor", "--json", "--set", here).lines
    assert report["settings"]["auth.issuer"]["value"] == "https://id.example"
    assert report["settings"]["auth.client_secret_env"]["value"] == "OIDC_CLIENT_SECRET"
    (finding,) = (one for one in report["findings"] if "sign in" in one["what"])
    assert finding["weight"] == "hinders"
    assert "export OIDC_COOKIE_SECRET=" in finding["remedy"]
    assert "canary" not in str(report) + run("doctor", "--set", here).out


def test_doctor_never_prints_a_secret(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    outcome = run("doctor", "--json", "-p", "openai", "--set", "stores.database=postgresql://ann:hunter2@127.0.0.1:1/x")
    assert "sk-canary" not in outcome.out + outcome.err
    assert "hunter2" not in outcome.out + outcome.err


def test_rank_scores_lists_and_measures_their_order(run, shop, tmp_path):
    tasks = tmp_path / "tasks.jsonl"
    lists = [
        {"user_id": "ann", "history": ["i00"], "target": "i04", "negatives": ["i01", "i02"]},
        {"user_id": "nobody ever met", "negatives": ["i01", "i04", "i02"]},
    ]
    tasks.write_text("\n".join(map(json.dumps, lists)) + "\n")
    outcome = run("rank", "--candidates", str(tasks), "--json")
    assert outcome.code == 0
    known, unknown, last = outcome.lines
    assert known["scores"][0]["item_id"] == "i04"  # the fox, for someone who likes foxes
    assert sorted(one["item_id"] for one in unknown["scores"]) == ["i01", "i02", "i04"]
    best = {"value": 1.0, "low": 1.0, "high": 1.0}
    assert last == {"metrics": {"auc": best, "hr@5": best, "mrr@5": best, "ndcg@5": best}}
    assert "ranking" in outcome.err  # the bar


def test_rank_without_a_target_measures_nothing(run, shop, tmp_path):
    (tmp_path / "tasks.jsonl").write_text('{"user_id": "ann", "negatives": ["i01", "i04"]}\n')
    outcome = run("rank", "--candidates", str(tmp_path / "tasks.jsonl"), "--json")
    [only] = outcome.lines
    assert set(only) == {"user_id", "scores"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "tasks.jsonl:1"),
        ('{"user_id": "ann"}', "negatives"),
        ('{"user_id": "ann", "negatives": []}', "nothing is left to rank"),
        ('{"user_id": "ann", "negatives": ["i99"]}', "no item 'i99'"),
        ('{"user_id": "ann", "target": "i01", "negatives": ["i01"]}', "twice"),
        ('{"user_id": "ann", "negatives": ["i01"], "histroy": []}', "histroy"),
    ],
)
def test_a_rank_line_that_is_wrong_is_refused_with_its_number(run, shop, tmp_path, line, told):
    (tmp_path / "tasks.jsonl").write_text(line + "\n")
    outcome = run("rank", "--candidates", str(tmp_path / "tasks.jsonl"))
    assert outcome.code == 2
    assert told in outcome.err


def test_ctrl_c_leaves_cleanly_with_130(palate_home, tmp_path):
    """A real process, waiting for its next line, is interrupted as a terminal would."""
    code = (
        "import palate.talking, palate.cli, pathlib, os, sys; from tests.world import open_session\n"
        "palate.talking.open_session = lambda *_: open_session(pathlib.Path(os.environ['PALATE_HOME']))\n"
        "sys.argv = ['palate', 'chat', '--json']; palate.cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["error"] is None
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130  # its input stays open: only the interrupt can end it
    _, err = process.communicate()
    assert b"Traceback" not in err

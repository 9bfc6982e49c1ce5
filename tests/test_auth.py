"""Who may look at the app: the settings, the file that Streamlit is handed, and the gate before every page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agents.state import TurnState
from profiles.auth import missing_for_auth, require_auth, secrets_for_streamlit
from profiles.for_all import choose_for_all
from profiles.settings import AuthSettings, ProfileError, load_profile
from tests.ui_world import APP, PAYLOADS, testing, texts
from ui.gate import NotSignedIn, local_name, person_of, started_with, still_admitted, user_id_of

pytest_plugins = ("tests.ui_world",)

GIVEN = {"auth.issuer": "https://id.example", "auth.client_id": "palate", "auth.address": "https://palate.example"}
SECRETS = {"OIDC_CLIENT_SECRET": 'a "quoted" \\secret\x7f', "OIDC_COOKIE_SECRET": "c" * 64}
AUTH = AuthSettings(issuer="https://id.example", client_id="palate", address="https://palate.example")
NOW = 1_800_000_000.0
CLAIMS: dict[str, Any] = {
    "is_logged_in": True, "iss": "https://id.example", "aud": "palate", "sub": "ann", "iat": NOW, "name": "Ann",
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"auth.client_id": None}, "client_id"),
        ({"auth.issuer": "http://id.example"}, "is not encrypted"),
        ({"auth.address": "http://palate.example"}, "is not encrypted"),
        ({"auth.issuer": "id.example"}, "write `issuer: https://…`"),
        ({"auth.address": "https://palate.example/app"}, "has a path"),
        ({"auth.issuer": "https://me:secret@id.example"}, "no such address"),
        ({"auth.hours": 0}, "hours"),
    ],
)
def test_settings_that_could_not_keep_anyone_safe_are_refused(wrong, told):
    with pytest.raises(ProfileError, match=told):
        load_profile("demo", GIVEN | wrong, {})


@pytest.mark.parametrize("left_out", GIVEN)
def test_a_setting_that_is_left_out_is_asked_for_by_its_name(left_out):
    with pytest.raises(ProfileError, match=f"write `{left_out.removeprefix('auth.')}: …` under `auth:`"):
        load_profile("demo", {key: value for key, value in GIVEN.items() if key != left_out}, {})


def test_a_provider_on_this_machine_needs_no_encryption():
    here = {"auth.issuer": "http://127.0.0.1:9400", "auth.address": "http://localhost:8501"}
    assert load_profile("demo", GIVEN | here, {}).profile.auth is not None


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "export OIDC_CLIENT_SECRET=…"),
        ({"OIDC_CLIENT_SECRET": "x"}, "export OIDC_COOKIE_SECRET=$(python"),
        ({"OIDC_CLIENT_SECRET": "x", "OIDC_COOKIE_SECRET": "short"}, "has 5 characters, not 32"),
        ({**SECRETS, "OIDC_CLIENT_SECRET": "  "}, "export OIDC_CLIENT_SECRET=…"),
    ],
)
def test_what_the_environment_lacks_is_told_with_the_line_to_write(environ, line):
    with pytest.raises(ProfileError) as caught:
        require_auth(load_profile("demo", GIVEN, {}).profile, environ)
    assert line in str(caught.value)


def test_nothing_is_asked_of_who_does_not_sign_people_in():
    require_auth(load_profile("demo", {}, {}).profile, {})
    assert missing_for_auth(AUTH, SECRETS) == ()


def test_streamlit_is_handed_exactly_what_was_set():
    told = tomllib.loads(secrets_for_streamlit(AUTH, SECRETS))["auth"]
    assert told == {
        "redirect_uri": "https://palate.example/oauth2callback",
        "cookie_secret": SECRETS["OIDC_COOKIE_SECRET"],
        "client_id": "palate",
        "client_secret": SECRETS["OIDC_CLIENT_SECRET"],
        "server_metadata_url": "https://id.example/.well-known/openid-configuration",
    }


def as_variables() -> dict[str, str]:
    return {f"PALATE_{key.replace('.', '__').upper()}": value for key, value in GIVEN.items()}


FAKE_STREAMLIT = """
import os, pathlib, sys, time
path = pathlib.Path(sys.argv[sys.argv.index("--secrets.files") + 1])
told = f"{path} {path.stat().st_mode & 0o777:o} {path.parent.stat().st_mode & 0o777:o} {'[auth]' in path.read_text()}"
pathlib.Path(os.environ["TOLD"]).write_text(told)
time.sleep(60)
"""


def test_the_file_of_secrets_is_for_its_owner_alone_and_gone_with_the_server(tmp_path):
    """A real `palate ui` with a server that only looks at the file, ended as a service manager ends it."""
    (tmp_path / "streamlit.py").write_text(FAKE_STREAMLIT)
    root = str(Path(__file__).resolve().parent.parent)
    environ = os.environ | as_variables() | SECRETS
    environ |= {"PYTHONPATH": f"{tmp_path}:{root}", "TOLD": str(tmp_path / "told"), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-m", "palate.cli", "ui", "-p", "demo"], cwd=tmp_path, env=environ)
    deadline = time.monotonic() + 120
    while not (tmp_path / "told").is_file() or not (tmp_path / "told").read_text():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)
    path, file_mode, folder_mode, complete = (tmp_path / "told").read_text().split()
    assert (file_mode, folder_mode, complete) == ("600", "700", "True")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert not Path(path).exists()
    assert not list(tmp_path.glob("palate-*"))


def test_without_its_secrets_the_app_is_not_started():
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OIDC_")} | as_variables()
    done = subprocess.run(
        [sys.executable, "-m", "palate.cli", "ui", "-p", "demo"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "export OIDC_CLIENT_SECRET=…" in done.stderr


class TestWhoIsNamed:
    def named(self, **changes: Any) -> Any:
        return person_of({**CLAIMS, **changes}, AUTH, now=NOW)

    @pytest.mark.parametrize(
        "changes",
        [
            {"is_logged_in": False},
            {"is_logged_in": "true"},
            {"iss": "https://evil.example"},
            {"iss": None},
            {"aud": "another app"},
            {"aud": ["another app"]},
            {"aud": None},
            {"sub": ""},
            {"sub": None},
            {"sub": ["ann"]},
            {"iat": None},
            {"iat": True},
            {"iat": float("nan")},
            {"iat": NOW - 24 * 3600 - 1},
            {"iat": NOW + 3600},
        ],
    )
    def test_claims_that_prove_nothing_name_nobody(self, changes):
        assert self.named()
        with pytest.raises(NotSignedIn):
            self.named(**changes)

    def test_a_user_id_rests_on_issuer_and_subject_alone(self):
        ann = self.named()
        assert ann == self.named(aud=["palate", "another"])
        same = self.named(name="Bob", email="bob@example.com", preferred_username="me", user_id="me")
        assert (same.user_id, same.name) == (ann.user_id, "Bob")
        assert self.named(sub="bob").user_id != ann.user_id
        assert user_id_of("https://id.example", "ann") == ann.user_id
        assert user_id_of("https://id.example/a", "b") != user_id_of("https://id.example", "a/b")

    @pytest.mark.parametrize("subject", ["me", "../../etc", "ann\n", "é" * 200, "' OR 1=1", "oidc:x", "\x00"])
    def test_whatever_the_subject_the_user_id_is_one_no_name_can_be_typed_for(self, subject):
        user_id = self.named(sub=subject).user_id
        assert user_id.startswith("oidc:")
        assert user_id.isascii()
        assert local_name(user_id, "me") == "me"
        assert local_name(f"  {user_id.upper()}", "me") == "me"

    @pytest.mark.parametrize("claims", [{"name": " "}, {"name": None}, {"name": ["x"]}, {"name": "\u202e"}])
    def test_without_a_name_another_claim_serves(self, claims):
        assert self.named(**claims, preferred_username="ann42").name == "ann42"
        assert self.named(**claims).name == "you"


ANN = user_id_of("https://id.example", "ann")


@pytest.fixture
def shop(page, session) -> Any:
    """The app, where someone who signs in and two local people have each said something in a thread of one name."""
    for user in (ANN, "me", "ann"):
        session.histories[user, "aaaa"] = (TurnState(user_id=user, turn_id="t", message=f"a fox for {user[:5]}"),)
    return session


@pytest.fixture
def locked(shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same with `auth` set."""
    for name, value in as_variables().items():
        monkeypatch.setenv(name, value)
    return shop


def opened(claims: dict[str, Any], view: str = "", **address: str) -> Any:
    """A page as the browser of somebody with these claims opens it."""
    page = testing.AppTest.from_file(str(APP), default_timeout=60)
    page.user = claims
    if view:
        page.switch_page(f"views/{view}.py")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception
    return page


def claims_now(**changes: Any) -> dict[str, Any]:
    return {**CLAIMS, "iat": time.time(), **changes}


def everything(page: Any) -> str:
    return " ".join(str(one.value) for one in [*page.text, *page.markdown, *page.header, *page.info, *page.error])


def shows_only_the_way_in(page: Any) -> bool:
    drawn = [one.value for one in page.header], [one.key for one in page.button], len(page.selectbox)
    return drawn == (["Sign in to Palate"], ["sign-in"], 0) and "fox" not in everything(page)


@pytest.mark.parametrize("view", ["", "taste", "catalogue", "traces", "models", "results"])
def test_without_a_sign_in_a_page_shows_the_way_in_and_nothing_else(locked, view):
    for claims in ({}, {"is_logged_in": False}, CLAIMS | {"iat": 0}):
        assert shows_only_the_way_in(opened(claims, view, person="ann", thread="aaaa", trace="t"))


def test_who_signed_in_is_themselves_whatever_the_address_says(locked):
    page = opened(claims_now(), person="me", thread="aaaa")
    assert "a fox for oidc:" in texts(page)
    assert "a fox for me" not in texts(page)
    assert not page.selectbox, "neither another person nor another profile is offered"
    assert "Ann" in texts(page)
    page.query_params["person"] = "ann"
    page.run()
    assert "a fox for ann" not in texts(page)


def test_people_who_sign_in_choose_among_the_profiles_that_auth_names(locked, monkeypatch):
    page = opened(claims_now(), thread="aaaa", profile="ollama")
    assert page.session_state.talk.profile == "demo"
    assert not page.selectbox
    assert [one.label for one in opened(claims_now(), "models").expander if "in use" in one.label] == [
        "demo · in use here"
    ]
    assert not [one for one in opened(claims_now(), "models").expander if "ollama" in one.label]
    monkeypatch.setenv("PALATE_AUTH__PROFILES", '["ollama", "local"]')
    started_with.clear()
    page = opened(claims_now(), thread="aaaa", profile="ollama")
    assert page.session_state.talk.profile == "ollama"
    assert page.selectbox(key="profile").options == ["demo", "ollama", "local"]
    assert opened(claims_now(), thread="aaaa", profile="openai").session_state.talk.profile == "demo"
    labels = [one.label for one in opened(claims_now(), "models").expander]
    assert len([one for one in labels if one.split()[0] in ("demo", "ollama", "local")]) == 3
    assert not [one for one in labels if one.startswith("openai")]


def test_who_signs_in_changes_nothing_that_all_share(real, monkeypatch):
    def offered() -> set[str]:
        pages = [opened(claims_now(), "catalogue"), opened(claims_now(), "catalogue", item="i03")]
        pages.append(opened(claims_now(), "results"))
        buttons = {one.key for page in pages for one in page.button}
        uploaders = {"import-files" for page in pages if page.get("file_uploader")}
        return uploaders | (buttons & {"summarise-again", "run-evaluation", "go-on"})

    assert offered() == {"import-files", "summarise-again", "run-evaluation", "go-on"}
    for name, value in as_variables().items():
        monkeypatch.setenv(name, value)
    started_with.clear()
    assert offered() == set()


def test_what_was_chosen_for_all_before_counts_no_more_where_people_sign_in(locked, tmp_path, monkeypatch):
    monkeypatch.setenv("PALATE_AUTH__PROFILES", '["ollama"]')
    choose_for_all(tmp_path, "ollama", started="demo")
    started_with.clear()
    page = opened(claims_now(), "models")
    assert page.session_state.talk.profile == "demo"
    assert not [one.key for one in page.button if one.key and ("for-all" in one.key or one.key == "begin-as-started")]
    page.session_state["profile-ollama"] = True
    page.run()
    assert [one.key for one in page.button if one.key and one.key.startswith("use-")] == ["use-demo", "use-ollama"]


def test_every_run_asks_again_who_is_there(locked):
    page = opened(claims_now(), thread="aaaa")
    assert "fox" in everything(page)
    page.user = {}
    assert shows_only_the_way_in(page.run())
    page.user = claims_now()
    page.run()
    page.user = claims_now(sub="bob", name="Bob")
    page.run()
    assert "fox" not in everything(page), "what the window held was another's"
    assert page.session_state.talk.user_id == user_id_of("https://id.example", "bob")


def test_a_part_that_draws_itself_anew_asks_as_well(monkeypatch):
    """Streamlit runs such a part without the page around it."""
    import streamlit as st

    class Again(Exception):
        pass

    def again() -> None:
        raise Again

    claims, drawn = claims_now(), []
    ann = person_of(claims, AUTH, now=time.time())
    monkeypatch.setattr("ui.gate.auth_settings", lambda: AUTH)
    monkeypatch.setattr("ui.gate._claims", lambda: claims)
    monkeypatch.setattr("ui.gate.signed_in", lambda: ann)
    monkeypatch.setattr(st, "rerun", again)
    still_admitted(drawn.append)("a trace")
    assert drawn == ["a trace"]
    for changes in ({"iat": 0}, {"sub": "bob"}, {"is_logged_in": False}):
        claims.update(claims_now(**changes))
        with pytest.raises(Again):
            still_admitted(drawn.append)("another's")
    assert drawn == ["a trace"]


def test_signing_out_empties_the_window(locked):
    page = opened(claims_now(), thread="aaaa")
    assert shows_only_the_way_in(page.button(key="sign-out").click().run())
    assert "talk" not in page.session_state


def test_headers_of_a_proxy_name_nobody(locked, monkeypatch):
    import streamlit as st

    real_option = st.get_option
    option = "server.trustedUserHeaders"
    monkeypatch.setattr(st, "get_option", lambda name: {"X-User": "sub"} if name == option else real_option(name))
    assert shows_only_the_way_in(opened(claims_now(), thread="aaaa"))


def test_without_readable_settings_nobody_is_let_in(locked, monkeypatch):
    monkeypatch.setenv("PALATE_AUTH__CLIENT_ID", "")
    page = opened(claims_now(), thread="aaaa")
    assert "client" in page.error[0].value
    assert "fox" not in everything(page)


def test_where_nothing_signs_people_in_the_page_says_how_to_start_it(locked):
    page = opened({})
    page.button(key="sign-in").click().run()
    assert "palate ui" in page.error[0].value


def test_nobody_becomes_a_signed_in_person_by_a_typed_name(shop):
    page = opened({}, person=ANN, thread="aaaa")
    assert "fox for oidc" not in everything(page)
    assert page.session_state.talk.user_id == "me"


def test_a_hostile_name_is_shown_as_text(locked):
    for name in PAYLOADS:
        page = opened(claims_now(name=name))
        assert " ".join(name.split())[:80].strip() in texts(page)

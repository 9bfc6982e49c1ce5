"""The profile that was chosen for all: kept in a file, honoured where it can be, and told where it cannot."""

from __future__ import annotations

import json

import pytest

from profiles.for_all import FILE_NAME, Beginning, begin_as_started, beginning, choose_for_all
from profiles.settings import profile_names

OFFERED = ("demo", "local", "ollama", "openai")


def begun(home, started: str = "demo", offered=OFFERED) -> Beginning:
    return beginning(home, started, offered, unusable=lambda profile: "")


def test_what_the_server_was_started_with_counts_until_another_is_chosen_and_again_afterwards(tmp_path):
    home = tmp_path / "not made yet"
    assert begun(home) == Beginning("demo")
    choose_for_all(home, "ollama", started="demo")
    assert begun(home) == Beginning("ollama", chosen=True)
    choose_for_all(home, "local", started="demo")
    assert begun(home) == Beginning("local", chosen=True)
    begin_as_started(home)
    assert begun(home) == Beginning("demo")
    begin_as_started(home)
    assert list(home.iterdir()) == []


def test_a_server_started_with_another_profile_begins_with_that_one_and_says_why(tmp_path):
    choose_for_all(tmp_path, "ollama", started="demo")
    found = begun(tmp_path, "/etc/palate/mine.yaml")
    assert (found.profile, found.chosen) == ("/etc/palate/mine.yaml", False)
    assert "“ollama” was chosen for all of a server started with “demo”" in found.problem


@pytest.mark.parametrize(
    "written",
    [
        b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff\xfe\x00", b'{"profile": "ollama"}',
        b'{"profile": 7, "instead_of": "demo"}', b"[" * 8000, b'{"profile": "ollama", "instead_of": "demo"}' * 9000,
    ],
)  # fmt: skip
def test_a_damaged_file_leaves_the_profile_of_the_server_and_is_told(tmp_path, written):
    (tmp_path / FILE_NAME).write_bytes(written)
    found = begun(tmp_path)
    assert (found.profile, found.chosen) == ("demo", False)
    assert str(tmp_path / FILE_NAME) in found.problem
    begin_as_started(tmp_path)
    assert begun(tmp_path) == Beginning("demo")


def test_a_folder_in_its_place_is_told_and_nothing_else(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    assert begun(tmp_path).profile == "demo"
    assert "directory" in begun(tmp_path).problem


def test_a_profile_that_is_not_offered_is_not_begun_with(tmp_path):
    choose_for_all(tmp_path, "/tmp/secret.yaml", started="demo")
    found = begun(tmp_path)
    assert (found.profile, found.chosen) == ("demo", False)
    assert "no such profile" in found.problem


def test_a_profile_without_its_key_is_not_begun_with_and_the_key_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    choose_for_all(tmp_path, "openai", started="demo")
    found = beginning(tmp_path, "demo", profile_names())
    assert (found.profile, found.chosen) == ("demo", False)
    assert "OPENAI_API_KEY" in found.problem
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert beginning(tmp_path, "demo", profile_names()) == Beginning("openai", chosen=True)


def test_the_file_holds_the_two_profiles_and_nobody_s_name(tmp_path):
    choose_for_all(tmp_path, "ollama", started="demo")
    [path] = tmp_path.iterdir()
    assert json.loads(path.read_bytes()) == {"profile": "ollama", "instead_of": "demo"}
    assert path.stat().st_mode & 0o077 == 0


def test_a_choice_that_cannot_be_written_leaves_the_former_one(tmp_path, monkeypatch):
    choose_for_all(tmp_path, "ollama", started="demo")

    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        choose_for_all(tmp_path, "local", started="demo")
    assert begun(tmp_path).profile == "ollama"
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]

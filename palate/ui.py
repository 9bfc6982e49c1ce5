"""`palate ui`: the chat in the browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.failures import Mistake
from palate.options import ProfileOption, SetOption, load

if TYPE_CHECKING:
    from profiles.settings import AuthSettings

ONLY_HERE = ("127.0.0.1", "localhost", "::1")


def ui(
    profile: ProfileOption = None,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501,
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is this machine alone.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser window.")] = False,
    settings: SetOption = None,
) -> None:
    """Open the chat in the browser. With `auth` in the profile, for people who sign in; otherwise for anyone."""
    from profiles.auth import require_auth

    loaded = load(profile, settings)
    auth = loaded.profile.auth
    require_auth(loaded.profile, os.environ)
    for offered in auth.profiles if auth is not None else ():
        load(offered, settings, keys_required=False)
    if find_spec("streamlit") is None:
        raise Mistake("the page needs Streamlit, which is not installed", "write: pip install 'palate[ui]'")
    page = Path(__file__).resolve().parent.parent / "ui" / "app.py"
    command = [sys.executable, "-m", "ui.serving", "run", str(page), "--server.port", str(port)]
    command += ["--server.address", host, "--browser.gatherUsageStats", "false"]
    command += ["--server.headless", "true"] if headless or not sys.stdout.isatty() else []
    environment = os.environ | {"PALATE_PROFILE": str(loaded.path), **_as_variables(settings)}
    if auth is None and host not in ONLY_HERE:
        told = f"whoever reaches {host}:{port} may say they are anyone; docs/app.md#signing-in tells how to set `auth`"
        typer.echo(f"palate: {told}", err=True)
    with ExitStack() as until_the_end:
        if auth is not None:
            command += ["--secrets.files", str(until_the_end.enter_context(_secrets_file(auth)))]
        code = _run(command, environment)
    raise typer.Exit(code)


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run the server to its end, which it comes to when this process is asked to end. Returns its exit code."""
    server = subprocess.Popen(command, env=environment)

    def end(number: int, frame: FrameType | None) -> None:
        server.terminate()

    before: Any = signal.signal(signal.SIGTERM, end)
    try:
        code = server.wait()
    except KeyboardInterrupt:
        server.wait()  # the terminal has told it as well
        code = 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


@contextmanager
def _secrets_file(auth: AuthSettings) -> Iterator[Path]:
    """The file that Streamlit signs people in by, for nobody else to read, gone when the server is."""
    from profiles.auth import secrets_for_streamlit

    with tempfile.TemporaryDirectory(prefix="palate-") as folder:  # made for its owner alone
        path = Path(folder) / "secrets.toml"
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets_for_streamlit(auth, os.environ))
        yield path


def _as_variables(settings: list[str] | None) -> dict[str, str]:
    """The `--set` of this command as variables that the page's process reads."""
    import json

    from profiles.settings import parse_settings

    return {
        f"PALATE_{key.replace('.', '__').upper()}": value if isinstance(value, str) else json.dumps(value)
        for key, value in parse_settings(settings or ()).items()
    }

"""`palate ui`: the chat in the browser."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from palate.failures import Mistake
from palate.options import ProfileOption, SetOption, load


def ui(
    profile: ProfileOption = None,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501,
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is this machine alone.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser window.")] = False,
    settings: SetOption = None,
) -> None:
    """Open the chat in the browser."""
    loaded = load(profile, settings)
    if find_spec("streamlit") is None:
        raise Mistake("the page needs Streamlit, which is not installed", "write: pip install 'palate[ui]'")
    page = Path(__file__).resolve().parent.parent / "ui" / "app.py"
    command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.port", str(port)]
    command += ["--server.address", host, "--browser.gatherUsageStats", "false"]
    command += ["--server.headless", "true"] if headless or not sys.stdout.isatty() else []
    environment = os.environ | {"PALATE_PROFILE": str(loaded.path), **_as_variables(settings)}
    try:
        code = subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def _as_variables(settings: list[str] | None) -> dict[str, str]:
    """The `--set` of this command as variables that the page's process reads."""
    import json

    from profiles.settings import parse_settings

    return {
        f"PALATE_{key.replace('.', '__').upper()}": value if isinstance(value, str) else json.dumps(value)
        for key, value in parse_settings(settings or ()).items()
    }

"""The server of the app: Streamlit's own command, with what the pages import brought in before anybody looks.

`python -m ui.serving run ui/app.py` does what `python -m streamlit run ui/app.py` does. No model is loaded by it.
"""

from __future__ import annotations

import contextlib
import importlib
import runpy
import threading

from graphs.garbage import collect_seldom

PAGES = ("ui.frame", "ui.chat_page", "profiles.settings")  # what the first paint needs
REST = (  # what opening the stores and the first answer need
    "graphs.session",
    "graphs.conversations",
    "graphs.setup",
    "catalog.openers",
    "chromadb",
)


def import_ahead() -> None:
    """Import what the pages do, the first paint's first. What cannot be imported is told where it is used."""
    for name in (*PAGES, *REST):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def main() -> None:
    """Run Streamlit with the arguments of this process, and import meanwhile."""
    collect_seldom()
    threading.Thread(target=import_ahead, name="palate-imports", daemon=True).start()
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""What every page has around it: the pages to choose from, the pickers, and the look."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.choosing import address_of, choose, put_in_address
from ui.gate import admitted
from ui.look import ICON, style

_VIEWS = Path(__file__).resolve().parent / "views"  # whole paths: tests run the app from a main script of their own
_NAMES = ("chat", "taste", "catalogue", "traces", "models", "results")
CHAT, TASTE, CATALOGUE, TRACES, MODELS, RESULTS = (str(_VIEWS / f"{name}.py") for name in _NAMES)
_PAGES = (
    (CHAT, "Chat", ":material/chat:"),
    (TASTE, "Taste", ":material/favorite:"),
    (CATALOGUE, "Catalogue", ":material/grid_view:"),
    (TRACES, "Traces", ":material/account_tree:"),
    (MODELS, "Models", ":material/memory:"),
    (RESULTS, "Results", ":material/bar_chart:"),
)


def draw_app() -> None:
    """Draw the page that was chosen, for who may see it. Nothing heavy is imported before the first paint."""
    st.set_page_config("Palate", page_icon=ICON, layout="centered", initial_sidebar_state="auto")
    style()
    pages = [st.Page(path, title=title, icon=icon, default=path == CHAT) for path, title, icon in _PAGES]
    may = admitted()
    page = st.navigation(pages, position="top" if may else "hidden")
    if not may:
        return
    with st.sidebar:
        st.title("Palate", anchor=False)
        talk = choose()
    if st.session_state.pop("go_to_chat", False) and page != pages[0]:
        st.switch_page(pages[0], query_params=address_of(talk))
    put_in_address()
    page.run()

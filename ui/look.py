"""The rules of style that Streamlit's theme has no setting for, and how foreign words are drawn."""

from __future__ import annotations

import streamlit as st

from ui.plain import plain

# Keys become class names, `st-key-<key>`; elements are styled by how their key begins.
_STYLE = """
<style>
[data-testid="stMainBlockContainer"], [data-testid="stBottomBlockContainer"] { max-width: 62rem; }
[data-testid="stMainBlockContainer"] { padding-top: 2.5rem; padding-bottom: 2rem; }
[data-testid="stSidebarUserContent"] { padding-top: 0.5rem; }
[data-testid="stText"] { overflow-wrap: anywhere; }
[class*="st-key-small-"] [data-testid="stText"] { font-size: 0.82rem; color: #6f6a60; line-height: 1.35; }
[class*="st-key-title-"] [data-testid="stText"] { font-weight: 650; line-height: 1.25; }
[class*="st-key-prose-"] [data-testid="stText"] { line-height: 1.5; }
[class*="st-key-art-"] { background: #f3f0ea; border-radius: 0.5rem; min-height: 11rem; justify-content: center; }
[class*="st-key-art-"] img { height: 11rem; width: 100%; object-fit: contain; }
[class*="st-key-art-"] [data-testid="stText"] { text-align: center; width: 100%; }
[class*="st-key-bar-"] [data-testid="stProgress"] > div > div { height: 0.35rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 0.75rem; padding-right: 0.75rem; }
  [class*="st-key-art-"] { min-height: 8rem; }
  [class*="st-key-art-"] img { height: 8rem; }
}
</style>
"""


def style() -> None:
    """Put the rules on the page."""
    st.html(_STYLE)


def say(text: str, *, key: str) -> None:
    """Words of a model, a catalogue or a person, shown as they are.

    key: unique on the page; how it begins chooses the look: `small-`, `title-`, `prose-` or none of these.
    """
    with st.container(key=key, gap=None):
        st.text(plain(text))

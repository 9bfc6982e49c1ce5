"""The rules of style that Streamlit's theme has no setting for, and how foreign words are drawn."""

from __future__ import annotations

import streamlit as st

from ui.plain import plain

# Keys become class names, `st-key-<key>`; elements are styled by how their key begins.
_STYLE = """
<style>
[data-testid="stMainBlockContainer"], [data-testid="stBottomBlockContainer"] { max-width: 62rem; }
[data-testid="stMainBlockContainer"] { padding-top: 3rem; padding-bottom: 1rem; }
[data-testid="stSidebarHeader"] { height: 2.5rem; margin-bottom: 0; padding-top: 0.75rem; }
[data-testid="stSidebarUserContent"] h1 { padding-top: 0; }
[data-testid="stChatMessage"] { background: transparent; }
[data-testid="stChatMessage"]:has([aria-label="Chat message from user"]) { background: #f3f0ea; }
[data-testid="stText"] { overflow-wrap: anywhere; }
[class*="st-key-small-"] [data-testid="stText"] span { font-size: 0.82rem; line-height: 1.4; color: #6f6a60; }
[class*="st-key-title-"] [data-testid="stText"] span { font-weight: 650; line-height: 1.25; }
[class*="st-key-reason-"] [data-testid="stText"] span { font-size: 0.92rem; line-height: 1.4; }
[class*="st-key-note-"] { padding-left: 3.4rem; }
[class*="st-key-art-"] { background: #f3f0ea; border-radius: 0.5rem; aspect-ratio: 1; justify-content: center; }
[class*="st-key-art-"] img { aspect-ratio: 1; width: 100%; object-fit: contain; border-radius: 0.5rem; }
[class*="st-key-art-"] [data-testid="stText"] { text-align: center; width: 100%; }
[class*="st-key-bar-"] [data-testid="stProgress"] > div > div { height: 0.35rem; }
[class*="st-key-bar-fact-"] [data-testid="stProgress"] { margin-top: -0.6rem; }
[class*="st-key-greeting"] { padding-top: 8vh; }
[class*="st-key-openers"] { padding-top: 0.75rem; padding-bottom: 0.75rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 0.75rem; padding-right: 0.75rem; }
  [data-testid="stChatMessage"] { padding-left: 0.25rem; padding-right: 0.25rem; gap: 0.5rem; }
  [class*="st-key-note-"] { padding-left: 0.5rem; }
  [class*="st-key-greeting"] { padding-top: 0; }
}
</style>
"""
# A favicon of our own: an emoji or an icon by name would be fetched from a foreign server.
ICON = (
    '<svg viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#2f6f62"/><circle cx="11" cy="12" r="3.2" '
    'fill="#f2c14e"/><circle cx="20" cy="10" r="3.2" fill="#e4572e"/><circle cx="22.5" cy="18" r="3.2" '
    'fill="#76b7d6"/><circle cx="13" cy="22" r="4.4" fill="#fdfcfa"/></svg>'
)


def style() -> None:
    """Put the rules on the page."""
    st.html(_STYLE)


def say(text: str, *, key: str) -> None:
    """Words of a model, a catalogue or a person, shown as they are.

    key: unique on the page; how it begins chooses the look: `small-`, `title-`, `prose-` or none of these.
    """
    with st.container(key=key, gap=None):
        st.text(plain(text))

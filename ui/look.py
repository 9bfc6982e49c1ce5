"""The rules of style that Streamlit's theme has no setting for, and how foreign words are drawn."""

from __future__ import annotations

import streamlit as st

from ui.plain import plain

MUTED = 72  # percent of the text's colour in small print, and of a wash behind pictures: both serve light and dark
WASH = 6

# Keys become class names, `st-key-<key>`; elements are styled by how their key begins.
_STYLE = f"""
<style>
[data-testid="stMainBlockContainer"], [data-testid="stBottomBlockContainer"] {{ max-width: 62rem; }}
[data-testid="stMainBlockContainer"] {{ padding-top: 4.5rem; padding-bottom: 1rem; }}
[data-testid="stSidebarHeader"] {{ height: 2.5rem; margin-bottom: 0; padding-top: 0.75rem; }}
[data-testid="stSidebarUserContent"] h1 {{ padding-top: 0; }}
[data-testid^="stBaseButton-primary"]:not(:disabled) {{ color: light-dark(#ffffff, #1b1a17); }}
[data-testid="stChatMessage"] {{ background: transparent; }}
[data-testid="stChatMessage"]:has([aria-label="Chat message from user"]) {{
  background: color-mix(in srgb, currentColor {WASH}%, transparent); }}
[data-testid="stCaptionContainer"] {{ color: inherit !important; opacity: 0.85; }}
[data-testid="stCaptionContainer"] :is(p, strong) {{ color: inherit !important; }}
[data-testid="stText"] {{ overflow-wrap: anywhere; }}
[class*="st-key-small-"] [data-testid="stText"] span {{
  font-size: 0.82rem; line-height: 1.4; color: color-mix(in srgb, currentColor {MUTED}%, transparent); }}
[class*="st-key-title-"] [data-testid="stText"] span {{ font-weight: 650; line-height: 1.25; }}
[class*="st-key-reason-"] [data-testid="stText"] span {{ font-size: 0.92rem; line-height: 1.4; }}
[class*="st-key-figure-"] [data-testid="stText"] span {{ font-weight: 650; font-variant-numeric: tabular-nums; }}
[class*="st-key-note-"] {{ padding-left: 3.4rem; }}
[class*="st-key-art-"] {{ background: color-mix(in srgb, currentColor {WASH}%, transparent); border-radius: 0.5rem;
  aspect-ratio: 1; justify-content: center; }}
[class*="st-key-art-"] img {{ aspect-ratio: 1; width: 100%; object-fit: contain; border-radius: 0.5rem; }}
[class*="st-key-art-"] [data-testid="stText"] {{ text-align: center; width: 100%; }}
[class*="st-key-folded-"] [data-testid="stImage"] {{ gap: 0.5rem; }}
[class*="st-key-bar-"] [data-testid="stProgress"] > div > div {{ height: 0.35rem; }}
[class*="st-key-bar-fact-"] [data-testid="stProgress"] {{ margin-top: -0.6rem; }}
[class*="st-key-greeting"] {{ padding-top: 4vh; }}
[class*="st-key-openers"] {{ padding-top: 0.75rem; padding-bottom: 0.75rem; }}
[class*="st-key-openers"] button p {{ white-space: normal; text-align: left; }}
[data-testid="stMainBlockContainer"] [data-testid="stPageLink"] a {{ background: transparent; padding-left: 0; }}
[data-testid="stMainBlockContainer"] [data-testid="stPageLink"] a p {{ white-space: normal; }}
[class*="st-key-thread-"] button {{ justify-content: flex-start; text-align: left; }}
[class*="st-key-thread-"] button p {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
[class*="st-key-actions-"] button, [class*="st-key-actions-"] a {{
  padding-left: 0; padding-right: 0; min-height: 1.6rem; }}
[class*="st-key-actions-"] button:not(:hover) {{ color: inherit; }}
[class*="st-key-actions-"] button p, [class*="st-key-actions-"] a p {{ font-size: 0.82rem; }}
.palate-line {{ position: relative; height: 0.6rem; margin: 0.35rem 0;
  background: color-mix(in srgb, currentColor {WASH}%, transparent); border-radius: 0.3rem; }}
.palate-line span {{ position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 0.3rem; }}
.palate-step {{ background: #2f6f62; }}
.palate-call {{ background: #c8842b; }}
@media (max-width: 640px) {{
  [data-testid="stMainBlockContainer"] {{ padding-left: 0.75rem; padding-right: 0.75rem; }}
  [data-testid="stChatMessage"] {{ padding-left: 0.25rem; padding-right: 0.25rem; gap: 0.5rem; }}
  [class*="st-key-note-"] {{ padding-left: 0.5rem; }}
  [class*="st-key-greeting"] {{ padding-top: 0; }}
}}
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

    key: unique on the page; how it begins chooses the look: `small-`, `title-`, `figure-`, `prose-` or none of these.
    """
    with st.container(key=key, gap=None):
        st.text(plain(text))


def draw_bar(begin: float, length: float, *, call: bool = False) -> None:
    """A bar on a line, from one share of it and as long as another, both in [0, 1]. call: in the colour of calls."""
    kind = "palate-call" if call else "palate-step"
    st.html(f'<div class="palate-line"><span class="{kind}" style="left:{begin:.2%};width:{length:.2%}"></span></div>')

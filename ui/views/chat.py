"""The conversation."""

from __future__ import annotations

from ui.chat_page import draw_chat

draw_chat()

"""What is believed about your taste, and putting it right."""

from __future__ import annotations

from ui.taste_page import draw_taste_page

draw_taste_page()

"""The chat page. Run by `palate ui`, or by `streamlit run ui/app.py` with the profile in PALATE_PROFILE."""

from __future__ import annotations

from ui.page import draw_page

draw_page()

"""The app in the browser. Run by `palate ui`, or by `streamlit run ui/app.py` with the profile in PALATE_PROFILE."""

from __future__ import annotations

from ui.frame import draw_app

draw_app()

"""Which models answer, what they can do, and how they compare."""

from __future__ import annotations

from ui.models_page import draw_models

draw_models()

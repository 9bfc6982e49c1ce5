"""What there is to recommend."""

from __future__ import annotations

from ui.catalogue_page import draw_catalogue

draw_catalogue()

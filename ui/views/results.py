"""What evaluations came to."""

from __future__ import annotations

from ui.results_page import draw_results

draw_results()

"""How each answer came about."""

from __future__ import annotations

from ui.trace_list import draw_traces

draw_traces()

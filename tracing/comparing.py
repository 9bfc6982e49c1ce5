"""Two traces side by side: a turn and its replay, or any two turns."""

from __future__ import annotations

from dataclasses import dataclass

from tracing.events import DecisionRow, ModelCall, Trace
from tracing.reading import cost_told


@dataclass(frozen=True)
class ComparedItem:
    """One candidate in both traces. places and p_yes: in the first and in the second; None where it has none there."""

    item_id: str
    places: tuple[int | None, int | None]
    p_yes: tuple[float | None, float | None]

    @property
    def difference(self) -> float | None:
        """p(yes) in the second less that in the first; None unless a model judged it in both."""
        before, after = self.p_yes
        return None if before is None or after is None else after - before


def compared_items(one: Trace, other: Trace) -> list[ComparedItem]:
    """Every candidate of either trace: the first's slate in its order, then the second's, then the rest by p(yes)."""
    first, second = ({row.item_id: row for row in trace.of(DecisionRow)} for trace in (one, other))
    found = [_item(item_id, first.get(item_id), second.get(item_id)) for item_id in {**first, **second}]
    last = len(found) + 1

    def order(item: ComparedItem) -> tuple[int, int, float]:
        before, after = item.places
        likely = max((p for p in item.p_yes if p is not None), default=0.0)
        return (before or last, after or last, -likely)

    return sorted(found, key=order)


def compared_figures(one: Trace, other: Trace) -> list[tuple[str, str, str]]:
    """What each took and came to, line by line: its name, of the first, of the second."""
    told = (_figures(one), _figures(other))
    return [(name, told[0][name], told[1][name]) for name in told[0]]


def _item(item_id: str, first: DecisionRow | None, second: DecisionRow | None) -> ComparedItem:
    rows = (first, second)
    places = tuple(row.place if row is not None else None for row in rows)
    likely = tuple(row.p_yes if row is not None else None for row in rows)
    return ComparedItem(item_id, (places[0], places[1]), (likely[0], likely[1]))


def _figures(trace: Trace) -> dict[str, str]:
    started, ended, calls = trace.started, trace.ended, list(trace.of(ModelCall))
    models = list(dict.fromkeys(call.model for call in calls if call.kind != "embed"))
    return {
        "profile": started.profile + (" (replay)" if started.replay_of else ""),
        "models": ", ".join(models) or "none",
        "time": "cut off" if ended is None else f"{ended.seconds:.2f} s, models {ended.model_seconds:.2f} s",
        "model calls": str(len(calls)),
        "tokens": f"{sum(call.input_tokens for call in calls):,} in, {sum(call.output_tokens for call in calls):,} out",
        "cost": cost_told(trace.cost_usd),
        "shown": str(len(ended.slate)) if ended is not None else "0",
        "went wrong": (ended.error if ended is not None else "the turn was cut off") or "nothing",
    }

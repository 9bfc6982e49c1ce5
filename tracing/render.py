"""A trace drawn for a terminal: when each step ran, what was asked, how the slate came about, how the taste changed."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tracing.events import ModelCall, Note, PreferenceChange, StepEnded, Trace
from tracing.reading import Span, cost_told, narrowing, parts_named, ranked, spans, time_told, whole_seconds

BAR = 28  # characters of the time line
_SIGNS = {"add": "+", "strengthen": "↑", "weaken": "↓", "retract": "−", "keep": "="}


def render(trace: Trace) -> RenderableType:
    """The whole trace, section by section; a section without anything to say is left out."""
    parts: list[RenderableType] = [_head(trace)]
    for title, body in (
        ("steps", _steps(trace)),
        ("model calls", _calls(trace)),
        ("funnel", _funnel(trace)),
        ("decisions", _decisions(trace)),
        ("taste", _taste(trace)),
        ("notes", _notes(trace)),
        ("reply", _reply(trace)),
    ):
        if body is not None:
            parts += [Rule(title, align="left", style="dim"), Padding(body, (0, 0, 0, 2))]
    return Group(*parts)


def plain_text(text: str) -> Text:
    """Text from people and models, without anything that could move the cursor or pose as markup."""
    kept = (
        c for c in text if c in "\n\t" or not (unicodedata.category(c) in ("Cc", "Cs") or "\u202a" <= c <= "\u202e")
    )
    return Text("".join(kept))


def _head(trace: Trace) -> RenderableType:
    started, ended = trace.started, trace.ended
    line = Text.assemble(
        ("trace ", "dim"), plain_text(started.trace_id), ("  user ", "dim"), plain_text(started.user_id),
        ("  thread ", "dim"), plain_text(started.thread_id), ("  profile ", "dim"), plain_text(started.profile),
        ("  catalogue ", "dim"), plain_text(started.catalogue), ("  ", ""), (f"{started.at:%Y-%m-%d %H:%M:%S}", "dim"),
    )  # fmt: skip
    lines = [line, Text.assemble(("> ", "bold cyan"), plain_text(started.message))]
    if ended is None:
        lines.append(Text("the turn was cut off", style="red"))
    else:
        lines.append(Text(f"{time_told(trace)}; cost {cost_told(trace.cost_usd)}", style="dim"))
        if ended.error:
            lines.append(plain_text(ended.error).copy())
            lines[-1].stylize("bold red")
    return Group(*lines)


def _steps(trace: Trace) -> RenderableType | None:
    """The waterfall: a line for each step and, below it, for each call it made."""
    drawn, whole = spans(trace), whole_seconds(trace)
    if not drawn:
        return None
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for span in drawn:
        event, call = span.event, isinstance(span.event, ModelCall)
        changed = ", ".join(event.state_changes) if isinstance(event, StepEnded) else ""
        table.add_row(
            plain_text(f"{'  ' if call else ''}{span.name}"),
            Text(_bar(span, whole), style="magenta" if call else "cyan"),
            Text(f"{span.seconds * 1000:,.0f} ms", style="dim"),
            _failed(event.error)
            if event.error
            else Text.assemble(("→ " if changed else "", "dim"), plain_text(changed)),
        )
    return table


def _bar(span: Span, whole: float) -> str:
    begin, length = span.bar(whole)
    first = min(BAR - 1, int(begin * BAR))
    return (" " * first + "━" * min(max(1, round(length * BAR)), BAR - first)).ljust(BAR)


def _failed(error: str) -> Text:
    text = plain_text(error)
    text.stylize("red")
    return text


def _calls(trace: Trace) -> RenderableType | None:
    calls = list(trace.of(ModelCall))
    if not calls:
        return None
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("role", "model", "prompt", "pictures", "in", "out", "cached", "cost", "retries", "answer"):
        table.add_column(
            column, justify="right" if column in ("pictures", "in", "out", "cached", "retries") else "left"
        )
    for call in calls:
        counts = (call.input_tokens, call.output_tokens, call.cached_tokens)
        table.add_row(
            call.role,
            plain_text(call.model),
            plain_text(call.prompt or call.kind),
            str(len(call.pictures)),
            *(f"{count:,}" for count in counts),
            cost_told(call.cost_usd),
            str(call.retries),
            _failed(call.error) if call.error else plain_text(_short(call.output)),
        )
    return table


def _short(text: str, limit: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _funnel(trace: Trace) -> RenderableType | None:
    steps = narrowing(trace)
    if not steps:
        return None
    line = Text(" → ").join(Text(f"{step.count:,}", style="bold") for step in steps)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for step in steps:
        dropped = f"−{step.dropped:,}" if step.dropped else ""
        table.add_row(plain_text(step.step), f"{step.count:,}", Text(dropped, style="dim"), plain_text(step.rule))
    return Group(line, table)


def _decisions(trace: Trace) -> RenderableType | None:
    rows = ranked(trace)
    if not rows:
        return None
    parts = parts_named(rows)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("place", "item", "p(yes)", "mass", "kind", *parts, "blend"):
        table.add_column(column, justify="left" if column in ("item", "kind") else "right")
    for row in rows:
        table.add_row(
            "" if row.place is None else str(row.place),
            plain_text(row.item_id),
            "" if row.p_yes is None else f"{row.p_yes:.3f}",
            "" if row.mass is None else f"{row.mass:.3f}",
            row.kind,
            *(f"{row.parts[name]:+.3f}" if name in row.parts else "" for name in parts),
            f"{row.blend:.3f}",
            style="" if row.place is not None else "dim",
        )
    return table


def _taste(trace: Trace) -> RenderableType | None:
    lines = [line for change in trace.of(PreferenceChange) for line in _change(change)]
    return Group(*lines) if lines else None


def _change(change: PreferenceChange) -> Iterator[Text]:
    yield Text(f"version {change.before_version} → {change.after_version}", style="bold")
    for edit in change.edits:
        yield Text.assemble(
            (f"{_SIGNS[edit.op]} ", "bold"),
            plain_text(f"{edit.polarity.replace('_', ' ')} {edit.aspect}: {edit.value}"),
            ("  " if edit.reason else "", ""),
            (plain_text(edit.reason).plain, "dim"),
        )
    if change.prose_before != change.prose_after:
        yield _difference(change.prose_before, change.prose_after)


def _difference(before: str, after: str) -> Text:
    """The new prose with what went struck out in red and what came in green."""
    old, new = plain_text(before).plain.split(), plain_text(after).plain.split()
    text = Text()
    for op, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if op in ("delete", "replace"):
            text.append(" ".join(old[old_from:old_to]) + " ", style="red strike")
        if op in ("insert", "replace"):
            text.append(" ".join(new[new_from:new_to]) + " ", style="green")
        if op == "equal":
            text.append(" ".join(new[new_from:new_to]) + " ")
    return text


def _notes(trace: Trace) -> RenderableType | None:
    notes = [Text.assemble((f"{note.what}  ", "yellow"), plain_text(note.detail)) for note in trace.of(Note)]
    return Group(*notes) if notes else None


def _reply(trace: Trace) -> RenderableType | None:
    return plain_text(trace.ended.reply) if trace.ended and trace.ended.reply else None

"""Tastes, their versions and what they rest on, drawn for a terminal."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from memory.taste_wording import HEADINGS, MAKERS, SIGNS, liking, maker, strengths
from palate.printable import printable, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from graphs.taste import Evidence, Explanation, Step
    from memory.preferences import Preference
    from memory.taste_history import ProsePiece, TasteDiff

_STYLES = {"added": "green", "stronger": "green", "weaker": "yellow", "retracted": "red", "turned": "magenta"}
_HISTORY_FIXED, _EVIDENCE_FIXED = 58, 60  # columns of the terminal that are not cut to fit


def taste_table(preference: Preference) -> RenderableType:
    """The taste as a person reads it."""
    from rich.console import Group
    from rich.text import Text

    if preference.version == 0:
        return Text(f"Nothing is known of {printable(preference.user_id)!r} yet. Talk to me: palate chat", style="dim")
    table = plain_table("", "aspect", "value", "strength", "evidence", "since")
    for fact in preference.holding:
        table.add_row(
            fact.polarity.replace("_", " "),
            Text(printable(fact.aspect)),
            Text(printable(fact.value) + (" (pinned)" if fact.pinned else "")),
            "▇" * max(1, round(fact.strength * 5)),
            f"{len(fact.evidence)} event{'s' if len(fact.evidence) != 1 else ''}",
            f"{fact.since:%Y-%m-%d}",
        )
    head = Text(f"{printable(preference.user_id)}, version {preference.version}", style="bold")
    out = [fact.fact_id for fact in preference.facts if fact.retracted and fact.pinned]
    kept_out = [Text(f"kept out by you: {printable(', '.join(out))}", style="dim")] if out else []
    return Group(head, Text(printable(preference.prose)), Text(), table, *kept_out)


def history_table(versions: list[Preference], limit: int, width: int) -> RenderableType:
    """The newest versions, a row each. versions: all, newest first. width: of the terminal."""
    from rich.text import Text

    from memory.preferences import Preference
    from memory.taste_history import diff

    older = [*versions[1:], Preference(user_id=versions[0].user_id)]
    table = plain_table("version", "at", "by", "events seen", "facts", "changed", "summary")
    for one, before in list(zip(versions, older, strict=True))[:limit]:
        kinds = Counter(change.kind for change in diff(before, one).changes)
        table.add_row(
            str(one.version),
            _when(one.updated_at),
            maker(one),
            f"to {one.watermark}" if one.watermark else "none",
            str(len(one.holding)),
            " ".join(f"{sign}{kinds[kind]}" for kind, sign in SIGNS.items() if kinds[kind] and kind != "noted"),
            Text(shortened(printable(one.prose), max(20, width - _HISTORY_FIXED))),
        )
    return table


def diff_view(difference: TasteDiff) -> RenderableType:
    """What changed between two versions: the facts by kind of change, then the summary word by word."""
    from rich.console import Group
    from rich.text import Text

    head = Text(f"version {difference.before} → {difference.after}", style="bold")
    table = plain_table("", "change", "", "fact", "strength")
    for change in difference.changes:
        fact = change.after or change.before
        if change.kind == "noted" or fact is None:
            continue
        table.add_row(
            Text(SIGNS[change.kind], style=_STYLES.get(change.kind, "")),
            HEADINGS.get(change.kind, change.kind),
            liking(change, fact),
            Text(f"{printable(fact.aspect)}: {printable(fact.value)}" + (" (pinned)" if fact.pinned else "")),
            strengths(change),
        )
    noted = len(difference.of("noted"))
    rest: list[RenderableType] = [table] if table.row_count else [Text("no fact changed", style="dim")]
    if noted:
        rest.append(Text(f"{noted} more changed in evidence, wording or out of use only", style="dim"))
    return Group(head, *rest, Text(), _prose(difference.prose))


def explanation_view(explanation: Explanation, width: int) -> RenderableType:
    """Why a fact is believed: what it is, how it came to be so, and what it rests on. width: of the terminal."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    fact = explanation.fact
    state = "no longer believed" if fact.retracted else f"strength {fact.strength:.2f}"
    told = f"{fact.polarity.replace('_', ' ')} {fact.aspect}: {fact.value}"
    head = Text.assemble(
        (printable(told), "bold"), f"  {state}{', pinned' if fact.pinned else ''}", (f"  {fact.fact_id}", "dim")
    )
    steps, events = (
        plain_table("version", "at", "by", "", "strength", "reason"),
        plain_table("event", "at", "what", "from"),
    )
    for step in explanation.steps:
        steps.add_row(*_step_row(step))
    room = max(24, (width - _EVIDENCE_FIXED) // 2)
    for one in explanation.evidence:
        events.add_row(str(one.event_id), _when(one.at), _what(one, room), _origin(one, room))
    parts = [table for table in (steps, events) if table.row_count]
    return Group(head, *(Padding(part, (0, 0, 0, 2)) for part in parts), Text())


def plain_table(*columns: str) -> Table:
    """A table without lines, its headings dim."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, no_wrap=column in ("version", "at", "event", "strength"))
    return table


def _when(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at is not None else ""


def _prose(pieces: tuple[ProsePiece, ...]) -> Text:
    """The summary with what went and what came: `[-foxes-]` and `{+whales+}`, in colour too where there is any."""
    from rich.text import Text

    text = Text()
    for piece in pieces:
        words = printable(piece.words)
        if piece.op == "same":
            text.append(f"{words} ")
        else:
            told = f"[-{words}-]" if piece.op == "removed" else f"{{+{words}+}}"
            text.append(f"{told} ", style="red" if piece.op == "removed" else "green")
    return text


def _step_row(step: Step) -> tuple[RenderableType, ...]:
    from rich.text import Text

    strength = f"{step.strength:.2f}" if step.strength is not None and step.kind != "retracted" else ""
    kind = HEADINGS.get(step.kind, step.kind)
    return str(step.version), _when(step.at), MAKERS[step.made_by], kind, strength, Text(printable(step.reason))


def _what(one: Evidence, room: int) -> Text:
    from rich.text import Text

    told = shortened(printable(one.what), room)
    return Text(told, style="dim" if one.origin == "gone" else "")


def _origin(one: Evidence, room: int) -> Text:
    """Where it came from: the thread with its message and trace, the import, or the user's own hand."""
    from rich.text import Text

    if one.trace_id:
        said = shortened(printable(one.said), max(12, room - 14))
        return Text.assemble(said, (f"  thread {printable(one.thread_id)}, trace {one.trace_id}", "dim"))
    return Text(printable(one.came_from), style="" if one.origin in ("edit", "import") else "dim")

"""`palate trace`: the record of turns."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palate.failures import Mistake
from palate.options import JsonOption, ProfileOption, SetOption, load
from palate.printable import printable, shortened

if TYPE_CHECKING:
    from memory.marks import Marks
    from tracing.events import Trace
    from tracing.storage import TraceStore

app = typer.Typer(help="The record of every turn.", no_args_is_help=True)

FIXED_WIDTH = 72  # of the columns that are not cut to fit
TraceId = Annotated[str | None, typer.Argument(help="A trace id, as a turn prints it. [default: the newest]")]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="At most that many, newest first.")] = 20,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Of this user alone.")] = None,
    thread: Annotated[str | None, typer.Option("--thread", help="Of this conversation alone.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only turns that went wrong.")] = False,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """List turns, newest first: when, who, what was said, and how it went."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    store, marks = _store(profile, settings)
    rows = store.list(limit=limit, user=user, thread=thread, errors_only=errors)
    rows = [row for row in rows if row.user_id not in marks]
    if as_json:
        for row in rows:
            typer.echo(row.model_dump_json())
        return
    if not rows:
        typer.echo("No turn is recorded yet. Talk to me: palate chat")
        return
    console = Console(highlight=False)
    room = max(16, (console.width - FIXED_WIDTH) // 2)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("trace", "at", "user", "message", "seconds", "slate", "went wrong"):
        table.add_column(column, no_wrap=column in ("trace", "at"))
    for row in rows:
        table.add_row(
            row.trace_id,
            f"{row.at:%m-%d %H:%M}",
            Text(shortened(printable(row.user_id), 16)),
            Text(shortened(printable(row.message), room)),
            f"{row.seconds:.1f}",
            str(row.slate),
            Text(shortened(printable(row.error or ""), room), style="red"),
        )
    console.print(table)


@app.command("show")
def show(trace_id: TraceId = None, profile: ProfileOption = None, settings: SetOption = None) -> None:
    """Draw one turn: its steps and model calls in time, the funnel, each decision, and how the taste changed."""
    from rich.console import Console

    from tracing.render import render

    Console(highlight=False).print(render(_trace(*_store(profile, settings), trace_id)))


class Format(StrEnum):
    """What an exported trace is written as."""

    JSON = "json"
    OTLP = "otlp"


@app.command("export")
def export(
    trace_id: TraceId = None,
    to: Annotated[Path | None, typer.Option("--to", help="The file to write. [default: the output]")] = None,
    as_: Annotated[Format, typer.Option("--format", help="Our own JSON, or OpenTelemetry's.")] = Format.JSON,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Send it as OTLP to this address instead, such as http://127.0.0.1:6006/v1/traces."),
    ] = None,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """Write one turn with every event in order, or send it to a collector of OpenTelemetry traces."""
    from tracing.export import to_json
    from tracing.otlp import ExportFailed, send, to_otlp_json

    trace = _trace(*_store(profile, settings), trace_id)
    if endpoint is not None:
        try:
            send(trace, endpoint)
        except ExportFailed as error:
            raise Mistake(f"{error.url} took no trace: {error.why}", "write the address of a collector") from error
        typer.echo(f"sent to {endpoint}", err=True)
        return
    text = to_otlp_json(trace) if as_ is Format.OTLP else to_json(trace)
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text + "\n", encoding="utf-8")
        typer.echo(f"written to {to}", err=True)


@app.command("prune")
def prune(
    days: Annotated[float | None, typer.Option(min=0, help="Erase what is older than that many days.")] = None,
    mb: Annotated[float | None, typer.Option(min=0, help="Erase the oldest until the rest weighs no more.")] = None,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """Erase old traces, by age, by size or both; what was learned from those turns stays."""
    from datetime import UTC, datetime, timedelta

    if days is None and mb is None:
        raise Mistake("nothing says which traces are old", "write --days 30, --mb 500, or both")
    store, _ = _store(profile, settings)
    before = datetime.now(UTC) - timedelta(days=days) if days is not None else None
    erased = store.prune(before=before, max_bytes=int(mb * 1e6) if mb is not None else None)
    typer.echo(f"{erased:,} trace{'s' if erased != 1 else ''} erased")


def _store(profile: str | None, settings: list[str] | None) -> tuple[TraceStore, Marks]:
    """The record of the profile's home, and who is being forgotten.

    It needs no model and no lock: a conversation may go on beside it.
    """
    from memory.database import open_engine
    from memory.marks import Marks
    from tracing.storage import TraceStore

    stores = load(profile, settings, keys_required=False).profile.stores
    return TraceStore(open_engine(stores.database_url)), Marks(stores.marks)


def _trace(store: TraceStore, marks: Marks, trace_id: str | None) -> Trace:
    newest = store.list(limit=1)
    wanted = trace_id or (newest[0].trace_id if newest else None)
    if wanted is None:
        raise Mistake("no turn is recorded yet", "talk first: palate chat")
    try:
        trace = store.get(wanted)
    except KeyError as error:
        raise Mistake(f"there is no trace {wanted!r}", "write one that `palate trace list` shows") from error
    marks.refuse(trace.started.user_id)
    return trace

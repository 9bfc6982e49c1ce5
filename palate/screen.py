"""Drawing a turn in a terminal while it runs, or as one line of JSON when it is done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from palate.lines import turn_line
from palate.printable import printable, shortened

if TYPE_CHECKING:
    from rich.status import Status

    from agents.events import TurnEvent, TurnResult
    from agents.state import SlateItem
    from catalog.items import Catalogue, Item
    from memory.preferences import Preference

STEPS = {
    "understand": "reading your message",
    "summarize_items": "looking at the picture",
    "update_preference": "rewriting what I know of your taste",
    "recommend": "choosing",
    "respond": "writing",
}


class Screen(Protocol):
    """Where the events of a turn are shown."""

    def begin(self, message: str, picture: str = "") -> None:
        """A message was not typed here: show it."""
        ...

    def show(self, event: TurnEvent) -> None:
        """Show the next event of the turn."""
        ...

    def stop(self) -> None:
        """The turn was broken off; leave the screen in order."""
        ...


class JsonScreen:
    """One line of JSON per turn on the output stream, and nothing else there."""

    def begin(self, message: str, picture: str = "") -> None:
        """Nothing: the caller knows what it sent."""

    def show(self, event: TurnEvent) -> None:
        """Print the result when it comes."""
        from agents.events import TurnDone

        if isinstance(event, TurnDone):
            sys.stdout.write(turn_line(event.result) + "\n")
            sys.stdout.flush()

    def stop(self) -> None:
        """Nothing: a turn that was broken off has no line."""


class TerminalScreen:
    """The reply as it is written, then the slate, the funnel and what changed in the taste."""

    def __init__(self, console: Console, catalogue: Catalogue) -> None:
        self._console, self._catalogue = console, catalogue
        self._status: Status | None = None
        self._writing = False
        self._version: int | None = None

    def begin(self, message: str, picture: str = "") -> None:
        """The person's message, and the name of a picture that goes with it."""
        self._console.print(Text.assemble(("you › ", "bold cyan"), printable(message)))
        if picture:
            self._console.print(Text(f"      with {printable(picture)}", style="dim"))

    def show(self, event: TurnEvent) -> None:
        """Draw one event."""
        from agents.events import Progress, TextDelta, TextRestart, TurnDone

        match event:
            case Progress():
                self._say_step(event.step, event.detail)
            case TextDelta():
                self._write(event.text)
            case TextRestart():
                self.stop()
                self._console.print(Text(f"  begun anew: {printable(event.reason)}", style="dim yellow"))
            case TurnDone():
                self._finish(event.result)

    def stop(self) -> None:
        """End the line under way and the spinner."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._writing:
            self._console.print()
            self._writing = False

    def _say_step(self, step: str, detail: str) -> None:
        if self._writing or not self._console.is_terminal:
            return
        text = Text(printable(detail) or STEPS.get(step, step), style="dim")
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _write(self, text: str) -> None:
        if not self._writing:
            self.stop()
            self._console.print(Text("palate › ", style="bold magenta"), end="")
            self._writing = True
        self._console.print(Text(printable(text)), end="", soft_wrap=True)

    def _finish(self, result: TurnResult) -> None:
        if not self._writing and result.reply:
            self._write(result.reply)
        self.stop()
        if result.slate:
            self._console.print(slate_table(result.slate, self._catalogue))
        if result.funnel:
            self._console.print(Text(f"  {funnel_line(result)}", style="dim"))
        self._console.print(*taste_lines(result.preference, self._version), sep="\n", end="")
        self._version = result.preference.version
        if result.error:
            self._console.print(Text(f"  went wrong: {printable(result.error)}", style="yellow"))
        told = f"  {result.seconds:.1f} s, {result.model_seconds:.1f} s of it models · trace {result.trace_id}"
        self._console.print(Text(told, style="dim"))
        self._console.print()


def slate_table(slate: tuple[SlateItem, ...], catalogue: Catalogue) -> Table:
    """The slate, a row each: its number, title and attributes, p(yes) with a bar, and the reason with its evidence."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(justify="right", style="bold")
    table.add_column(ratio=2, min_width=20)
    table.add_column(no_wrap=True)
    table.add_column(ratio=3, min_width=24)
    for number, card in enumerate(slate, 1):
        item = catalogue.get(card.item_id)
        name = Text.assemble((printable(card.title), "bold"), "\n", (attribute_line(catalogue, item), "dim"))
        reason = Text(printable(card.reason))
        for citation in card.citations:
            if citation.text.rstrip(".").casefold() not in card.reason.casefold():  # what the reason quotes is there
                reason.append(f"\n{citation.kind}: {shortened(printable(citation.text))}", style="dim italic")
        table.add_row(f"  {number}", name, p_text(card), reason)
    return table


def p_text(card: SlateItem) -> Text:
    """`0.83 ▇▇▇▇▇▇▇▇··` and the kind of evidence; a dash where no model could decide."""
    if card.p is None:
        return Text("–", style="dim")
    full = round(card.p * 10)
    return Text.assemble(f"{card.p:.2f} ", ("▇" * full, "green"), ("·" * (10 - full), "dim"), "\n", (card.kind, "dim"))


def attribute_line(catalogue: Catalogue, item: Item | None) -> str:
    """The first attributes of an item with their units: `45 EUR · 30 cm · 1987`."""
    if item is None:
        return ""
    told = []
    for spec in catalogue.schema[:4]:
        value = item.attributes.get(spec.name)
        if value is None:
            continue
        words = (
            ", ".join(value[:3]) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else value
        )
        unit = spec.unit if spec.unit != "year" else ""
        told.append(f"{words} {unit}".strip())
    return printable(" · ".join(told))


def funnel_line(result: TurnResult) -> str:
    """`600 → 200 → 20 → 4`, with the names of the steps."""
    return " → ".join(f"{step.step} {step.count:,}" for step in result.funnel)


def taste_lines(preference: Preference, before: int | None) -> list[Text]:
    """What changed since the version shown before, an edit a line; nothing when nothing did."""
    if before == preference.version or preference.version == 0:
        return []
    lines = [Text(f"  your taste, version {preference.version}: {printable(preference.prose)}\n", style="yellow")]
    signs = {"add": "+", "strengthen": "↑", "weaken": "↓", "retract": "−"}
    for edit in preference.edits if before is not None else ():
        if edit.op in signs:
            told = f"    {signs[edit.op]} {edit.polarity.replace('_', ' ')} {edit.aspect}: {edit.value}"
            lines.append(
                Text(printable(f"{told}  ({edit.reason})\n" if edit.reason else f"{told}\n"), style="dim yellow")
            )
    return lines

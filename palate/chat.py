"""`palate chat`: a conversation, from a terminal or a pipe."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palate.failures import FAILED, Mistake, exit_code, tell
from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, UserOption, load

if TYPE_CHECKING:
    from agents.events import TurnEvent, TurnResult
    from palate.talking import Talk

HELP = """\
/like 2, /dislike 1     say it of an item of the last slate, by its number
/picture PATH [WORDS]   send a picture, with words if you like
/taste                  what I believe you like
/new                    begin another conversation; your taste stays
/quit                   leave (or Ctrl-D)"""


def chat(
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    thread: Annotated[str | None, typer.Option("--thread", help="Go on with a conversation, by its id.")] = None,
    json_lines: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Talk about what you like, and get recommendations with their reasons.

    A line is a message.
    Reads a terminal or a pipe. `/help` lists what else a line can be.
    """
    from rich.console import Console

    from palate.screen import JsonScreen, Screen, TerminalScreen
    from palate.talking import Talk, open_session

    loaded = load(profile, settings)
    session = open_session(loaded, catalogue)
    console = Console(stderr=json_lines, highlight=False)
    screen: Screen = JsonScreen() if json_lines else TerminalScreen(console, session.catalogue)
    with Talk(session, screen) as talk:
        conversation = Conversation(talk, user, thread)
        if sys.stdin.isatty():
            console.print(f"[dim]{loaded.profile.name} · {session.catalogue.name}, {len(session.catalogue):,} items")
            console.print("[dim]Say what you are looking for. /help lists the rest.\n")
            conversation.hold_at_terminal()
        else:
            for line in sys.stdin:
                if line.strip():
                    screen.begin(line.strip())
                    conversation.answer(line.strip())
        failures = talk.failures
    if failures:
        raise typer.Exit(FAILED)


@dataclass
class Conversation:
    """One user's thread: reads lines, and remembers the last slate so that a number names an item."""

    talk: Talk
    user_id: str
    thread_id: str | None = None
    last: TurnResult | None = None

    def hold_at_terminal(self) -> None:
        """Read lines until the end. Ctrl-C in a turn stops that turn; at the prompt it leaves."""
        import readline  # noqa: F401  (arrow keys and history at the prompt)

        while True:
            try:
                line = input("you › ").strip()
            except EOFError:
                print()
                return
            if line in ("/quit", "/exit"):
                return
            if not line:
                continue
            try:
                self.answer(line)
            except KeyboardInterrupt:
                print("stopped; your taste and this conversation are as they were\n")
            except Exception as error:
                if exit_code(error) is None:
                    raise
                tell(error)

    def answer(self, line: str) -> None:
        """Do what one line says. Raises Mistake for one that cannot be done."""
        word, _, rest = line.partition(" ")
        match word:
            case "/help":
                print(HELP)
            case "/new":
                self.thread_id = self.last = None
            case "/taste":
                self._show_taste()
            case "/like" | "/dislike":
                self._run(
                    self.talk.session.give_feedback(
                        self.user_id, self._numbered(rest), word[1:], thread_id=self.thread_id
                    )
                )
            case "/picture":
                path, _, message = rest.strip().partition(" ")
                picture = Path(path).expanduser().read_bytes()
                self._run(self.talk.session.ask(self.user_id, message, picture=picture, thread_id=self.thread_id))
            case _ if word.startswith("/"):
                raise Mistake(f"there is no {word}", "write /help for what there is, or a message without the slash")
            case _:
                self._run(self.talk.session.ask(self.user_id, line, thread_id=self.thread_id))

    def _run(self, events: AsyncIterator[TurnEvent]) -> None:
        result = self.talk.turn(events)
        if result is not None:
            self.thread_id = result.thread_id
            self.last = result if result.slate or self.last is None else self.last

    def _numbered(self, said: str) -> str:
        slate = self.last.slate if self.last else ()
        number = int(said) if said.strip().isdigit() else 0
        if not 1 <= number <= len(slate):
            known = f"1 to {len(slate)}" if slate else "none yet; ask for something first"
            raise Mistake(f"there is no item number {said.strip() or '…'}", f"numbers of the last slate: {known}")
        return slate[number - 1].item_id

    def _show_taste(self) -> None:
        from rich.console import Console

        from palate.taste_tables import taste_table

        Console(highlight=False).print(taste_table(self.talk.session.taste(self.user_id)))

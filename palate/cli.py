"""The command `palate`. Each command imports what it needs when it runs, so that `palate --help` is instant."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graphs.garbage import collect_seldom
from palate import (
    blend,
    chat,
    demo,
    doctor,
    evaluate,
    fold,
    importing,
    model,
    ranking,
    summarize,
    taste,
    trace,
    train,
    ui,
)
from palate.failures import exit_code, tell

app = typer.Typer(
    name="palate",
    help="A recommender you talk to: it looks at pictures, keeps a readable memory of your taste, and shows its work.",
    epilog="Start with: palate demo. Exit codes: 0 well, 1 a model or a turn failed, 2 something to put right.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("chat")(chat.chat)
app.command("import")(importing.import_)
app.command("summarize")(summarize.summarize)
app.command("fold")(fold.fold)
app.command("rank")(ranking.rank)
app.add_typer(evaluate.app, name="evaluate")
app.command("train")(train.train)
app.add_typer(blend.app, name="blend")
app.add_typer(model.app, name="model")
app.add_typer(taste.app, name="taste")
app.add_typer(trace.app, name="trace")
app.command("doctor")(doctor.doctor)
app.command("ui")(ui.ui)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"palate {version('palate')}")
        except PackageNotFoundError:
            typer.echo("palate, not installed")
        raise typer.Exit


@app.callback()
def _all_commands(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command and leave with its exit code; a failure that explains itself is printed without a stack trace."""
    collect_seldom()
    try:
        app(prog_name="palate")
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone
        sys.exit(0)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        tell(error)
        sys.exit(code)


if __name__ == "__main__":
    main()

"""What a failure says to the person, and the exit code it gives: 1 a model or turn failed, 2 a mistake to put right."""

from __future__ import annotations

import errno
import sys

FAILED = 1
MISTAKE = 2
STOPPED = 130


class Mistake(Exception):
    """Something a person asked for that cannot be. what: what is wrong. remedy: what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


def exit_code(error: BaseException) -> int | None:
    """The exit code for an error that explains itself, or None for one of ours that deserves its stack trace."""
    if isinstance(error, Mistake):
        return MISTAKE
    if isinstance(error, OSError):
        return FAILED if error.errno in (errno.ENOSPC, errno.EIO, errno.EDQUOT) else MISTAKE
    known = {kind.__name__ for kind in type(error).__mro__}
    mistakes = {"ProfileError", "PictureError", "ImportFailed", "UnknownCatalogue", "StoreError", "UnknownUser"}
    if known & {*mistakes, "BlendUnusable"}:
        return FAILED if known & {"StoreFailed", "EmbedderFailed"} else MISTAKE
    return FAILED if "ModelError" in known else None


def explain(error: BaseException) -> str:
    """The error in one sentence that says what to do."""
    if isinstance(error, OSError) and error.errno is not None:
        where = f" {error.filename}" if error.filename else ""
        remedies = {
            errno.ENOSPC: "free some space and run the same again; nothing half-written is kept",
            errno.EACCES: "allow writing there, or set PALATE_HOME to a folder of yours",
            errno.EROFS: "set PALATE_HOME to a folder that can be written",
            errno.ENOENT: "check the path",
        }
        return f"{error.strerror}{where}; {remedies.get(error.errno, 'check the path and its rights')}"
    return str(error)


def tell(error: BaseException) -> None:
    """Print the error to the error stream, in red where that is a terminal."""
    from rich.console import Console
    from rich.text import Text

    from palate.printable import printable

    console = Console(file=sys.stderr, soft_wrap=True)
    console.print(Text.assemble(("palate: ", "bold red"), printable(explain(error))))

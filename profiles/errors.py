"""What is wrong with a profile, and the line that puts it right."""

from __future__ import annotations


class ProfileError(ValueError):
    """A profile, a `PALATE_…` variable or a `--set` cannot be used: a mistake of the person who wrote it.

    what: what is wrong and where. remedy: what to write instead.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"

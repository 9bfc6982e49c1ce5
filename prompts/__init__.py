"""Every word sent to a model, one file each: front matter, then the text, rendered strictly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template, meta

_FOLDER = Path(__file__).parent
_ENVIRONMENT = Environment(undefined=StrictUndefined, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True)


class PromptError(ValueError):
    """A prompt file is malformed, or was given other inputs than it declares."""


@dataclass(frozen=True)
class Prompt:
    """One prompt as it stands in its file.

    version: raised whenever the wording could change an answer; the trace and the evaluation record it.
    """

    name: str
    purpose: str
    inputs: frozenset[str]
    output: str
    version: int
    text: str

    def variables(self) -> frozenset[str]:
        """The names the text uses."""
        return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(self.text)))

    def render(self, **values: Any) -> str:
        """The text with every input filled in. Raises PromptError for a missing or an unused value."""
        if missing := self.inputs - values.keys():
            raise PromptError(f"prompt {self.name!r} needs {', '.join(sorted(missing))}")
        if unused := values.keys() - self.inputs:
            raise PromptError(f"prompt {self.name!r} does not use {', '.join(sorted(unused))}")
        return _compiled(self.text).render(values).strip()

    @property
    def label(self) -> str:
        """Name and version as traces and manifests write it, `item_summarizer@1`."""
        return f"{self.name}@{self.version}"


@cache
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def names() -> tuple[str, ...]:
    """The names of all prompts, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.md")))


@cache
def load(name: str) -> Prompt:
    """The prompt of that name. Raises PromptError when there is none or its front matter is incomplete."""
    path = _FOLDER / f"{name}.md"
    if not path.is_file():
        raise PromptError(f"there is no prompt {name!r}; there are {', '.join(names())}")
    _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
    about = yaml.safe_load(front)
    try:
        return Prompt(
            name=name,
            purpose=str(about["purpose"]),
            inputs=frozenset(about["inputs"]),
            output=str(about["output"]),
            version=int(about["version"]),
            text=text.strip(),
        )
    except (KeyError, TypeError) as error:
        raise PromptError(f"prompt {name!r} lacks {error} in its front matter") from error

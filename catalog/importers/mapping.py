"""`palate.yaml`: what the columns of a folder mean."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from catalog.importers.report import ImportFailed
from catalog.items import AttributeKind
from memory.interactions import InteractionKind

FILE_NAME: Final = "palate.yaml"
_LARGEST: Final = 1 << 20


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class AttributeMapping(BaseModel):
    """One attribute. column: where its values stand, by default the column of its own name. separator: between the
    words of a list. format: a `strptime` pattern for dates that are not written year first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: AttributeKind
    column: str = ""
    label: str = ""
    unit: str = ""
    aliases: Words = ()
    separator: str = ""
    format: str = ""


class InteractionsMapping(BaseModel):
    """The file of interactions. rating with scale, or kind with kinds, or every_row says what a row means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = ""
    user: str = ""
    item: str = ""
    rating: str = ""
    scale: float = Field(default=0, ge=0, description="the best rating possible; 0: guess it")
    kind: str = ""
    kinds: dict[str, InteractionKind] = Field(default_factory=dict)
    every_row: InteractionKind | None = None
    timestamp: str = ""


def _with_kind(value: object) -> object:
    """`price: number` is short for `price: {kind: number}`."""
    if isinstance(value, dict):
        return {name: {"kind": spec} if isinstance(spec, str) else spec for name, spec in value.items()}
    return value


class FolderMapping(BaseModel):
    """All of `palate.yaml`. What is left out is guessed from the names and values of the columns.

    attributes: when given, exactly these are taken. text: `[]` takes none. picture: `""` finds files by item id alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: str = ""
    encoding: str = ""
    id: str = ""
    title: str = ""
    text: Words | None = None
    picture: str | None = None
    attributes: Annotated[dict[str, AttributeMapping] | None, BeforeValidator(_with_kind)] = None
    interactions: InteractionsMapping | None = None


def load_mapping(folder: Path) -> FolderMapping:
    """The folder's `palate.yaml`; one that is absent maps nothing. Raises ImportFailed naming the line to write."""
    path = folder / FILE_NAME
    if not path.is_file():
        return FolderMapping()
    import yaml

    try:
        if path.stat().st_size > _LARGEST:
            raise ImportFailed(f"{FILE_NAME} is larger than 1 MiB", "keep only the mapping in it")
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeError, OSError, RecursionError) as error:
        raise ImportFailed(f"{FILE_NAME} cannot be read ({error})", "correct that line") from error
    if content is None:
        return FolderMapping()
    if not isinstance(content, dict):
        raise ImportFailed(f"{FILE_NAME} holds no `key: value` lines", "begin with `title: <column>`")
    try:
        return FolderMapping.model_validate(content)
    except ValidationError as error:
        raise ImportFailed(*_explained(error)) from error


def _explained(error: ValidationError) -> tuple[str, str]:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
    if first["type"] == "extra_forbidden":
        known: type[BaseModel] = FolderMapping
        if first["loc"][0] == "interactions":
            known = InteractionsMapping
        elif first["loc"][0] == "attributes":
            known = AttributeMapping
        return f"{FILE_NAME} has the unknown key `{where}`", f"write one of: {', '.join(known.model_fields)}"
    if first["type"] == "missing":
        return f"{FILE_NAME} lacks `{where}`", f"write `{first['loc'][-1]}:` with its value"
    return f"{FILE_NAME}: `{where}` is {reprlib.repr(first['input'])}", f"{first['msg'][0].lower()}{first['msg'][1:]}"

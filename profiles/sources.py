"""Where settings come from: a file, `PALATE_…` variables and `--set`, each as nested values with their origins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from profiles.errors import ProfileError
from profiles.schema import Profile, nearest

Nested = dict[str, Any]
OWN_VARIABLES = ("PALATE_HOME", "PALATE_PROFILE", "PALATE_DATA")  # not `PALATE_<SECTION>__<KEY>`
_SETTING = re.compile(r"[\w-]+(\.[\w-]+)*")


class _Settings(Profile, BaseSettings):
    """The shape that the reader of the environment needs; never made: a profile is checked once, after merging."""

    model_config = SettingsConfigDict(
        env_prefix="PALATE_", env_nested_delimiter="__", env_parse_none_str="null", frozen=True, extra="forbid"
    )


class _Environment(EnvSettingsSource):
    """Reads the variables it is given in place of those of the process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in environ.items()}
        super().__init__(_Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: None if value == self.env_parse_none_str else value for name, value in self._given.items()}


def from_file(path: Path) -> tuple[Nested, dict[str, str]]:
    """Read a profile file: its values, and for each dotted key the `file:line` it stands on.

    Raises ProfileError where the file is no mapping, is not YAML, or names a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise ProfileError(f"{path}{line} is not YAML: {what}", "write `key: value`, indented by spaces") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    if not isinstance(values, dict):
        raise ProfileError(f"{path} holds no settings", "start from a copy of profiles/demo.yaml")
    lines: dict[str, str] = {}
    _note_lines(node, "", path, lines)
    return values, lines


def _note_lines(node: yaml.Node | None, prefix: str, path: Path, lines: dict[str, str]) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        dotted = f"{prefix}{key.value}"
        here = f"{path}:{key.start_mark.line + 1}"
        if dotted in lines:
            raise ProfileError(f"{here} names `{dotted}` again", f"keep one of it and {lines[dotted]}")
        lines[dotted] = here
        _note_lines(value, f"{dotted}.", path, lines)


def from_environment(environ: Mapping[str, str]) -> tuple[Nested, dict[str, str]]:
    """Read `PALATE_<SECTION>__<KEY>` and `PALATE_HOME`. Raises ProfileError for a name that is no setting."""
    ours = {name: value for name, value in environ.items() if name.startswith("PALATE_") and name not in OWN_VARIABLES}
    for name in ours:
        _refuse_unknown_variable(name)
    try:
        values: Nested = _Environment(ours)()
    except SettingsError as error:
        cause = f": {error.__cause__}" if error.__cause__ else ""
        raise ProfileError(f"{error}{cause}", 'write a list as JSON, such as ["graded"]') from error
    origins: dict[str, str] = {}
    for name in ours:
        dotted = name.removeprefix("PALATE_").lower().replace("__", ".")
        origins |= dict.fromkeys(_keys_from(dotted, values), f"environment {name}")
    if home := environ.get("PALATE_HOME"):
        values = merged(values, {"stores": {"home": home}})
        origins["stores.home"] = "environment PALATE_HOME"
    return values, origins


def _refuse_unknown_variable(name: str) -> None:
    section = name.removeprefix("PALATE_").lower().split("__")[0]
    if section in Profile.model_fields:
        return
    better = nearest(section, list(Profile.model_fields))
    if better or "__" in name:
        right = name.replace(section.upper(), (better or "recommend").upper(), 1)
        raise ProfileError(f"the environment variable {name} is no setting of ours", f"write {right}=… or unset it")


def from_overrides(overrides: Mapping[str, Any]) -> tuple[Nested, dict[str, str]]:
    """Nest `{"recommend.slate": 3}` and note `--set recommend.slate` as the origin."""
    values: Nested = {}
    for dotted, value in overrides.items():
        nested: Any = value
        for part in reversed(dotted.split(".")):
            nested = {part: nested}
        values = merged(values, nested)
    origins: dict[str, str] = {}
    for dotted in overrides:
        origins |= dict.fromkeys(_keys_from(dotted, values), f"command line --set {dotted}")
    return values, origins


def _keys_from(dotted: str, values: Nested) -> Iterator[str]:
    """That key, and every key below it."""
    inner: Any = values
    for part in dotted.split("."):
        inner = inner.get(part) if isinstance(inner, dict) else None
    yield dotted
    if isinstance(inner, dict):
        for key in inner:
            yield from _keys_from(f"{dotted}.{key}", values)


def parse_settings(assignments: Iterable[str]) -> dict[str, Any]:
    """Read `section.key=value` as `--set` takes it; the value is YAML, so `null`, numbers and lists work.

    Raises ProfileError for one that is not of that form.
    """
    overrides: dict[str, Any] = {}
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        key = key.strip()
        if not sign or not _SETTING.fullmatch(key):
            raise ProfileError(f"--set {assignment} is no setting", "write --set section.key=value")
        try:
            overrides[key] = yaml.safe_load(text) if text.strip() else None
        except yaml.YAMLError as error:
            raise ProfileError(f"--set {assignment} has a value that is not YAML", "put it in quotes") from error
    return overrides


def merged(below: Nested, above: Nested) -> Nested:
    """Both, key by key and level by level; `above` wins."""
    result = dict(below)
    for key, value in above.items():
        have = result.get(key)
        result[key] = merged(have, value) if isinstance(have, dict) and isinstance(value, dict) else value
    return result

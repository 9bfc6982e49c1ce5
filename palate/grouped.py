"""Options of a command in groups: a dataclass of options is one parameter of the function, and a panel of its help."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_args, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer is to see it: each parameter that is a dataclass gives way to the fields of that class.

    A field is declared as typer declares a parameter: annotated with its option, with a default. It stands in the panel
    that the class names in `panel`, if it names one. Two groups may not share the name of a field.
    """
    hints = get_type_hints(command, include_extras=True)
    own, groups = list[inspect.Parameter](), dict[str, Any]()
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(kind := hints[name]):
            groups[name] = kind
            own += [_parameter(kind, field.name, field.default) for field in fields(kind)]
        else:
            own.append(parameter.replace(annotation=hints[name]))

    @wraps(command)
    def flat(**given: Any) -> None:
        made = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **made)

    keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    flat.__dict__["__signature__"] = inspect.Signature(keywords)
    flat.__annotations__ = {one.name: one.annotation for one in own}
    return flat


def _parameter(group: Any, name: str, default: object) -> inspect.Parameter:
    hint = get_type_hints(group, include_extras=True)[name]
    option = get_args(hint)[1]
    option.rich_help_panel = getattr(group, "panel", None)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)

"""A command's options, made from the dataclass that holds its settings.

Each field is an option; what it means stands in the field's metadata (:func:`setting`). A TOML file
given with ``--config`` comes first, options on the command line change what it says.
"""

from __future__ import annotations

import argparse
import dataclasses
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from engine.settings import from_mapping, read_settings, write_settings

__all__ = ["add_options", "chosen_settings", "setting"]

S = TypeVar("S")


def setting(default: Any = dataclasses.MISSING, *, help: str, metavar: str = "") -> Any:  # noqa: A002
    """A field of a settings dataclass, with its line of help; without a default it must be said."""
    return dataclasses.field(default=default, metadata={"help": help, "metavar": metavar})


def add_options(parser: argparse.ArgumentParser, kind: type) -> None:
    """Adds ``--config``, ``--save-config`` and an option for each field of ``kind``.

    Fields whose type is no text, number, path, truth value or tuple of these are left to the file.
    """
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings in TOML; options go before them"
    )
    parser.add_argument(
        "--save-config", type=Path, metavar="FILE", help="write the settings that are used as TOML"
    )
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        how = _how(hints[field.name])
        if how is None:
            continue
        if field.metadata.get("metavar"):
            how["metavar"] = field.metadata["metavar"]
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            dest=f"setting_{field.name}",
            default=argparse.SUPPRESS,
            help=_help(field),
            **how,
        )


def chosen_settings(arguments: argparse.Namespace, kind: type[S]) -> S:
    """The settings that the options and the file of ``--config`` say; writes ``--save-config``.

    Raises :class:`engine.protocol.EngineError` where one is missing or does not fit.
    """
    said = {
        name.removeprefix("setting_"): value
        for name, value in vars(arguments).items()
        if name.startswith("setting_")
    }
    if arguments.config is not None:
        settings = read_settings(kind, arguments.config, said)
    else:
        settings = from_mapping(kind, said, where="options")
    if arguments.save_config is not None:
        write_settings(settings, arguments.save_config)
    return settings


def _how(hint: Any) -> dict[str, Any] | None:
    """argparse's words for a type; None for one that has no option."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        inner = [one for one in typing.get_args(hint) if one is not type(None)]
        return _how(inner[0]) if len(inner) == 1 else None
    if typing.get_origin(hint) is typing.Literal:
        return {"choices": typing.get_args(hint)}
    if typing.get_origin(hint) is tuple:
        one = _how(typing.get_args(hint)[0])
        return {**one, "nargs": "*"} if one is not None and "type" in one else None
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    return {"type": hint} if hint in (str, int, float, Path) else None


def _help(field: dataclasses.Field[Any]) -> str:
    text: str = field.metadata.get("help", "").replace("%", "%%")
    if field.default in (dataclasses.MISSING, None, "", ()):
        return text
    default = field.default
    shown = ("yes" if default else "no") if isinstance(default, bool) else default
    return f"{text} (default: {shown})"

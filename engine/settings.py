"""A command's settings: a dataclass, read from TOML, changed by options and written back."""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cannot_write", "from_mapping", "read_settings", "to_mapping", "write_settings"]

S = TypeVar("S")


def read_settings(kind: type[S], path: Path, changes: Mapping[str, Any] | None = None) -> S:
    """The settings in a TOML file, ``changes`` put over them.

    Raises an :class:`EngineError` that names the file and each value that does not fit.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EngineError(f"{path} is not TOML: {error}.") from error
    return from_mapping(kind, {**values, **(changes or {})}, where=str(path))


def from_mapping(kind: type[S], values: Mapping[str, Any], *, where: str = "settings") -> S:
    """The dataclass with these values; what is not named keeps its default."""
    import cattrs

    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    for scalar in (bool, int, str):
        converter.register_structure_hook(scalar, _exactly)
    converter.register_structure_hook(float, _number)
    try:
        return converter.structure(dict(values), kind)
    except Exception as error:
        wrong = "; ".join(cattrs.transform_error(error, path="settings"))
        raise EngineError(f"{where}: {wrong}.") from error


def to_mapping(settings: Any) -> dict[str, Any]:
    """What :func:`from_mapping` reads; what is None is left out, for TOML has no such value."""
    found = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def write_settings(settings: Any, path: Path) -> None:
    """Writes the dataclass as TOML; raises :class:`EngineError` where that cannot be."""
    import tomli_w

    try:
        path.write_text(tomli_w.dumps(to_mapping(settings)), encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> EngineError:
    """What a person is told where ``path`` could not be written."""
    return EngineError(
        f"{path} cannot be written: {error.strerror or error}.",
        remedy="Make room, or name another place.",
        kind=ErrorKind.ENVIRONMENT,
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return to_mapping(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _exactly(value: Any, kind: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, not {value!r}")
    return value


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, not {value!r}")
    return float(value)

"""Commands: their names, their arguments as dataclasses, and how a handler is registered."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams

from engine.protocol import EngineError
from engine.wire import MalformedError, from_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dsp_lsp.server import Server

__all__ = [
    "EXTEND",
    "INSERT",
    "INSERT_SUGGESTION",
    "JOBS",
    "PROVE",
    "PROVE_ALL",
    "RESTART_ENGINE",
    "STOP",
    "SUGGEST",
    "TREE",
    "ExtendParams",
    "Nothing",
    "Place",
    "ProveAllParams",
    "ProveParams",
    "Range",
    "StopParams",
    "SuggestionParams",
    "TreeParams",
    "command",
    "refused",
]

logger = logging.getLogger(__name__)

PROVE = "dsp.prove"
PROVE_ALL = "dsp.proveAll"
SUGGEST = "dsp.suggest"
STOP = "dsp.stop"
EXTEND = "dsp.extend"
INSERT = "dsp.insert"
INSERT_SUGGESTION = "dsp.insertSuggestion"
TREE = "dsp.tree"
JOBS = "dsp.jobs"
RESTART_ENGINE = "dsp.restartEngine"


@dataclass(frozen=True)
class Place:
    """A position, in the editor's units."""

    line: int
    character: int


@dataclass(frozen=True)
class Range:
    """Two positions."""

    start: Place
    end: Place


@dataclass(frozen=True)
class ProveParams:
    """Of ``dsp.prove`` and ``dsp.suggest``; ``site`` is the key of a site that may have moved."""

    uri: str
    position: Place
    site: str | None = None
    budget: float | None = None


@dataclass(frozen=True)
class ProveAllParams:
    """Of ``dsp.proveAll``: the sites of a document, or of a range of it."""

    uri: str
    range: Range | None = None
    budget: float | None = None


@dataclass(frozen=True)
class StopParams:
    """Of ``dsp.stop``."""

    job: str | None = None
    uri: str | None = None
    position: Place | None = None


@dataclass(frozen=True)
class ExtendParams:
    """Of ``dsp.extend``, and without ``seconds`` of ``dsp.insert``."""

    job: str
    seconds: float | None = None


@dataclass(frozen=True)
class SuggestionParams:
    """Of ``dsp.insertSuggestion``."""

    job: str
    index: int


@dataclass(frozen=True)
class TreeParams:
    """Of ``dsp.tree``."""

    job: str | None = None
    uri: str | None = None
    position: Place | None = None
    show: bool = True


@dataclass(frozen=True)
class Nothing:
    """Of a command without arguments."""


T = TypeVar("T")


def refused(message: str) -> JsonRpcException:
    """The error that tells a client why its command was not obeyed."""
    return JsonRpcInvalidParams(message=message)


def command(
    server: Server, name: str, shape: type[T], handler: Callable[[T], Awaitable[dict[str, Any]]]
) -> None:
    """Registers ``handler`` for the command ``name``, whose argument has the given shape."""

    @server.command(name)
    async def run(ls: Any, *arguments: Any) -> dict[str, Any]:
        try:
            if len(arguments) > 1:
                raise MalformedError("There is one argument, an object.")
            given = arguments[0] if arguments and arguments[0] is not None else {}
            return await handler(from_json(shape, given))
        except MalformedError as error:
            raise refused(f"{name}: {error}") from None
        except EngineError as error:
            raise refused(f"{error.message} {error.remedy}".strip()) from None
        except JsonRpcException:
            raise
        except Exception:
            logger.exception("command %s", name)
            raise JsonRpcInternalError(message=f"{name} failed; the log says more.") from None

"""JSON-RPC 2.0 with Content-Length framing: messages, the wire dataclasses as JSON, and a peer.

Both processes use this module; it knows the standard library and :mod:`engine.protocol` only.
A peer is told how to send bytes and what to do with a request; it promises that every request gets
exactly one answer, whatever the request looks like, and that none waits for a peer that is gone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import count
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.protocol import ENGINE_ERROR_CODE, EngineError, ErrorKind

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "FramingError",
    "MalformedError",
    "Peer",
    "RpcError",
    "encode",
    "from_json",
    "read_body",
    "to_json",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

MAX_BODY = 256 * 1024 * 1024
"""A message longer than this many bytes is taken for garbage."""


class MalformedError(ValueError):
    """JSON that does not have the shape of the dataclass it stands for; a sentence says where."""


class FramingError(Exception):
    """The stream is no Content-Length framing: nothing after this point can be read."""


class RpcError(Exception):
    """A JSON-RPC error that is not an :class:`EngineError`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# -- dataclasses as JSON ---------------------------------------------------------------------------


def to_json(value: object) -> Any:
    """What ``json.dumps`` understands, for dataclasses, enums and containers of them."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(cls: type[T], data: object) -> T:
    """The ``cls`` that ``data`` stands for.

    Strict: both processes come from one installation, so a missing, superfluous or ill-typed field
    is a mistake. Raises :class:`MalformedError`.
    """
    value: T = _structure(cls, data, "")
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


_PRIMITIVES: dict[type, str] = {str: "a string", bool: "true or false", int: "a whole number"}


def _structure(hint: Any, data: object, where: str) -> Any:
    if isinstance(hint, type) and is_dataclass(hint):
        return _structure_dataclass(hint, data, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        choices = [member.value for member in hint]
        if data in choices:
            return hint(data)
        raise _malformed(where, f"one of {_listed(choices)}", data)
    if hint is float:
        # `x - x` is not 0 for infinities and NaN, which JSON has no word for.
        if isinstance(data, int | float) and not isinstance(data, bool) and data - data == 0:
            return float(data)
        raise _malformed(where, "a finite number", data)
    if hint in _PRIMITIVES:
        if isinstance(data, hint) and (hint is bool or not isinstance(data, bool)):
            return data
        raise _malformed(where, _PRIMITIVES[hint], data)
    return _structure_generic(hint, data, where)


def _structure_dataclass(cls: type, data: object, where: str) -> Any:
    if not isinstance(data, dict):
        raise _malformed(where, "an object", data)
    prefix = f"{where}." if where else ""
    known = {f.name: f for f in fields(cls)}
    for name in data:
        if name not in known:
            raise MalformedError(f"`{prefix}{name}` is not a field of {cls.__name__}.")
    values = {}
    for name, f in known.items():
        if name in data:
            values[name] = _structure(_hints(cls)[name], data[name], f"{prefix}{name}")
        elif f.default is MISSING and f.default_factory is MISSING:
            raise MalformedError(f"`{prefix}{name}` is missing.")
    return cls(**values)


def _structure_generic(hint: Any, data: object, where: str) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        if any(data == arg and type(data) is type(arg) for arg in args):
            return data
        raise _malformed(where, f"one of {_listed(args)}", data)
    if origin in (Union, types.UnionType):
        if data is None and type(None) in args:
            return None
        (inner,) = (arg for arg in args if arg is not type(None))
        return _structure(inner, data, where)
    if origin in (list, tuple):
        if not isinstance(data, list):
            raise _malformed(where, "a list", data)
        if origin is list:
            return [_structure(args[0], item, f"{where}[{i}]") for i, item in enumerate(data)]
        if len(data) != len(args):
            raise _malformed(where, f"a list of {len(args)}", data)
        return tuple(
            _structure(arg, item, f"{where}[{i}]")
            for i, (arg, item) in enumerate(zip(args, data, strict=True))
        )
    raise TypeError(f"the wire has no rule for {hint!r}")


def _malformed(where: str, wanted: str, got: object) -> MalformedError:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    kind = "null" if got is None else names.get(type(got), "a number")
    if isinstance(got, str) and len(got) <= 40:
        kind = json.dumps(got, ensure_ascii=False)
    elif isinstance(got, int | float) and not isinstance(got, bool):
        kind = repr(got)
    return MalformedError(f"{f'`{where}`' if where else 'This'} must be {wanted}, not {kind}.")


def _listed(values: Any) -> str:
    return ", ".join(json.dumps(value) for value in values)


# -- framing ---------------------------------------------------------------------------------------


def encode(message: Mapping[str, object]) -> bytes:
    """A message as it travels. ASCII only, so that lone surrogates survive the trip."""
    body = json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


async def read_body(reader: asyncio.StreamReader) -> bytes | None:
    """The next message's body; None at the end of the stream, even in the middle of a message.

    Raises :class:`FramingError`.
    """
    length: int | None = None
    while True:
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial.strip():
                raise FramingError("the stream ended in the middle of a header") from None
            return None
        except asyncio.LimitOverrunError:
            raise FramingError("a header line has no end") from None
        if not line.strip():
            if length is None:
                raise FramingError("a header has no Content-Length")
            break
        name, colon, value = line.partition(b":")
        if not colon:
            raise FramingError(f"this is not a header: {line[:60]!r}")
        if name.strip().lower() == b"content-length":
            text = value.strip()
            if not text.isdigit() or int(text) > MAX_BODY:
                raise FramingError(f"this is not a length: {text[:60]!r}")
            length = int(text)
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None


# -- the peer --------------------------------------------------------------------------------------


class Peer:
    """One end of a connection.

    ``send`` takes a whole message and must not block. ``handle`` answers a request: it returns what
    :func:`to_json` takes, or raises :class:`EngineError`, :class:`RpcError` or
    :class:`MalformedError`; anything else it raises is logged and answered with a short sentence.
    Requests are started in the order in which they arrive and run side by side. ``notified`` is
    called for each notification, in order, before anything that arrived later is looked at.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        *,
        handle: Callable[[str, object], Awaitable[object]] | None = None,
        notified: Callable[[str, object], None] | None = None,
    ) -> None:
        self._send = send
        self._handle = handle
        self._notified = notified
        self._ids = count(1)
        self._pending: dict[int, asyncio.Future[object]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed: Exception | None = None

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Takes messages until the stream ends. Raises :class:`FramingError`."""
        try:
            while (body := await read_body(reader)) is not None:
                self._receive(body)
        except FramingError as error:
            self._answer_error(None, RpcError(PARSE_ERROR, f"Not JSON-RPC: {error}."))
            raise

    async def request(self, method: str, params: object = None) -> object:
        """The other side's result, as JSON.

        Raises :class:`EngineError` or :class:`RpcError` as answered, and what :meth:`close` was
        told once the connection is gone.
        """
        if self._closed is not None:
            raise self._closed
        ident = next(self._ids)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._pending[ident] = future
        message = {"jsonrpc": "2.0", "id": ident, "method": method, "params": to_json(params)}
        try:
            self._send(encode(message))
            return await future
        finally:
            self._pending.pop(ident, None)

    def notify(self, method: str, params: object = None) -> None:
        """Sends a notification; silently nothing once the connection is gone."""
        if self._closed is None:
            self._send(encode({"jsonrpc": "2.0", "method": method, "params": to_json(params)}))

    def close(self, reason: Exception) -> None:
        """Ends what is under way: requests sent raise ``reason``, handlers are cancelled."""
        if self._closed is None:
            self._closed = reason
        for future in self._pending.values():
            if not future.done():
                future.set_exception(self._closed)
        for task in self._tasks:
            task.cancel()

    def _receive(self, body: bytes) -> None:
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._answer_error(None, RpcError(PARSE_ERROR, "The message is not JSON."))
            return
        if not isinstance(message, dict):
            self._answer_error(None, RpcError(INVALID_REQUEST, "A message must be one object."))
            return
        ident, method = message.get("id"), message.get("method")
        if "method" not in message and ("result" in message or "error" in message):
            self._settle(ident, message)
        elif not isinstance(method, str):
            # Answered under its id where it has one, or whoever asked would wait for ever.
            name = ident if isinstance(ident, int | str) else None
            self._answer_error(name, RpcError(INVALID_REQUEST, "`method` must be a string."))
        elif "id" not in message:
            self._take_notification(method, message.get("params"))
        else:
            task = asyncio.create_task(self._answer(ident, method, message.get("params")))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _settle(self, ident: object, message: dict[str, Any]) -> None:
        future = self._pending.get(ident) if isinstance(ident, int) else None
        if future is None or future.done():
            # An answer nobody waits for any more is normal after a cancelled request.
            logger.debug("an answer nobody waits for: %r", ident)
        elif "error" in message:
            future.set_exception(_error_from_json(message["error"]))
        else:
            future.set_result(message.get("result"))

    def _take_notification(self, method: str, params: object) -> None:
        if self._notified is None:
            return
        try:
            self._notified(method, params)
        except Exception:
            logger.exception("notification %r", method)

    async def _answer(self, ident: object, method: str, params: object) -> None:
        try:
            if self._handle is None:
                raise RpcError(METHOD_NOT_FOUND, f"There is no method {method!r}.")
            result = await self._handle(method, params)
            answer = encode({"jsonrpc": "2.0", "id": ident, "result": to_json(result)})
        except (EngineError, RpcError) as error:
            self._answer_error(ident, error)
        except MalformedError as error:
            self._answer_error(ident, RpcError(INVALID_PARAMS, str(error)))
        except Exception as error:
            logger.exception("request %r failed", method)
            sentence = f"The engine failed in `{method}`: {type(error).__name__}."
            self._answer_error(ident, RpcError(INTERNAL_ERROR, sentence))
        else:
            self._send(answer)

    def _answer_error(self, ident: object, error: EngineError | RpcError) -> None:
        if isinstance(error, EngineError):
            data = {
                "message": error.message,
                "remedy": error.remedy,
                "kind": error.kind.value,
                "line": error.line,
                "column": error.column,
            }
            payload = {"code": ENGINE_ERROR_CODE, "message": error.message, "data": data}
        else:
            payload = {"code": error.code, "message": error.message}
        self._send(encode({"jsonrpc": "2.0", "id": ident, "error": payload}))


def _error_from_json(error: object) -> Exception:
    try:
        assert isinstance(error, dict)  # noqa: S101  (an answer that is no error object falls through)
        if error["code"] == ENGINE_ERROR_CODE:
            data = dict(error["data"])
            data["kind"] = ErrorKind(data["kind"])
            return EngineError(data.pop("message"), **data)
        return RpcError(int(error["code"]), str(error["message"]))
    except (AssertionError, KeyError, TypeError, ValueError):
        return RpcError(INTERNAL_ERROR, "The other side answered with an error it did not name.")

"""Requests' bodies: read within a limit and a time, and understood as JSON objects."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["BadBodyError", "read_object"]

_SECONDS = 15.0


class BadBodyError(Exception):
    """A body that is not taken: the HTTP status, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """The JSON object that a request sends; raises :class:`BadBodyError`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BadBodyError(415, "The request must send JSON.")
    try:
        body = await asyncio.wait_for(_read(request, limit), _SECONDS)
    except asyncio.TimeoutError:
        raise BadBodyError(408, "The request did not come to its end.") from None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBodyError(400, "The request's JSON cannot be read.") from None
    if not isinstance(value, dict):
        raise BadBodyError(400, "The request must send a JSON object.")
    return value


async def _read(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BadBodyError(413, f"The request is too long; {limit} bytes are taken.")
        chunks.append(chunk)
    return b"".join(chunks)

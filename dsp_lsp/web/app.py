"""The page as an ASGI application: its files, and what they ask for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dsp_lsp.report import error_record
from dsp_lsp.web.bodies import BadBodyError, read_object
from dsp_lsp.web.examples import EXAMPLES
from dsp_lsp.web.guard import Guard, client_of, refused
from dsp_lsp.web.searches import BusyError
from dsp_lsp.web.statement import prepare
from dsp_lsp.web.view import moving, view
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from starlette.requests import Request

    from dsp_lsp.web.searches import Search, Searches

__all__ = ["STATIC", "About", "create"]

STATIC = Path(__file__).with_name("static")

_HEARTBEAT = 15.0
_PAUSE = 0.2
"""Seconds between two events of a stream: a page that is told more often is not read faster."""

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class About:
    """What the page says of the machine behind it.

    ``imports`` stand in front of every text; ``checker`` judges the proofs, and is the embedded
    core where ``embedded`` says so. ``notice`` is what everybody should read, if anything.
    """

    imports: Sequence[str]
    checker: str
    generator: str
    embedded: bool = False
    notice: str = ""


class _Page:
    def __init__(self, searches: Searches, about: About) -> None:
        self._searches = searches
        self._about = about
        self._streams: Counter[str] = Counter()

    async def index(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    async def about(self, request: Request) -> Response:
        limits, about = self._searches.limits, self._about
        budgets = sorted({*(b for b in (30, 60, 120) if b < limits.budget), limits.budget})
        examples = [e.record() for e in EXAMPLES if e.fits(about.imports, about.embedded)]
        return JSONResponse(
            {
                "imports": list(about.imports),
                "checker": about.checker,
                "generator": about.generator,
                "notice": about.notice,
                "characters": limits.characters,
                "budgets": budgets,
                "examples": examples,
            }
        )

    async def start(self, request: Request) -> Response:
        limits = self._searches.limits
        try:
            body = await read_object(request, limits.body_bytes)
        except BadBodyError as error:
            return refused(error.status, error.message)
        text, budget = body.get("text"), body.get("budget", limits.budget)
        fresh = body.get("fresh", False)
        if not isinstance(text, str) or not isinstance(fresh, bool):
            return refused(400, "The request has no text.")
        if isinstance(budget, bool) or not isinstance(budget, (int, float)):
            return refused(400, "The budget must be a number of seconds.")
        if not (math.isfinite(budget) and 1 <= budget <= limits.budget):
            return refused(400, f"The budget must be between 1 and {limits.budget:g} seconds.")
        try:
            # Long texts are read in a thread: others are not to wait for it.
            prepared = await asyncio.to_thread(
                prepare, text, self._about.imports, limits.characters
            )
            search = self._searches.start(prepared, float(budget), client_of(request), fresh=fresh)
        except EngineError as error:
            return JSONResponse({"error": error_record(error)}, 422)
        except BusyError as error:
            answer = refused(429, error.message, "Try again in a while.")
            answer.headers["retry-after"] = str(math.ceil(error.wait))
            return answer
        return JSONResponse({"key": search.key, **self._view(search)}, 201)

    async def look(self, request: Request) -> Response:
        search = self._find(request)
        return JSONResponse(self._view(search)) if search is not None else _unknown()

    async def stop(self, request: Request) -> Response:
        search = self._find(request)
        if search is None:
            return _unknown()
        try:
            body = await read_object(request, 4096)
        except BadBodyError as error:
            return refused(error.status, error.message)
        if body.get("key") != search.key:
            return refused(403, "Only who started a search can stop it.")
        return JSONResponse({"stopped": self._searches.stop(search)})

    async def tree(self, request: Request) -> Response:
        search = self._find(request)
        if search is None:
            return _unknown()
        try:
            picture = await self._searches.picture(search)
        except EngineError as error:
            return refused(404, error.message)
        return Response(picture.svg, media_type="image/svg+xml", headers=_svg_headers(picture.svg))

    async def events(self, request: Request) -> Response:
        search, client = self._find(request), client_of(request)
        if search is None:
            return _unknown()
        limits = self._searches.limits
        if (
            self._streams[client] >= limits.streams
            or sum(self._streams.values()) >= limits.all_streams
        ):
            return refused(429, "Too many pages listen already.", "Close some of them.")
        return StreamingResponse(self._tell(search, client), media_type="text/event-stream")

    async def _tell(self, search: Search, client: str) -> AsyncIterator[str]:
        self._streams[client] += 1
        phase = None
        try:
            async for news in self._searches.changes(search, _HEARTBEAT):
                if not news:
                    yield ": still here\n\n"
                    continue
                # The text goes along when there is something new to say of it.
                told = moving if search.job.phase is phase else view
                phase = search.job.phase
                record = told(search, self._searches.turn(search))
                yield f"data: {json.dumps(record, ensure_ascii=False)}\n\n"
                if not search.job.over:
                    await asyncio.sleep(_PAUSE)
        finally:
            self._streams[client] -= 1

    def _find(self, request: Request) -> Search | None:
        return self._searches.get(request.path_params["name"])

    def _view(self, search: Search) -> dict[str, Any]:
        return view(search, self._searches.turn(search))


def _unknown() -> Response:
    return refused(
        404,
        "There is no such search.",
        "It may have been forgotten since: results are kept for a while only.",
    )


def _svg_headers(svg: str) -> dict[str, str]:
    """A picture may use its own style, shown alone or in a frame of ours, and nothing else."""
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() + "'"
        for style in _STYLE.findall(svg)
    ]
    policy = [
        "default-src 'none'",
        f"style-src {' '.join(hashes) or chr(39) + 'none' + chr(39)}",
        "frame-ancestors 'self'",
        "sandbox",
    ]
    return {"content-security-policy": "; ".join(policy), "x-frame-options": "SAMEORIGIN"}


class _Files(StaticFiles):
    """The page's own files: asked for anew each time, and not sent again when unchanged."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        answer = super().file_response(*args, **options)
        answer.headers["cache-control"] = "no-cache"
        return answer


def create(
    searches: Searches, about: About, *, hosts: Collection[str], token: str | None = None
) -> Guard:
    """The whole page; ``hosts`` and ``token`` as :class:`Guard` has them."""
    page = _Page(searches, about)
    one = "/api/searches/{name}"
    app = Starlette(
        routes=[
            Route("/", page.index),
            Route("/r/{name}", page.index),
            Route("/api/about", page.about),
            Route("/api/searches", page.start, methods=["POST"]),
            Route(one, page.look),
            Route(one + "/stop", page.stop, methods=["POST"]),
            Route(one + "/events", page.events),
            Route(one + "/tree.svg", page.tree),
            Mount("/static", _Files(directory=STATIC)),
        ],
        exception_handlers={404: _not_found, 405: _not_found, 500: _failed},
    )
    return Guard(app, hosts=hosts, token=token, asking=STATIC / "login.html")


async def _not_found(request: Request, error: Exception) -> Response:
    return refused(404, "There is nothing here.")


async def _failed(request: Request, error: Exception) -> Response:
    return refused(500, "The page failed.", "Its log says more.")

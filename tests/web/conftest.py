"""The real page on a real port: over the embedded core, or over the scripted engine."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dsp_lsp.engine_client import EngineProcess
from dsp_lsp.engine_host import EngineHost
from dsp_lsp.web.app import About, create
from dsp_lsp.web.limits import Limits
from dsp_lsp.web.searches import Searches
from dsp_lsp.web.serving import Listener, make_server, own_names
from engine.protocol import SearchOptions, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ROOT = Path(__file__).parents[2]
GUARD = 120.0
"""Seconds after which a test hangs; nothing here takes anything like it."""


class Page:
    """A page that is served, and hands to ask it."""

    def __init__(self, url: str, searches: Searches, home: Path) -> None:
        self.url = url
        self.searches = searches
        self.home = home
        self.http = httpx.AsyncClient(base_url=url, timeout=GUARD)

    async def start(self, text: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/searches", json={"text": text, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def events(
        self, name: str, until: Callable[[dict[str, Any]], bool] | None = None
    ) -> list[dict[str, Any]]:
        """What the stream tells until ``until``, or to its end."""
        told: list[dict[str, Any]] = []
        known: dict[str, Any] = {}
        async with self.http.stream("GET", f"/api/searches/{name}/events") as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    known = {**known, **json.loads(line[6:])}
                    told.append(known)
                    if until is not None and until(known):
                        break
        return told

    async def over(self, name: str) -> dict[str, Any]:
        told = await asyncio.wait_for(self.events(name), GUARD)
        assert told[-1]["over"]
        return told[-1]

    async def until(self, name: str, phase: str) -> dict[str, Any]:
        told = await asyncio.wait_for(self.events(name, lambda s: s["phase"] == phase), GUARD)
        assert told[-1]["phase"] == phase
        return told[-1]

    @property
    def searched(self) -> list[str]:
        """The texts that the scripted engine was given."""
        path = self.home / "searched"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line)[0] for line in lines]

    def open_gate(self) -> None:
        """Lets the scripted engine's searches of `gate…` be proved."""
        (self.home / "gate").touch()


@asynccontextmanager
async def served(
    home: Path,
    *,
    engine: list[str] | None = None,
    lean: str | None = None,
    imports: tuple[str, ...] = (),
    limits: Limits | None = None,
    token: str | None = None,
    options: SearchOptions | None = None,
    embedded: bool = False,
) -> AsyncIterator[Page]:
    host = EngineHost(lambda: EngineProcess(engine), pause=0.05)
    searches = Searches(
        host,
        Settings(lean=lean, sandbox="off", threads=1),
        options or SearchOptions(),
        limits or Limits(per_minute=1000),
        str(home / "page.lean"),
    )
    about = About(imports=imports, checker="Lean", generator="repertoire", embedded=embedded)
    listener = Listener("127.0.0.1", 0)
    app = create(searches, about, hosts=own_names(listener, []), token=token)
    server = make_server(app)
    running = asyncio.create_task(server.serve(sockets=[listener.socket]))
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    page = Page(listener.url, searches, home)
    try:
        yield page
    finally:
        await page.http.aclose()
        searches.let_go()
        server.should_exit = True
        await asyncio.wait_for(running, GUARD)
        await searches.close()
        await host.close()


SCRIPTED = [sys.executable, "-m", "tests.lsp.scripted_engine"]


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("FAKE_ENGINE_HOME", str(tmp_path))
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    os.environ.pop("DSP_LSP_WEB_TOKEN", None)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Page]:
    """A page over the embedded core."""
    async with served(tmp_path, lean="embedded", embedded=True) as page:
        yield page


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[Page]:
    """A page over the scripted engine."""
    async with served(tmp_path, engine=SCRIPTED, imports=("tactic", "data.real.basic")) as page:
        yield page

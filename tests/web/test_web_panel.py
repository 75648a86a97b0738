"""The Suggest panel's endpoint, asked as vscode-lean asks it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from dsp_lsp.engine_client import EngineProcess
from dsp_lsp.engine_host import EngineHost
from dsp_lsp.web.panel import create
from dsp_lsp.web.serving import Listener, make_server, own_names
from engine.generators import Repertoire
from engine.protocol import ProposeParams, Settings
from engine.prove.propose import proposals
from engine.values import Candidate
from tests.web.conftest import GUARD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FAKE = [sys.executable, "-m", "tests.engine.fake_engine"]
STATE = "a b : ℕ\n⊢ a + b = b + a"
HEADERS = {
    "Accept": "application/json, text/plain, */*",
    "Content-Type": "application/json;charset=utf-8",
    "User-Agent": "axios/0.24.0",
    "x-api-key": "of somebody else",
}
"""What vscode-lean sends: from Node, without an origin."""


@asynccontextmanager
async def panel(
    folder: Path, engine: list[str] | None = None, lean: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    host = EngineHost(lambda: EngineProcess(engine), pause=0.05)
    listener = Listener("127.0.0.1", 0)
    settings = Settings(lean=lean, sandbox="off", threads=1)
    app = create(host, settings, str(folder), 16, hosts=own_names(listener, []))
    server = make_server(app)
    running = asyncio.create_task(server.serve(sockets=[listener.socket]))
    async with httpx.AsyncClient(base_url=listener.url, headers=HEADERS, timeout=GUARD) as client:
        try:
            yield client
        finally:
            server.should_exit = True
            await asyncio.wait_for(running, GUARD)
            await host.close()


async def ask(client: httpx.AsyncClient, state: str, prefix: str, path: str = "/") -> Any:
    answer = await client.post(path, json={"tactic_state": state, "prefix": prefix})
    assert answer.status_code == 200
    return answer.json()


async def test_the_panel_gets_tactics_that_begin_with_its_prefix(tmp_path: Path) -> None:
    async with panel(tmp_path, FAKE) as client:
        all_of_them = await ask(client, STATE, "")
        assert all_of_them["tactic_infos"][0] == {"tactic": "refl"}
        found = await ask(client, STATE, "si", "/dev/suggest")
        assert found == {"tactic_infos": [{"tactic": "simp"}, {"tactic": "simp *"}]}
        assert await ask(client, STATE, "nothing") == {"tactic_infos": []}
        assert await ask(client, "no goals", "") == {"tactic_infos": []}
        failed = await ask(client, "boom", "")
        assert failed == {"error": "The generator failed.\n  Start it again."}


async def test_pages_of_a_browser_and_nonsense_are_refused(tmp_path: Path) -> None:
    async with panel(tmp_path, FAKE) as client:
        body = {"tactic_state": STATE, "prefix": ""}
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}):
            assert (await client.post("/", json=body, headers=headers)).status_code == 403
        rebound = await client.post("/", json=body, headers={"host": "evil.example"})
        assert rebound.status_code == 421
        webview = await client.post("/", json=body, headers={"origin": "vscode-webview://abc"})
        assert webview.status_code == 200
        for bad in ({}, {"tactic_state": 1}, {"tactic_state": STATE, "prefix": None}):
            assert (await client.post("/", json=bad)).status_code == 400
        long = await client.post("/", json={"tactic_state": "x" * 300_000, "prefix": ""})
        assert long.status_code == 413
        hello = await client.get("/")
        assert "lean.suggestionURL" in hello.text


async def test_the_repertoire_answers_over_the_embedded_core(tmp_path: Path) -> None:
    async with panel(tmp_path, lean="embedded") as client:
        state = "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p"
        found = [info["tactic"] for info in (await ask(client, state, ""))["tactic_infos"]]
        assert "split" in found
        assert len(found) <= 16
        cases = [info["tactic"] for info in (await ask(client, state, "cases"))["tactic_infos"]]
        assert cases
        assert all(tactic.startswith("cases") for tactic in cases)


class _Model:
    name, device = "model", "cpu"

    async def sample(self, state: str, n: int, *, seed: int) -> list[Candidate]:
        said = ["simp", "tactic.unsafe_run_io x", "simp", "rw h", "sorry", "simpa"]
        return [Candidate(tactic, -float(rank)) for rank, tactic in enumerate(said)]


async def test_what_a_model_says_comes_first_and_is_judged() -> None:
    repertoire = Repertoire({"tactic.interactive.simp", "tactic.interactive.refl"})
    params = ProposeParams(state=STATE, limit=4)
    found = await proposals(_Model(), repertoire, params)
    assert found == ["simp", "rw h", "simpa", "refl"]
    params = ProposeParams(state=STATE, prefix=" sim", limit=4)
    assert await proposals(_Model(), repertoire, params) == ["simp", "simpa", "simp *", "simp at *"]

"""How long an editor waits for the language server, while searches run and while it is idle.

A client of its own speaks to ``dsp-lsp serve`` over pipes: code actions, hovers and edits in turn,
on a small document and on one of 20,000 lines. Prints a table and writes ``results/lsp.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dsp_lsp.positions import Encoding, Lines

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results") / "lsp.json"
HARD = "theorem hard_{i} (p q r : Prop) : ((p ↔ q) ↔ r) ↔ (p ↔ (q ↔ r)) := sorry\n"
CAPABILITIES = {
    "window": {"workDoneProgress": True},
    "workspace": {"applyEdit": True, "inlayHint": {"refreshSupport": True}},
    "general": {"positionEncodings": ["utf-16"]},
}


class Client:
    """As little of an editor as possible, so that what is measured is the server."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.count = 0
        self.received = 0
        self.notices: dict[str, Any] = {}
        self.reading = asyncio.create_task(self._read())

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    async def ask(self, method: str, params: Any) -> Any:
        self.count += 1
        self.waiting[self.count] = asyncio.get_running_loop().create_future()
        self.send({"id": self.count, "method": method, "params": params})
        return await asyncio.wait_for(self.waiting[self.count], 120)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while True:
            header = await self.process.stdout.readuntil(b"\r\n\r\n")
            length = int(header.split(b"\r\n")[0].split(b":")[1])
            message = json.loads(await self.process.stdout.readexactly(length))
            self.received += 1
            if "method" in message and "id" in message:
                self.send({"id": message["id"], "result": None})
            elif "method" in message:
                self.notices[message["method"]] = message["params"]
            elif "id" in message:
                future = self.waiting.pop(message["id"])
                if "error" in message:
                    future.set_exception(RuntimeError(message["error"]["message"]))
                else:
                    future.set_result(message["result"])


async def start(
    folder: Path, settings: dict[str, Any], more: dict[str, Any] | None = None
) -> tuple[Client, float]:
    """A server that has been initialized, and the seconds that this took."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dsp_lsp.cli",
        "serve",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "DSP_LSP_PROOFS": "off",
            "DSP_LSP_MODEL": "off",
            "PYTHONPATH": str(ROOT),
            "DSP_LSP_LOG_FILE": str(folder / "server.log"),
        },
        limit=1 << 26,
    )
    client = Client(process)
    capabilities = {**CAPABILITIES, **(more or {})}
    params = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": capabilities}
    await client.ask("initialize", {**params, "initializationOptions": {"dsp": settings}})
    seconds = time.perf_counter() - started
    client.notify("initialized", {})
    return client, seconds


async def stop(client: Client) -> None:
    """Ends the server."""
    await client.ask("shutdown", None)
    client.notify("exit", None)
    await client.process.wait()
    client.reading.cancel()


async def measured(client: Client, uri: str, text: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each code action and hover; every fourth round begins with an edit."""
    times: dict[str, list[float]] = {}
    lines = Lines(text, Encoding.UTF16)
    sites = [found for found in range(len(text)) if text.startswith("sorry", found)][:40]
    version = 1
    typed = False
    for number in range(rounds):
        edited = number % 4 == 3
        if edited:
            version += 1
            line = text.count("\n") // 2
            where = {"line": line, "character": 0}
            end = {"line": line, "character": 1 if typed else 0}
            change = {"range": {"start": where, "end": end}, "text": "" if typed else " "}
            typed = not typed
            identifier = {"uri": uri, "version": version}
            params = {"textDocument": identifier, "contentChanges": [change]}
            client.notify("textDocument/didChange", params)
        line, character = lines.place(sites[number % len(sites)])
        place = {"line": line, "character": character}
        document = {"textDocument": {"uri": uri}}
        for name, method, params in (
            (
                "code action",
                "textDocument/codeAction",
                {"range": {"start": place, "end": place}, "context": {"diagnostics": []}},
            ),
            ("hover", "textDocument/hover", {"position": place}),
        ):
            began = time.perf_counter()
            await client.ask(method, {**document, **params})
            what = f"{name} after an edit" if edited and name == "code action" else name
            times.setdefault(what, []).append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(0.01)
    return times


def cpu_seconds(pid: int) -> float:
    """What a process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def long_text() -> str:
    """20,004 lines, a site in each hundredth lemma."""
    parts = []
    for i in range(5001):
        body = "sorry" if i % 100 == 0 else "begin\n  intro h,\n  exact h,\nend"
        gap = "\n\n\n\n" if i % 100 == 0 else "\n"
        parts.append(f"lemma long_{i} (p : Prop) : p → p := {body}{gap}")
    return "".join(parts)


async def run(rounds: int, searches: int, lean: str, threads: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for running in (0, searches):
        for name, long in (("small", False), ("20,000 lines", True)):
            with tempfile.TemporaryDirectory() as folder:
                settings = {
                    "maxSearches": max(1, running),
                    "leanPath": lean,
                    "budget": 600.0,
                    "threads": threads,
                }
                client, seconds = await start(Path(folder), settings)
                hard = "".join(HARD.format(i=i) for i in range(8))
                text = hard + (long_text() if long else "")
                uri = (Path(folder) / "a.lean").as_uri()
                document = {"uri": uri, "languageId": "lean", "version": 1, "text": text}
                client.notify("textDocument/didOpen", {"textDocument": document})
                ends = {
                    "start": {"line": 0, "character": 0},
                    "end": {"line": running - 1, "character": 90},
                }
                if running:
                    argument = {"uri": uri, "range": ends}
                    command = {"command": "dsp.proveAll", "arguments": [argument]}
                    await client.ask("workspace/executeCommand", command)
                    await searching(client, running)
                before = cpu_seconds(client.process.pid)
                times = await measured(client, uri, text, rounds)
                used = 1000 * (cpu_seconds(client.process.pid) - before)
                requests = sum(map(len, times.values()))
                at_the_end = await states(client)
                for what, values in times.items():
                    values.sort()
                    rows.append(
                        {
                            "document": name,
                            "searches": running,
                            "still searching": at_the_end.count("searching"),
                            "request": what,
                            "count": len(values),
                            "p50": round(statistics.median(values), 1),
                            "p99": round(values[int(0.99 * len(values))], 1),
                            "max": round(values[-1], 1),
                            "server_cpu_ms": round(used / requests, 1),
                            "start_s": round(seconds, 2),
                        }
                    )
                await stop(client)
    return rows


async def states(client: Client) -> list[str]:
    """What the jobs do."""
    answer = await client.ask("workspace/executeCommand", {"command": "dsp.jobs", "arguments": []})
    return [job["state"] for job in answer["jobs"]]


async def searching(client: Client, count: int) -> None:
    """Waits until so many searches run."""
    while (found := await states(client)).count("searching") < count:
        over = [state for state in found if state in ("failed", "proved", "not found")]
        if over:
            raise RuntimeError(f"the searches do not last: {over}")
        await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--searches", type=int, default=8)
    parser.add_argument("--lean", default="", help="the `lean`, or embedded (default: found)")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    load = os.getloadavg()
    rows = asyncio.run(run(arguments.rounds, arguments.searches, arguments.lean, arguments.threads))
    print("| document | searches | request | median ms | p99 ms | most ms | CPU ms a request |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['document']} | {row['searches']} | {row['request']} "
            f"| {row['p50']} | {row['p99']} | {row['max']} | {row['server_cpu_ms']} |"
        )
    print(f"starts: {sorted({row['start_s'] for row in rows})} s; load before: {load}")
    RESULTS.parent.mkdir(exist_ok=True)
    result = {"lean": arguments.lean, "load_before": load, "cores": os.cpu_count(), "rows": rows}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

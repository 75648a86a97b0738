"""What goes wrong: dying engines, deaf ones, clients that leave, nonsense on the wire."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.engine.conftest import alive, eventually
from tests.fake_lean.faults import Faults
from tests.fake_lean.install import DOCUMENTS, FakeLean

from .conftest import (
    GUARD,
    ROOT,
    SCRIPTED,
    SERVER,
    Editor,
    at,
    end_editor,
    environment,
    start_editor,
    uri_of,
)
from .test_lsp_edit import GATE, PROVE, open_gate, searching

if TYPE_CHECKING:
    from pathlib import Path

HANG = "theorem hang (p : Prop) : p := sorry\n"


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file where the scripted engine tells its process and its child's."""
    path = tmp_path / "processes"
    monkeypatch.setenv("FAKE_ENGINE_PIDS", str(path))
    return path


def pids(path: Path) -> list[int]:
    assert eventually(lambda: path.exists() and path.read_text().endswith("\n"))
    return [int(word) for word in path.read_text().split()]


# -- engines ---------------------------------------------------------------------------------------


async def test_an_engine_killed_in_the_middle(processes: Path, tmp_path: Path) -> None:
    editor = await start_editor(tmp_path, command=SCRIPTED)
    try:
        uri = uri_of(tmp_path)
        text = HANG + GATE
        buffer = editor.open(uri, text)
        hanging = await searching(editor, uri, text)
        gate = await searching(editor, uri, text, 1)
        os.kill(pids(processes)[0], signal.SIGKILL)
        for job in (hanging, gate):
            over = await editor.until_over(job)
            assert over["state"] == "failed"
            assert "killed (signal 9)" in over["message"]
            assert "Traceback" not in over["message"]
        assert buffer.text == text
        # The server lives, and the next search has a new engine.
        open_gate(tmp_path)
        again = (await editor.choose_action(uri, at(text, number=1), PROVE))["job"]
        assert (await editor.until_over(again))["state"] == "proved"
    finally:
        await end_editor(editor)


async def test_engines_that_die_at_once(scripted: Editor, tmp_path: Path) -> None:
    text = "theorem die (p : Prop) : p := sorry\n" + GATE
    uri = uri_of(tmp_path)
    scripted.open(uri, text)
    for _ in range(3):
        job = (await scripted.choose_action(uri, at(text), PROVE))["job"]
        over = await scripted.until_over(job)
        assert over["state"] == "failed"
        assert "exit status 7" in over["message"]
    await searching(scripted, uri, text, 1)


async def test_an_engine_that_answers_nothing(tmp_path: Path) -> None:
    editor = await start_editor(tmp_path, command=SCRIPTED)
    try:
        text = "theorem frozen (p : Prop) : p := sorry\n" + GATE
        uri = uri_of(tmp_path)
        editor.open(uri, text)
        job = (await editor.choose_action(uri, at(text), PROVE))["job"]
        await editor.until(lambda job: job["state"] == "opening", job)
        await asyncio.sleep(0.5)  # so that the engine has got to it
        assert await editor.command("dsp.stop", {"job": job}) == {"stopped": 1}
        assert (await editor.until_over(job))["state"] == "stopped"
        await searching(editor, uri, text, 1)
    finally:
        await end_editor(editor)


async def test_a_search_that_does_not_end_by_itself(scripted: Editor, tmp_path: Path) -> None:
    text = "theorem deaf (p : Prop) : p := sorry\n"
    uri = uri_of(tmp_path)
    scripted.open(uri, text)
    job = (await scripted.choose_action(uri, at(text), PROVE))["job"]
    await scripted.until(lambda job: job["state"] == "opening", job)
    await scripted.command("dsp.stop", {"job": job})
    assert (await scripted.until_over(job))["state"] == "stopped"


async def test_what_the_engine_says_is_passed_on(scripted: Editor, tmp_path: Path) -> None:
    words = {
        "boom": "The engine failed in `prove`: ZeroDivisionError.",
        "refuse": "The goal is not a proposition. Use a theorem.",
        "nolean": "There is no `lean` on the PATH. Install Lean 3.",
        "unverified": "",
    }
    uri = uri_of(tmp_path)
    text = "".join(f"theorem {word} (p : Prop) : p := sorry\n" for word in words)
    buffer = scripted.open(uri, text)
    for number, (word, said) in enumerate(words.items()):
        job = (await scripted.choose_action(uri, at(text, number=number), PROVE))["job"]
        over = await scripted.until_over(job)
        assert over["state"] == ("not found" if word == "unverified" else "failed")
        assert said in over["message"]
        assert "secret" not in over["message"]
    assert buffer.text == text
    assert scripted.edits == []


async def test_a_lean_that_hangs(tmp_path: Path) -> None:
    lean = FakeLean(tmp_path / "toolchain")
    lean.misbehave(Faults(hang=True))
    settings = {"leanPath": str(lean.program), "threads": 1}
    editor = await start_editor(tmp_path, settings=settings)
    try:
        uri = uri_of(tmp_path)
        text = (DOCUMENTS / "paper.lean").read_text("utf-8")
        buffer = editor.open(uri, text)
        job = (await editor.command("dsp.proveAll", {"uri": uri}))["jobs"][0]
        await editor.until(lambda job: job["state"] == "opening", job)
        await editor.eventually(lambda: bool(lean.runs("hole")))
        await editor.command("dsp.stop", {"job": job})
        assert (await editor.until_over(job))["state"] == "stopped"
        # What hangs without computing holds up no other text of that Lean.
        lean.misbehave(Faults())
        job = (await editor.command("dsp.proveAll", {"uri": uri}))["jobs"][0]
        over = await editor.until_over(job)
        assert over["state"] == "proved", over
        assert buffer.text != text
    finally:
        await end_editor(editor)
    pids = {run.pid for run in lean.runs("hole")}
    assert await asyncio.to_thread(eventually, lambda: not any(map(alive, pids)))


# -- the end ---------------------------------------------------------------------------------------


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "server.log").read_text("utf-8")


@pytest.mark.parametrize("how", ["exit", "exit without shutdown", "end of input", "SIGTERM"])
async def test_all_is_gone_afterwards(processes: Path, tmp_path: Path, how: str) -> None:
    editor = await start_editor(tmp_path, command=SCRIPTED)
    server = editor.process
    uri = uri_of(tmp_path)
    editor.open(uri, HANG)
    await searching(editor, uri, HANG)
    started = pids(processes)
    assert all(map(alive, started))
    if how == "exit":
        await editor.shutdown_async(None)
        # What comes after `shutdown` is refused, and not left without an answer.
        with pytest.raises(JsonRpcException):
            await asyncio.wait_for(editor.hover_text(uri, 0), GUARD)
        editor.exit(None)
    elif how == "exit without shutdown":
        editor.exit(None)
    elif how == "end of input":
        assert server.stdin is not None
        server.stdin.close()
    else:
        server.terminate()
    status = await asyncio.wait_for(server.wait(), GUARD)
    assert status == {"exit": 0, "SIGTERM": 128 + signal.SIGTERM}.get(how, 1)
    assert eventually(lambda: not any(map(alive, started)))
    assert "Traceback" not in log_of(tmp_path)
    await editor.stop()


@pytest.mark.parametrize("victim", ["editor", "server"])
def test_all_is_gone_after_kill(processes: Path, tmp_path: Path, victim: str) -> None:
    command = [sys.executable, "-m", "tests.lsp.leaver", str(tmp_path), *SCRIPTED]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, env=environment(tmp_path)
    ) as editor:
        assert editor.stdout is not None
        server = int(editor.stdout.readline())
        started = pids(processes)
        assert all(map(alive, [server, *started]))
        os.kill(editor.pid if victim == "editor" else server, signal.SIGKILL)
        assert eventually(lambda: not any(map(alive, [server, *started])))
        editor.kill()


async def test_a_client_that_does_not_read(tmp_path: Path) -> None:
    """The server goes on, and ends, though nobody takes what it writes."""
    server = await asyncio.create_subprocess_exec(
        *SCRIPTED,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(tmp_path),
        limit=1024,
    )
    assert server.stdin is not None
    uri = uri_of(tmp_path)
    send(server, "initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1)
    send(server, "initialized", {})
    document = {"uri": uri, "languageId": "lean", "version": 1, "text": "-- 𝔸" * 1000 + "\n" + GATE}
    send(server, "textDocument/didOpen", {"textDocument": document})
    for number in range(2000):
        place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
        whole = {"start": place["position"], "end": {"line": 9, "character": 0}}
        send(
            server,
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": []}},
            number + 2,
        )
    await asyncio.wait_for(server.stdin.drain(), GUARD)
    server.stdin.close()
    # Not `server.wait()`, which waits for the end of the output that nobody reads.
    assert await asyncio.to_thread(eventually, lambda: not alive(server.pid))
    assert server.stdout is not None
    assert await server.stdout.read()


# -- the wire --------------------------------------------------------------------------------------


def send(
    server: asyncio.subprocess.Process, method: str, params: Any, ident: int | str | None = None
) -> None:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    if ident is not None:
        message["id"] = ident
    send_raw(server, json.dumps(message).encode())


def send_raw(server: asyncio.subprocess.Process, body: bytes) -> None:
    assert server.stdin is not None
    server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)


async def test_a_burst_of_requests(scripted: Editor, tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    scripted.open(uri, GATE)
    await searching(scripted, uri, GATE)
    asked: list[Any] = []
    for number in range(200):
        if number % 3 == 0:
            asked.append(scripted.actions(uri, at(GATE)))
        elif number % 3 == 1:
            asked.append(scripted.hover_text(uri, at(GATE)))
        else:
            asked.append(
                scripted.command("dsp.prove", {"uri": uri, "position": {"line": 2, "character": 3}})
            )
    answers = await asyncio.wait_for(asyncio.gather(*asked), GUARD)
    assert all(answers)
    assert {answer["job"] for answer in answers[2::3]} == {"dsp-1"}
    assert len(await scripted.jobs()) == 1


MALFORMED = [
    ("textDocument/hover", {}),
    ("textDocument/hover", {"textDocument": {"uri": 1}, "position": None}),
    ("textDocument/codeAction", {"textDocument": {"uri": "file:///a"}, "range": 3}),
    ("textDocument/codeAction", None),
    ("workspace/executeCommand", {}),
    ("workspace/executeCommand", {"command": "dsp.nonsense", "arguments": []}),
    ("workspace/executeCommand", {"command": "dsp.prove"}),
    ("workspace/executeCommand", {"command": "dsp.prove", "arguments": [None]}),
    ("workspace/executeCommand", {"command": "dsp.prove", "arguments": [{"uri": 3}]}),
    ("workspace/executeCommand", {"command": "dsp.prove", "arguments": [{}, {}]}),
    (
        "workspace/executeCommand",
        {
            "command": "dsp.prove",
            "arguments": [{"uri": "file:///x", "position": {"line": 0, "character": 0}}],
        },
    ),
    (
        "workspace/executeCommand",
        {
            "command": "dsp.prove",
            "arguments": [{"uri": "URI", "position": {"line": -7, "character": 10**12}}],
        },
    ),
    (
        "workspace/executeCommand",
        {
            "command": "dsp.prove",
            "arguments": [{"uri": "URI", "position": {"line": 2, "character": 0}, "budget": -1}],
        },
    ),
    ("workspace/executeCommand", {"command": "dsp.extend", "arguments": [{"job": "dsp-99"}]}),
    ("workspace/executeCommand", {"command": "dsp.tree", "arguments": [{}]}),
    ("workspace/executeCommand", {"command": "dsp.insert", "arguments": [{"job": "x"}]}),
    (
        "workspace/executeCommand",
        {"command": "dsp.insertSuggestion", "arguments": [{"job": "x", "index": -1}]},
    ),
    ("no/such/method", {"a": 1}),
]


async def test_malformed_requests_are_answered(tmp_path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        *SCRIPTED,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(tmp_path),
    )
    assert server.stdout is not None
    out = server.stdout

    async def answer(ident: object) -> Any:
        while True:
            header = await asyncio.wait_for(out.readuntil(b"\r\n\r\n"), GUARD)
            length = next(
                int(line.split(b":")[1])
                for line in header.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            message = json.loads(await out.readexactly(length))
            assert message.get("method") != "window/showMessage", message
            if message.get("id") == ident:
                return message

    send(server, "textDocument/hover", {}, "early")
    assert (await answer("early"))["error"]["code"] == -32002
    send(server, "initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 0)
    assert "result" in await answer(0)
    send(server, "initialized", {})
    uri = uri_of(tmp_path)
    document = {"uri": uri, "languageId": "lean", "version": 1, "text": GATE}
    send(server, "textDocument/didOpen", {"textDocument": document})
    # None of this may end the server, or leave a request without an answer.
    for body in (b"{", b"[]", b"3", b'"x"', b"\xff", b"{}", b'{"id": 4}', b"[" * 100_000):
        send_raw(server, body)
    send(server, "textDocument/didChange", {"textDocument": 3})
    send(server, "textDocument/didChange", {"textDocument": {"uri": "file:///q", "version": 2}})
    gone = {"uri": "file:///never/opened", "version": 2}
    send(server, "textDocument/didChange", {"textDocument": gone, "contentChanges": []})
    send(server, "textDocument/didClose", {"textDocument": {"uri": "file:///never/opened"}})
    send(server, "window/workDoneProgress/cancel", {"token": "nobody's"})
    send(server, "$/cancelRequest", {"id": 12345})
    send(server, "workspace/didChangeConfiguration", {"settings": [1, 2]})
    send_raw(server, b'{"jsonrpc": "2.0", "id": "unknown", "result": {"a": 1}}')
    for number, (method, params) in enumerate(MALFORMED, 1):
        sent = json.loads(json.dumps(params).replace('"URI"', json.dumps(uri)))
        send(server, method, sent, number)
        found = await answer(number)
        assert "error" in found, (method, params, found)
        said = found["error"]["message"]
        assert said
        assert "Traceback" not in json.dumps(found), found
    hover = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 40}}
    send(server, "textDocument/hover", hover, "late")
    assert (await answer("late"))["result"] is None
    action = {
        "textDocument": {"uri": uri},
        "range": {"start": hover["position"], "end": hover["position"]},
        "context": {"diagnostics": []},
    }
    send(server, "textDocument/codeAction", action, "actions")
    assert (await answer("actions"))["result"]
    send(server, "shutdown", None, "shutdown")
    await answer("shutdown")
    send(server, "exit", None)
    assert await asyncio.wait_for(server.wait(), GUARD) == 0


# -- cancellation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05, 0.2, 0.5, 1.0])
async def test_stopped_at_any_moment(editor: Editor, tmp_path: Path, after: float) -> None:
    """Whenever it is stopped, the text is the old one or has the whole proof."""
    text = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"
    uri = uri_of(tmp_path)
    buffer = editor.open(uri, text)
    job = (await editor.choose_action(uri, at(text), PROVE))["job"]
    await asyncio.sleep(after)
    await editor.command("dsp.stop", {"job": job})
    over = await editor.until_over(job)
    if over["state"] == "stopped" and buffer.text == text:
        # It can be started again at once.
        again = (await editor.choose_action(uri, at(text), PROVE))["job"]
        assert (await editor.until_over(again))["state"] == "proved"
    assert "sorry" not in buffer.text
    editor.undo_once(uri)
    assert buffer.text == text


@pytest.mark.parametrize("phase", ["verifying", "inserting"])
async def test_stopped_while_the_proof_is_delivered(
    scripted: Editor, tmp_path: Path, phase: str
) -> None:
    uri = uri_of(tmp_path)
    buffer = scripted.open(uri, GATE)
    job = await searching(scripted, uri, GATE)
    stopped: list[asyncio.Task[Any]] = []

    def meanwhile() -> None:
        stopped.append(asyncio.ensure_future(scripted.command("dsp.stop", {"job": job})))

    if phase == "verifying":
        # The edit meets a changed document; it is stopped while the proof is judged anew.
        scripted.before_edit = lambda: (
            scripted.edit(uri, 0, 0, "-- new\n"),
            meanwhile(),
        )[1]
    else:
        scripted.before_edit = meanwhile
    open_gate(tmp_path)
    over = await scripted.until_over(job)
    await asyncio.gather(*stopped)
    assert over["state"] in ("stopped", "proved")
    await asyncio.sleep(0.2)
    whole = buffer.text.removeprefix("-- new\n")
    assert whole == GATE or ("sorry" not in whole and "trivial" in whole)
    if whole == GATE:
        assert "Insert the proof" in await scripted.titles(uri, at(buffer.text))


async def test_cancelled_requests(scripted: Editor, tmp_path: Path) -> None:
    """A request that is cancelled ends, and harms nothing that it has begun."""
    uri = uri_of(tmp_path)
    scripted.open(uri, GATE)
    argument = {"uri": uri, "position": {"line": 2, "character": 3}}
    for number in range(30):
        ident = f"mine-{number}"
        future = scripted.protocol.send_request(
            types.WORKSPACE_EXECUTE_COMMAND,
            types.ExecuteCommandParams("dsp.prove", [argument]),
            msg_id=ident,
        )
        scripted.cancel_request(types.CancelParams(id=ident))
        try:
            await asyncio.wait_for(asyncio.wrap_future(future), GUARD)
        except JsonRpcException as error:
            assert "cancel" in error.message.lower()  # noqa: PT017
    assert await scripted.actions(uri, at(GATE))
    await scripted.command("dsp.stop")
    for job in await scripted.jobs():
        assert (await scripted.until_over(job["id"]))["state"] == "stopped"


def test_the_command_line_serves(tmp_path: Path) -> None:
    """An input that ends at once is a client that is gone; nothing is written to nobody."""
    done = subprocess.run(
        SERVER, input=b"", capture_output=True, env=environment(tmp_path), timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")

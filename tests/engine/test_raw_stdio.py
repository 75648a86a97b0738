"""The process as a stranger meets it: odd messages, odd streams, a parent that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from engine.wire import encode

from .conftest import FAKE_ENGINE, ROOT, alive, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INITIALIZE = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}


class Raw:
    """The process and its bare pipes."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            FAKE_ENGINE, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, start_new_session=True
        )

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self) -> Any:
        out = self.process.stdout
        assert out is not None
        length = 0
        while (line := out.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(out.read(length))

    def ask(self, method: str, params: object = None, ident: object = 1) -> Any:
        self.write(encode({"jsonrpc": "2.0", "id": ident, "method": method, "params": params}))
        return self.read()


@pytest.fixture
def raw() -> Iterator[Raw]:
    started = Raw()
    yield started
    started.process.kill()
    started.process.communicate()


@pytest.mark.parametrize(
    ("body", "code", "ident"),
    [
        (b"{broken", -32700, None),
        (b"\xff\xfe", -32700, None),
        (b"[1, 2]", -32600, None),
        (b'{"jsonrpc": "2.0", "id": 5}', -32600, 5),
        (b'{"jsonrpc": "2.0", "id": 5, "method": 7}', -32600, 5),
        (b'{"jsonrpc": "2.0", "id": 5, "method": "dance"}', -32601, 5),
        (b'{"jsonrpc": "2.0", "id": 5, "method": "prove"}', -32602, 5),
        (b'{"jsonrpc": "2.0", "id": 5, "method": "prove", "params": [1]}', -32602, 5),
        (b'{"jsonrpc": "2.0", "id": 5, "method": "initialize"}', -32600, 5),
        (b'{"jsonrpc": "2.0", "id": "s", "method": "cancel", "params": {"job": 1}}', -32602, "s"),
    ],
)
def test_every_odd_request_is_answered_and_survived(
    raw: Raw, body: bytes, code: int, ident: object
) -> None:
    raw.write(encode(INITIALIZE))
    assert raw.read()["result"]["pid"] == raw.process.pid
    raw.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answer = raw.read()
    assert answer["error"]["code"] == code
    assert answer["id"] == ident
    assert answer["error"]["message"].endswith(".")
    assert raw.ask("tree", {"job": "j"})["result"]["svg"]


def test_the_greeting_comes_first(raw: Raw) -> None:
    assert raw.ask("tree", {"job": "j"})["error"]["code"] == -32600
    assert raw.ask("initialize", {"threads": 0.5})["error"]["code"] == -32602
    assert "result" in raw.ask("initialize", {"threads": 2})


def test_unknown_notifications_and_answers_are_ignored(raw: Raw) -> None:
    raw.write(encode(INITIALIZE))
    raw.read()
    raw.write(encode({"jsonrpc": "2.0", "method": "dance"}))
    raw.write(encode({"jsonrpc": "2.0", "method": "cancel", "params": "nonsense"}))
    raw.write(encode({"jsonrpc": "2.0", "id": 77, "result": None}))
    assert raw.ask("tree", {"job": "j"}, ident=9)["id"] == 9


def test_shutdown_answers_and_ends(raw: Raw) -> None:
    raw.write(encode(INITIALIZE))
    raw.read()
    answer = raw.ask("shutdown")
    assert answer["result"] is None
    assert raw.process.wait(20) == 0


def test_the_end_of_input_ends_it(raw: Raw) -> None:
    raw.write(encode(INITIALIZE))
    raw.read()
    assert raw.process.stdin is not None
    raw.process.stdin.close()
    assert raw.process.wait(20) == 0
    raw.process.stdin = None


@pytest.mark.parametrize("garbage", [b"hello there\n\n", b"\x00\xff" * 99_999, b"GET / HTTP/1.1\n"])
def test_garbage_ends_it_with_a_sentence(garbage: bytes) -> None:
    done = subprocess.run(
        FAKE_ENGINE, input=garbage, capture_output=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 2
    assert b"not JSON-RPC" in done.stderr
    assert b"Traceback" not in done.stderr


def test_no_input_at_all() -> None:
    done = subprocess.run(
        FAKE_ENGINE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_and_its_children(
    pids: Callable[[], list[int]], raw: Raw, signum: signal.Signals
) -> None:
    raw.write(encode(INITIALIZE))
    raw.read()
    search(raw, "hang")
    found = pids()
    raw.process.send_signal(signum)
    assert raw.process.wait(20) == 128 + signum
    assert eventually(lambda: not any(map(alive, found)))
    assert raw.process.stderr is not None
    assert raw.process.stderr.read() == b""


def search(raw: Raw, name: str) -> None:
    text = f"theorem {name} : true := sorry"
    params = {"job": "j", "text": text, "site": text.index("sorry")}
    raw.write(encode({"jsonrpc": "2.0", "id": 1, "method": "prove", "params": params}))


def test_a_reader_that_leaves_makes_no_noise(raw: Raw) -> None:
    raw.write(encode(INITIALIZE))
    raw.read()
    assert raw.process.stdout is not None
    raw.process.stdout.close()
    search(raw, "burst")
    assert raw.process.wait(20) == 0
    assert raw.process.stderr is not None
    assert raw.process.stderr.read() == b""
    raw.process.stdout = None


PARENT = """
import asyncio, os, sys
from dsp_lsp.engine_client import EngineProcess
from engine.protocol import GeneratorSettings, ProveParams, Settings

async def main():
    engine = EngineProcess([sys.executable, "-m", "tests.engine.fake_engine"])
    await engine.start(Settings(generator=GeneratorSettings(model=sys.argv[1])))
    text = f"theorem {sys.argv[2]} : true := sorry"
    await engine.prove(
        ProveParams(job="j", text=text, site=text.index("sorry")),
        lambda report: print(engine.pid, flush=True),
    )

asyncio.run(main())
"""


@pytest.mark.parametrize("generator", ["repertoire", "clingy"])
@pytest.mark.parametrize("name", ["hang", "stuck"])
def test_a_killed_parent_takes_the_engine_along(
    generator: str, name: str, pids: Callable[[], list[int]]
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, generator, name], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    found = [int(parent.stdout.readline())]
    if name == "hang":
        found += pids()
    assert all(map(alive, found))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    assert eventually(lambda: not any(map(alive, found)))

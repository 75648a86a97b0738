"""``dsp-generator``: the service over a scripted backend, and the real process."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generators.backend import Answer, Load, Request
from engine.generators.lines import Answered, Refused, Reply, Sample, Stats, parse_reply, write
from engine.generators.process import Service, _best
from engine.values import Candidate
from engine.wire import MalformedError
from tests.engine.conftest import ROOT
from tests.tiny_model import CONVERTED


class Scripted:
    """Answers the newest request first, with its state as the tactic."""

    model, device = "scripted", "a test"

    def __init__(self) -> None:
        self.requests: dict[int, Request] = {}
        self.seen: list[Request] = []

    @property
    def busy(self) -> bool:
        return bool(self.requests)

    def submit(self, key: int, request: Request) -> None:
        self.requests[key] = request
        self.seen.append(request)

    def cancel(self, key: int) -> None:
        self.requests.pop(key, None)

    def step(self) -> list[Answer]:
        key, request = self.requests.popitem()
        if request.state == "bad":
            return [Answer(key, error="Bad state.")]
        return [Answer(key, (Candidate(request.state, -1.0),))]

    def close(self) -> None:
        pass


def service(backend: Scripted, max_state_bytes: int = 64) -> tuple[Service, list[Reply]]:
    sent: list[Reply] = []
    return Service(backend, sent.append, max_state_bytes=max_state_bytes), sent


def sample(number: int, state: str = "⊢ p", **more: Any) -> bytes:
    return write(Sample(number, state, **{"n": 4, **more}))


def test_answers_each_request_once() -> None:
    serving, sent = service(Scripted())
    for number, state in enumerate(["a", "bad", "b"]):
        serving.take(sample(number, state))
    while serving.busy:
        serving.step()
    assert sent == [
        Answered(2, [("b", -1.0)]),
        Refused("Bad state.", 1),
        Answered(0, [("a", -1.0)]),
    ]
    serving.take(b'{"type":"stats"}')
    stats = sent[-1]
    assert isinstance(stats, Stats)
    assert asdict(stats) | {"seconds": 0.0} == asdict(
        Stats(requests=3, answered=2, refused=1, candidates=2)
    )


def test_what_is_cancelled_is_not_answered() -> None:
    serving, sent = service(Scripted())
    serving.take(sample(1))
    serving.take(b'{"type":"cancel","id":1}')
    serving.take(b'{"type":"cancel","id":7}')
    assert not serving.busy
    serving.take(b'{"type":"stats"}')
    assert sent == [Stats(requests=1, cancelled=1)]


def test_long_states_are_cut_to_the_window() -> None:
    backend = Scripted()
    serving, _ = service(backend, max_state_bytes=64)
    serving.take(sample(1, "h : " + "p" * 100 + ",\nk : q\n⊢ q", max_bytes=9, seed=3))
    assert backend.seen == [Request("k : q\n⊢ q", 4, 3, "beam", 9)]


@pytest.mark.parametrize(
    "line",
    [
        sample(1, n=0),
        sample(1, n=5000),
        sample(1, max_bytes=0),
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"type":[]}',
        b'{"type":"hello"}',
        b'{"type":"sample","id":1}',
        b'{"type":"sample","id":"1","state":"","n":1}',
        b'{"type":"sample","id":1,"state":"","n":1,"decoding":"magic"}',
    ],
)
def test_what_makes_no_sense_is_refused(line: bytes) -> None:
    serving, sent = service(Scripted())
    serving.take(line)
    assert not serving.busy
    assert all(isinstance(reply, Refused) for reply in sent)
    assert len(sent) == (1 if line else 0)


def test_a_number_in_use_is_refused() -> None:
    serving, sent = service(Scripted())
    serving.take(sample(1, "a"))
    serving.take(sample(1, "b"))
    serving.step()
    assert sent == [Refused("A request numbered 1 is under way."), Answered(1, [("a", -1.0)])]


@given(st.binary())
def test_no_line_breaks_the_service(line: bytes) -> None:
    serving, sent = service(Scripted())
    serving.take(line)
    assert all(isinstance(reply, Refused) for reply in sent)


@given(st.lists(st.tuples(st.text(), st.floats(-1e6, 0))))
def test_answers_survive_the_trip(pairs: list[tuple[str, float]]) -> None:
    line = write(Answered(3, pairs))
    assert line.count(b"\n") == 1
    assert parse_reply(line) == Answered(3, pairs)


@given(st.binary())
def test_replies_parse_or_are_malformed(line: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_reply(line)


# -- the process -----------------------------------------------------------------------------------


def run(*arguments: str, said: bytes = b"") -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-m", "engine.generators.process", *arguments],
        input=said,
        capture_output=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, replies, done.stderr.decode()


def test_a_model_that_is_not_there() -> None:
    status, (reply,), _ = run("--model", "/no/such/model")
    assert status == 3
    assert reply["type"] == "failed"
    assert reply["message"] == "There is no model at /no/such/model."


def test_the_real_process_answers_what_was_asked_before_the_end() -> None:
    pytest.importorskip("ctranslate2")
    said = sample(1, "h : p\n⊢ p", max_bytes=32) + b"x" * (5 << 20) + b"\n" + sample(2, n=2)
    status, replies, noise = run("--model", str(CONVERTED), "--threads", "1", said=said)
    assert status == 0, noise
    assert replies[0]["type"] == "hello"
    assert replies[0]["protocol"] == 1
    assert replies[0]["model"].startswith("tiny (")
    assert replies[0]["device"] == "CPU (1 thread, int8_float32)"
    kinds = sorted(reply["type"] for reply in replies[1:])
    assert kinds == ["answer", "answer", "refused"]
    (first,) = [reply for reply in replies if reply.get("id") == 1]
    assert first["candidates"][0][0] == "exact h"


@pytest.mark.parametrize(
    ("devices", "usable", "best"),
    [
        (["null"], None, "ct2"),  # torch is not even imported
        (["null", "nvidia0"], False, "ct2"),
        (["null", "nvidiactl"], True, "torch"),
        (["dxg"], True, "torch"),
    ],
)
def test_torch_is_asked_only_where_there_may_be_a_gpu(
    devices: list[str], usable: bool | None, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = usable if usable is None else SimpleNamespace(is_available=lambda: usable)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(os, "listdir", lambda path: devices)
    monkeypatch.setitem(sys.modules, "torch", torch and SimpleNamespace(cuda=torch))
    assert _best(Load(str(CONVERTED))) == best

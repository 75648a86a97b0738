"""Dataclasses as JSON, and the framing."""

from __future__ import annotations

import asyncio
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol import (
    EngineError,
    ErrorKind,
    JobState,
    ProgressReport,
    ProveParams,
    ProveResult,
    SearchOptions,
    Settings,
    Statistics,
    StopReason,
    Verdict,
)
from engine.wire import FramingError, MalformedError, Peer, encode, from_json, read_body, to_json


def through_json(value: object) -> object:
    return json.loads(json.dumps(to_json(value)))


RESULT = ProveResult(
    job="a",
    status="proved",
    stop_reason=StopReason.PROVED,
    goal="⊢ 𝕜",
    elapsed=1.5,
    statistics=Statistics(nodes_per_depth=[1, 2], n_over_time=[(0.5, 18), (1.0, 9)]),
    steps=["simp"],
    verdict=Verdict(accepted=True, checker="Lean", seconds=0.5, axioms=["propext"]),
)


@pytest.mark.parametrize(
    "value",
    [
        RESULT,
        Settings(),
        Settings(lean="/x/lean", threads=3),
        ProveParams(job="j", text="\ud800 𝓝", site=0, options=SearchOptions(sampling="fixed")),
        ProgressReport(job="j", state=JobState.OPENING, elapsed=0, budget=60),
    ],
)
def test_what_is_sent_arrives(value: object) -> None:
    assert from_json(type(value), through_json(value)) == value


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"job": 3}, "`job` must be a string, not 3."),
        ({"site": "4"}, '`site` must be a whole number, not "4".'),
        ({"site": True}, "`site` must be a whole number, not true or false."),
        ({"site": 1.5}, "`site` must be a whole number, not 1.5."),
        ({"path": 1}, "`path` must be a string, not 1."),
        ({"extra": 1}, "`extra` is not a field of ProveParams."),
        ({"options": []}, "`options` must be an object, not a list."),
        ({"options": {"budget": None}}, "`options.budget` must be a finite number, not null."),
        ({"options": {"budget": math.nan}}, "`options.budget` must be a finite number, not nan."),
        (
            {"options": {"sampling": "x"}},
            '`options.sampling` must be one of "dynamic", "fixed", not "x".',
        ),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], sentence: str) -> None:
    good: dict[str, object] = {"job": "j", "text": "", "site": 0}
    assert from_json(ProveParams, good) == ProveParams(job="j", text="", site=0)
    with pytest.raises(MalformedError) as caught:
        from_json(ProveParams, {**good, **change})
    assert str(caught.value) == sentence


def test_a_missing_field_is_named() -> None:
    with pytest.raises(MalformedError, match="`text` is missing"):
        from_json(ProveParams, {"job": "j", "site": 0})


def test_a_nested_list_is_checked() -> None:
    data = through_json(RESULT)
    assert isinstance(data, dict)
    data["statistics"]["n_over_time"][1] = [1.0]
    with pytest.raises(MalformedError, match=r"statistics.n_over_time\[1\]"):
        from_json(ProveResult, data)


async def bodies(raw: bytes) -> list[bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    found = []
    while (body := await read_body(reader)) is not None:
        found.append(body)
    return found


@given(st.lists(st.dictionaries(st.text(), st.text(), max_size=3), max_size=4))
def test_messages_come_back_whole(messages: list[dict[str, str]]) -> None:
    raw = b"".join(encode(message) for message in messages)
    assert [json.loads(body) for body in asyncio.run(bodies(raw))] == messages


async def test_header_variants_are_understood() -> None:
    raw = b"content-length:2\nContent-Type: x; charset=utf-8\n\n{}"
    assert await bodies(raw) == [b"{}"]


async def test_an_end_in_the_middle_of_a_body_is_an_end() -> None:
    assert await bodies(b"Content-Length: 20\r\n\r\n{}") == []


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"hello",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Type: x\r\n\r\n{}",
        b"x" * 200_000,
    ],
)
async def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(FramingError):
        await bodies(raw)


class Pair:
    """Two peers whose bytes go to each other; `sent` keeps what the client got."""

    def __init__(self, handle: object) -> None:
        self.to_server, self.to_client = asyncio.StreamReader(), asyncio.StreamReader()
        self.server = Peer(self.to_client.feed_data, handle=handle)  # type: ignore[arg-type]
        self.client = Peer(self.to_server.feed_data)
        self.tasks = [
            asyncio.create_task(self.server.listen(self.to_server)),
            asyncio.create_task(self.client.listen(self.to_client)),
        ]


async def test_an_engine_error_keeps_its_fields() -> None:
    async def handle(method: str, params: object) -> object:
        raise EngineError("bad", remedy="do", kind=ErrorKind.ENVIRONMENT, line=3, column=4)

    with pytest.raises(EngineError) as caught:
        await Pair(handle).client.request("x")
    error = caught.value
    assert (error.message, error.remedy, error.kind) == ("bad", "do", ErrorKind.ENVIRONMENT)
    assert (error.line, error.column) == (3, 4)


async def test_answers_find_their_requests() -> None:
    gate = asyncio.Event()

    async def handle(method: str, params: object) -> object:
        if method == "slow":
            await gate.wait()
        gate.set()
        return [method, params]

    client = Pair(handle).client
    slow, fast = await asyncio.gather(client.request("slow", [1]), client.request("fast", [2]))
    assert (slow, fast) == (["slow", [1]], ["fast", [2]])


async def test_closing_fails_what_waits_and_what_comes() -> None:
    async def handle(method: str, params: object) -> object:
        await asyncio.Event().wait()
        return None

    client = Pair(handle).client
    waiting = asyncio.create_task(client.request("x"))
    await asyncio.sleep(0)
    client.close(EngineError("gone"))
    with pytest.raises(EngineError, match="gone"):
        await waiting
    with pytest.raises(EngineError, match="gone"):
        await client.request("y")
    client.notify("z")

"""The FIFOs, with a test in Lean's place."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.lean.channel import Channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Answers = list[tuple[int, list[object]]]


@pytest.fixture
async def answers() -> Answers:
    return []


@pytest.fixture
async def channel(tmp_path: Path, answers: Answers) -> AsyncIterator[Channel]:
    made = Channel(tmp_path, 3, lambda slot, answer: answers.append((slot, answer)))
    yield made
    made.close()


def write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        assert os.write(descriptor, data) == len(data)
    finally:
        os.close(descriptor)


async def until(answers: Answers, count: int) -> None:
    for _ in range(6000):
        if len(answers) >= count:
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"{len(answers)} of {count} answers came")


async def test_answers_carry_their_slot(channel: Channel, tmp_path: Path, answers: Answers) -> None:
    write(tmp_path / "out.2", b'[4, {"goals": 0}]\n')
    write(tmp_path / "out.0", b"[0, {}]\n[1, {}]\n")
    await until(answers, 3)
    assert sorted(answers, key=str) == [(0, [0, {}]), (0, [1, {}]), (2, [4, {"goals": 0}])]


async def test_a_line_may_come_in_pieces(
    channel: Channel, tmp_path: Path, answers: Answers
) -> None:
    line = json.dumps([1, {"pp": "⊢ " + "p ∧ " * 300}], ensure_ascii=False).encode() + b"\n"
    for start in range(0, len(line), 97):  # cuts letters of several bytes too
        write(tmp_path / "out.1", line[start : start + 97])
        await asyncio.sleep(0)
    await until(answers, 1)
    assert answers == [(1, json.loads(line))]


async def test_pieces_of_two_slots_do_not_mix(
    channel: Channel, tmp_path: Path, answers: Answers
) -> None:
    write(tmp_path / "out.0", b"[1, ")
    write(tmp_path / "out.1", b"[2, ")
    write(tmp_path / "out.1", b'"b"]\n')
    write(tmp_path / "out.0", b'"a"]\n')
    await until(answers, 2)
    assert sorted(answers) == [(0, [1, "a"]), (1, [2, "b"])]


async def test_garbage_is_dropped_and_what_follows_is_read(
    channel: Channel, tmp_path: Path, answers: Answers
) -> None:
    garbage = [b"", b"{}", b"3", b"null", b"[1, 2", b"\xff\xfe\x00", b'"[1]"', b"]["]
    write(tmp_path / "out.0", b"\n".join(garbage) + b"\n[9, {}]\n")
    await until(answers, 1)
    assert answers == [(0, [9, {}])]


async def test_requests_arrive_whole_and_in_order(channel: Channel, tmp_path: Path) -> None:
    # Far more than a FIFO holds: what does not fit now follows when it can.
    sent: list[list[object]] = [[number, "λ\n" * 500] for number in range(400)]
    for request in sent:
        channel.send(request)

    def read_all() -> list[object]:
        with (tmp_path / "in").open("rb") as stream:
            return [json.loads(stream.readline()) for _ in sent]

    assert await asyncio.wait_for(asyncio.to_thread(read_all), 60) == sent


async def test_a_request_is_one_line_of_ascii(channel: Channel, tmp_path: Path) -> None:
    channel.send([1, 'exact ⟨h, 𝕜⟩\n-- "done" \\'])
    descriptor = os.open(tmp_path / "in", os.O_RDONLY | os.O_NONBLOCK)
    try:
        raw = os.read(descriptor, 65536)
    finally:
        os.close(descriptor)
    assert raw.isascii()
    assert raw.count(b"\n") == 1
    assert json.loads(raw) == [1, 'exact ⟨h, 𝕜⟩\n-- "done" \\']


def descriptors() -> set[str]:
    folder = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"
    return set(os.listdir(folder))  # noqa: PTH208


async def test_close_lets_go_of_every_descriptor(tmp_path: Path) -> None:
    before = descriptors()
    made = Channel(tmp_path, 4, lambda slot, answer: None)
    assert len(descriptors()) == len(before) + 5
    for _ in range(300):
        made.send(["x" * 1000])  # leaves a writer waiting
    made.close()
    made.close()
    assert len(descriptors()) == len(before)


@pytest.mark.usefixtures("channel")
async def test_fifos_are_ours_alone(tmp_path: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}  # noqa: ASYNC240
    assert modes == {"in": 0o600, "out.0": 0o600, "out.1": 0o600, "out.2": 0o600}


async def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Channel(tmp_path / "gone", 1, lambda slot, answer: None)

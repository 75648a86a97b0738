"""The client's side of a generator's process, under every fault we could think of."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.generators.remote import GeneratorError, Limits, RemoteGenerator
from engine.values import Candidate
from tests.engine.conftest import ROOT, alive, eventually

from .fake_generator import TACTICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

QUICK = Limits(start=20, sample=20, delays=(0.01, 0.01), rest=0.0)
EXPECTED = [Candidate(tactic, -1.0 - place) for place, tactic in enumerate(TACTICS)]


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., RemoteGenerator]]:
    made: list[RemoteGenerator] = []

    def start(what: str, lives: Path | None = None, limits: Limits = QUICK) -> RemoteGenerator:
        argv = [sys.executable, "-m", "tests.generators.fake_generator", what]
        argv += [str(lives)] if lives is not None else []
        made.append(RemoteGenerator(argv, name="the fake", limits=limits))
        return made[-1]

    yield start
    for generator in made:
        await generator.close()


def pid_of(generator: RemoteGenerator) -> int:
    connection = generator._connection
    assert connection is not None
    assert connection._process is not None
    return connection._process.pid


async def failure_of(generator: RemoteGenerator) -> str:
    with pytest.raises(GeneratorError) as caught:
        await generator.sample("⊢ p", 4, seed=0)
    return caught.value.clause


async def test_samples_and_says_what_it_is(make: Callable[..., RemoteGenerator]) -> None:
    generator = make("good")
    assert (generator.name, generator.device) == ("the fake", "")
    assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED
    assert await generator.sample("⊢ p", 2, seed=0) == EXPECTED[:2]
    assert (generator.name, generator.device) == ("fake", "a test")
    assert (await generator.stats()).requests == 2


async def test_many_searches_share_one_process(make: Callable[..., RemoteGenerator]) -> None:
    generator = make("late")
    found = await asyncio.gather(*(generator.sample("⊢ p", n, seed=0) for n in (1, 2, 3, 4)))
    assert found == [EXPECTED[:n] for n in (1, 2, 3, 4)]


async def test_a_process_that_nobody_needs_ends_and_comes_back(
    make: Callable[..., RemoteGenerator],
) -> None:
    generator = make("good", limits=replace(QUICK, idle=0.01))
    seen = set()
    for _ in range(3):
        assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED
        while generator._connection is not None:
            seen.add(pid_of(generator))
            await asyncio.sleep(0)
        # Here its process is on its way out: the next question waits for another one.
        assert generator.device == "a test"
    assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED
    assert eventually(lambda: not any(map(alive, seen)))


async def test_a_question_keeps_its_process(make: Callable[..., RemoteGenerator]) -> None:
    generator = make("late", limits=replace(QUICK, idle=0.01))
    assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED


@pytest.mark.parametrize(
    ("what", "clause"),
    [
        ("broken", "ended with status 7: no such weights"),
        ("unloadable", "failed: There are no weights"),
        ("newer", "speaks version 9 of the protocol, not 1"),
        ("killed", "was killed by SIGKILL"),
        ("leaves", "ended with status 5"),
        ("garbage", "sent something that is no message: 'Segmentation fault soon'"),
        ("half", "ended with status 0"),
        ("huge", "sent a line of more than 4 MB"),
        ("infinite", "sent something that is no message"),
        ("refuses", "refused: No memory for this"),
        ("lost", "failed: The GPU is gone"),
    ],
)
async def test_what_is_said_of_a_fault(
    what: str, clause: str, make: Callable[..., RemoteGenerator]
) -> None:
    assert (await failure_of(make(what))).startswith(clause)


@pytest.mark.parametrize(("what", "clause"), [("never", "was not ready"), ("silent", "did not")])
async def test_what_is_slow_is_not_waited_for(
    what: str, clause: str, make: Callable[..., RemoteGenerator]
) -> None:
    generator = make(what, limits=Limits(start=0.5 if what == "never" else 20, sample=0.5))
    said = await failure_of(generator)
    assert said.startswith(clause)
    assert said.endswith("within 0.5 s")


async def test_a_program_that_is_not_there() -> None:
    generator = RemoteGenerator(["/no/such/generator"], name="x", limits=QUICK)
    assert await failure_of(generator) == (
        "cannot be started: /no/such/generator: No such file or directory"
    )
    await generator.close()


async def test_answers_to_questions_nobody_asked_are_ignored(
    make: Callable[..., RemoteGenerator],
) -> None:
    assert await make("stranger").sample("⊢ p", 4, seed=0) == EXPECTED


@pytest.mark.parametrize("what", ["killed-later", "garbage-later", "lost-later", "leaves-later"])
async def test_it_is_started_again(
    what: str, make: Callable[..., RemoteGenerator], tmp_path: Path
) -> None:
    generator = make(what, tmp_path / "lives")
    assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED
    await failure_of(generator)
    for _ in range(1000):
        try:
            assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED
            break
        except GeneratorError:
            await asyncio.sleep(0.02)
    assert (tmp_path / "lives").read_text() == "xx"


async def test_it_is_not_started_for_ever(
    make: Callable[..., RemoteGenerator], tmp_path: Path
) -> None:
    lives = tmp_path / "lives"
    argv = ["/bin/sh", "-c", f"echo x >> {lives}; exit 4"]
    generator = RemoteGenerator(argv, name="x", limits=Limits(delays=(0.01, 0.01), rest=600))
    for _ in range(50):
        assert await failure_of(generator) == "ended with status 4"
        await asyncio.sleep(0.02)
    assert lives.read_text() == "x\n" * 3
    await generator.close()


async def test_what_cannot_be_helped_is_not_started_again(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    said = '{"type": "failed", "message": "No weights."}'
    argv = ["/bin/sh", "-c", f"echo x >> {lives}; echo '{said}'"]
    generator = RemoteGenerator(argv, name="x", limits=Limits(delays=(0.0, 0.0), rest=600))
    for _ in range(5):
        assert await failure_of(generator) == "failed: No weights"
        await asyncio.sleep(0.02)
    assert lives.read_text() == "x\n"
    await generator.close()


async def test_an_abandoned_sample_is_cancelled(make: Callable[..., RemoteGenerator]) -> None:
    generator = make("late")
    await generator.ready()
    task = asyncio.create_task(generator.sample("⊢ p", 4, seed=0))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert generator._connection is not None
    assert generator._connection.open_requests == 0
    assert await generator.sample("⊢ p", 1, seed=0) == EXPECTED[:1]


async def test_closing_leaves_no_process(make: Callable[..., RemoteGenerator]) -> None:
    generator = make("silent")
    await generator.ready()
    pid = pid_of(generator)
    waiting = asyncio.create_task(generator.sample("⊢ p", 4, seed=0))
    await asyncio.sleep(0.05)
    await generator.close()
    with pytest.raises(GeneratorError):
        await waiting
    assert eventually(lambda: not alive(pid))


async def test_closing_what_never_started(make: Callable[..., RemoteGenerator]) -> None:
    await make("good").close()


async def test_a_killed_process_is_noticed_between_samples(
    make: Callable[..., RemoteGenerator], tmp_path: Path
) -> None:
    generator = make("good", tmp_path / "lives")
    await generator.ready()
    os.kill(pid_of(generator), 9)
    for _ in range(1000):
        if (tmp_path / "lives").read_text() == "xx" and generator._connection is not None:
            break
        await asyncio.sleep(0.02)
    assert await generator.sample("⊢ p", 4, seed=0) == EXPECTED

"""The real process over the real wire, around a scripted prover."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dsp_lsp import engine_client
from dsp_lsp.engine_client import EngineProcess
from engine.protocol import (
    PROGRESS_INTERVAL,
    PROTOCOL_VERSION,
    EngineError,
    ErrorKind,
    ExtendParams,
    GeneratorSettings,
    JobState,
    ProgressReport,
    ProveParams,
    Settings,
    StopReason,
    SuggestParams,
)

from .conftest import FAKE_ENGINE, alive, eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def ask(name: str, job: str = "job") -> ProveParams:
    text = f"theorem {name} (p : Prop) : p → p :=\nsorry\n"
    return ProveParams(job=job, text=text, site=text.index("sorry"))


async def test_a_conversation(engine: EngineProcess) -> None:
    greeting = await engine.start(Settings())
    assert greeting.protocol_version == PROTOCOL_VERSION
    assert greeting.pid == engine.pid
    environment = await engine.environment("/some/where")
    assert environment.search_path == ["/some/where"]
    result = await engine.prove(ask("ok"))
    assert (result.status, result.replacement) == ("proved", "begin trivial end")
    suggestions = await engine.suggest(SuggestParams(text="", site=0, limit=1))
    assert [s.tactic for s in suggestions.suggestions] == ["trivial"]
    assert "job" in (await engine.tree("job")).svg
    with pytest.raises(EngineError, match="no job 'x'"):
        await engine.extend(ExtendParams(job="x", seconds=1.0))


async def test_progress_is_throttled_and_its_last_state_arrives(engine: EngineProcess) -> None:
    await engine.start(Settings())
    reports: list[ProgressReport] = []
    started = time.monotonic()
    await engine.prove(ask("burst"), reports.append)
    took = time.monotonic() - started
    assert reports[-1].expansions == 9999
    assert reports[-1].state is JobState.VERIFYING
    assert [r.expansions for r in reports] == sorted(r.expansions for r in reports)
    # The first, one an interval, and the last, which does not wait for its turn.
    assert 3 <= len(reports) <= took / PROGRESS_INTERVAL + 2


async def test_a_cancelled_job_answers(engine: EngineProcess) -> None:
    await engine.start(Settings())
    opened = asyncio.Event()
    job = asyncio.create_task(engine.prove(ask("hang"), lambda _: opened.set()))
    await asyncio.wait_for(opened.wait(), 20)
    await engine.cancel("job")
    result = await asyncio.wait_for(job, 20)
    assert (result.status, result.stop_reason) == ("not found", StopReason.CANCELLED)


async def test_a_caller_that_stops_waiting_cancels(engine: EngineProcess) -> None:
    await engine.start(Settings())
    opened = asyncio.Event()
    job = asyncio.create_task(engine.prove(ask("hang", job="left"), lambda _: opened.set()))
    await asyncio.wait_for(opened.wait(), 20)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    # The engine remembers the cancellation by name: the same job would hang otherwise.
    result = await asyncio.wait_for(engine.prove(ask("hang", job="left")), 20)
    assert result.stop_reason is StopReason.CANCELLED


async def test_jobs_run_side_by_side(engine: EngineProcess) -> None:
    await engine.start(Settings())
    seen: dict[str, list[ProgressReport]] = {"slow": [], "fast": []}
    slow = asyncio.create_task(engine.prove(ask("hang", "slow"), seen["slow"].append))
    fast = await asyncio.wait_for(engine.prove(ask("ok", "fast"), seen["fast"].append), 20)
    assert fast.status == "proved"
    assert not slow.done()
    await engine.cancel("slow")
    await asyncio.wait_for(slow, 20)
    for job, reports in seen.items():
        assert reports
        assert {r.job for r in reports} == {job}


async def test_an_expected_failure_arrives_whole(engine: EngineProcess) -> None:
    await engine.start(Settings())
    with pytest.raises(EngineError) as caught:
        await engine.prove(ask("input"))
    assert caught.value.kind is ErrorKind.INPUT
    assert (caught.value.line, caught.value.column) == (2, 3)


async def test_a_bug_is_answered_in_a_sentence_and_logged() -> None:
    lines: list[str] = []
    engine = EngineProcess(FAKE_ENGINE, log=lines.append)
    try:
        await engine.start(Settings())
        with pytest.raises(EngineError) as caught:
            await engine.prove(ask("boom"))
        assert caught.value.kind is ErrorKind.INTERNAL
        assert "prove" in caught.value.message
        assert "Traceback" not in caught.value.message
        assert "secret" not in caught.value.message
        assert (await engine.prove(ask("ok"))).status == "proved"
    finally:
        await engine.close()
    assert "Traceback (most recent call last):" in lines
    assert any("secret detail" in line for line in lines)


async def test_printing_does_not_reach_the_wire(engine: EngineProcess) -> None:
    await engine.start(Settings())
    assert (await engine.prove(ask("chatty"))).status == "proved"
    assert (await engine.prove(ask("ok"))).status == "proved"


async def test_a_generator_that_cannot_be_had_stops_the_start(engine: EngineProcess) -> None:
    with pytest.raises(EngineError, match="no model 'broken'"):
        await engine.start(Settings(generator=GeneratorSettings(model="broken")))
    assert engine.pid is not None
    assert not alive(engine.pid)


async def test_closing_leaves_nobody(engine: EngineProcess, pids: Callable[[], list[int]]) -> None:
    await engine.start(Settings())
    job = asyncio.create_task(engine.prove(ask("hang")))
    await asyncio.sleep(0)
    found = await asyncio.to_thread(pids)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await job
    assert eventually(lambda: not any(map(alive, found)))
    with pytest.raises(EngineError, match="closed"):
        await engine.environment(".")


@pytest.mark.parametrize("name", ["hang", "stuck"])
async def test_closing_an_engine_that_will_not(
    name: str, engine: EngineProcess, pids: Callable[[], list[int]]
) -> None:
    await engine.start(Settings(generator=GeneratorSettings(model="clingy")))
    opened = asyncio.Event()
    job = asyncio.create_task(engine.prove(ask(name), lambda _: opened.set()))
    await asyncio.wait_for(opened.wait(), 20)
    found = [engine.pid, *(await asyncio.to_thread(pids) if name == "hang" else [])]
    await engine.close()
    with pytest.raises(EngineError):
        await job
    assert eventually(lambda: not any(alive(pid) for pid in found if pid))


@pytest.mark.parametrize("watcher", ["0", "1"])
async def test_a_killed_engine_is_noticed_and_leaves_nobody(
    engine: EngineProcess,
    pids: Callable[[], list[int]],
    watcher: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_ENGINE_WATCHER", watcher)
    await engine.start(Settings())
    job = asyncio.create_task(engine.prove(ask("hang")))
    await asyncio.sleep(0)
    found = await asyncio.to_thread(pids)
    assert all(map(alive, found))
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="killed") as caught:
        await asyncio.wait_for(job, 1.0)  # the promise: within a second
    assert caught.value.kind is ErrorKind.ENVIRONMENT
    with pytest.raises(EngineError, match="killed"):
        await asyncio.wait_for(engine.environment("."), 1.0)
    assert eventually(lambda: not any(map(alive, found)))


async def test_an_engine_that_dies_is_quoted(engine: EngineProcess) -> None:
    await engine.start(Settings())
    with pytest.raises(EngineError) as caught:
        await engine.prove(ask("die"))
    assert caught.value.kind is ErrorKind.INTERNAL
    assert "exit status 7" in caught.value.message
    assert "last words" in caught.value.message


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (["/no/such/program"], ErrorKind.ENVIRONMENT),
        ([sys.executable, "-c", "raise SystemExit('cannot')"], ErrorKind.INTERNAL),
        ([sys.executable, "-c", "print('Hello, world!')"], ErrorKind.INTERNAL),
    ],
)
async def test_a_program_that_is_no_engine(command: list[str], kind: ErrorKind) -> None:
    engine = EngineProcess(command)
    with pytest.raises(EngineError) as caught:
        await asyncio.wait_for(engine.start(Settings()), 20)
    assert caught.value.kind is kind
    await engine.close()


async def test_a_flood_on_standard_error_stalls_nothing() -> None:
    code = (
        "import sys; sys.stderr.write('x' * 1_000_000 + '\\n'); "
        "sys.argv = ['fake']; import runpy; "
        "runpy.run_module('tests.engine.fake_engine', run_name='__main__')"
    )
    engine = EngineProcess([sys.executable, "-c", code])
    try:
        await asyncio.wait_for(engine.start(Settings()), 20)
    finally:
        await engine.close()


@pytest.mark.parametrize("version", [(3, 10), (3, 11)])
async def test_the_working_directory_is_not_searched_for_modules(
    version: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.version_info < version:
        pytest.skip("this Python lacks the option")
    (tmp_path / "engine.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine_client.sys, "version_info", version)
    engine = EngineProcess()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    try:
        await engine.start(Settings())
    finally:
        await engine.close()


async def test_a_missing_package_is_named() -> None:
    code = (
        "import sys; sys.modules['engine.prove'] = None; "
        "import runpy; runpy.run_module('engine', run_name='__main__')"
    )
    engine = EngineProcess([sys.executable, "-c", code])
    with pytest.raises(EngineError, match=r"package `engine\.prove` is missing") as caught:
        await engine.start(Settings())
    assert caught.value.kind is ErrorKind.ENVIRONMENT

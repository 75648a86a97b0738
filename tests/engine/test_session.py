"""The real session over a Lean that replays transcripts, well-behaved and not."""

from __future__ import annotations

import asyncio
import errno
import gc
import itertools
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.lean import hole as hole_module
from engine.lean import session as session_module
from engine.lean import toolchain as toolchain_module
from engine.lean.hole import LeanDiedError, LeanHole, TacticResult
from engine.lean.pool import Limits
from engine.lean.session import Document, ProcessSession
from engine.protocol import EngineError, ErrorKind
from engine.source import analyse
from engine.values import Failed, Progress, Solved, TimedOut
from tests.fake_lean.faults import Faults
from tests.fake_lean.install import DOCUMENTS, FakeLean

from .conftest import alive, eventually

PAPER = (DOCUMENTS / "paper.lean").read_text("utf-8")
DEEP = (DOCUMENTS / "deep.lean").read_text("utf-8")
GUARD = 60.0
"""Seconds after which a test hangs; nothing here takes anything like it."""


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where holes and checks have their folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    return folder


WAYS: dict[str, Limits | None] = {"cold": None, "warm": Limits()}
chosen = "cold"


@pytest.fixture(params=sorted(WAYS), autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether each hole has a Lean of its own, or is opened in one that waits."""
    name: str = request.param
    monkeypatch.setattr(sys.modules[__name__], "chosen", name)
    return name


@pytest.fixture
def lean(tmp_path: Path) -> FakeLean:
    return FakeLean(tmp_path / "toolchain")


def new_session(lean: FakeLean, threads: int = 1) -> ProcessSession:
    return ProcessSession(
        lean=str(lean.program), threads=threads, memory_mb=2048, warm=WAYS[chosen]
    )


async def opened(session: ProcessSession, text: str) -> LeanHole:
    return await asyncio.wait_for(
        session.open(Document(text), next(iter(analyse(text).sites))), GUARD
    )


async def applied(
    hole: LeanHole, tactics: list[str], state: int = 0, timeout: float = 5.0
) -> dict[str, TacticResult]:
    async def collect() -> dict[str, TacticResult]:
        return {r.tactic: r async for r in hole.apply(state, tactics, timeout=timeout)}

    return await asyncio.wait_for(collect(), GUARD)


def left_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def leans_alive(lean: FakeLean) -> bool:
    return any(alive(run.pid) for run in lean.runs())


async def check_paper(session: ProcessSession) -> None:
    """Everything that a search of the paper's example needs works."""
    hole = await opened(session, PAPER)
    assert hole.greeting.text.endswith("⊢ x = w")
    assert hole.greeting.declaration == "thm1"
    known = await asyncio.wait_for(
        hole.known(["tactic.interactive.simp", "tactic.interactive.linarith"]), GUARD
    )
    assert known == {"tactic.interactive.simp"}
    results = await applied(hole, ["refl", "simp *", "rw H₁", "assumption"])
    assert results["simp *"].outcome == Solved()
    assert isinstance(results["refl"].outcome, Failed)
    assert isinstance(results["assumption"].outcome, Failed)
    progress = results["rw H₁"].outcome
    assert isinstance(progress, Progress)
    assert progress.text.endswith("⊢ y = w")
    assert progress.goals == 1
    await hole.close()
    site = next(iter(analyse(PAPER).sites))
    verdict = await asyncio.wait_for(
        session.verify(Document(PAPER), site, "\nbegin\n  simp *\nend"), GUARD
    )
    assert verdict.accepted, verdict.message
    assert verdict.axioms == ["propext"]


async def check_once(lean: FakeLean) -> None:
    session = new_session(lean)
    await check_paper(session)
    await session.close()


async def test_a_session_from_its_first_word_to_the_verdict(lean: FakeLean, scratch: Path) -> None:
    session = new_session(lean)
    await check_paper(session)
    assert session.checker == "Lean 3.51.1"
    await session.close()
    assert left_in(scratch) == []
    # In this order, except for the two checks, which run side by side.
    kinds = [run.kind for run in lean.runs() if run.kind != "warm"]
    assert kinds == ["version", "path", "make", "hole", "check", "check"]
    await check_once(lean)
    assert len(lean.runs("make")) == 1  # compiled once for both


@pytest.mark.parametrize("threads", [1, 4])
async def test_states_branch_whatever_their_numbers_are(lean: FakeLean, threads: int) -> None:
    session = new_session(lean, threads)
    hole = await opened(session, DEEP)
    first = (await applied(hole, ["exfalso", "cases h with n hn"]))["cases h with n hn"].outcome
    assert isinstance(first, Progress)
    second = (await applied(hole, ["nonsense", "cases hn"], first.state_id))["cases hn"].outcome
    assert isinstance(second, Progress)
    third = (await applied(hole, ["existsi n"], second.state_id))["existsi n"].outcome
    assert isinstance(third, Progress)
    last = await applied(hole, ["simp *"], third.state_id)
    assert last["simp *"].outcome == Solved()
    again = (await applied(hole, ["cases h with n hn"]))["cases h with n hn"].outcome
    assert again == Progress(
        again.state_id if isinstance(again, Progress) else 0, first.text, first.goals
    )
    await session.close()


async def test_what_was_not_recorded_is_a_plain_failure(lean: FakeLean) -> None:
    session = new_session(lean)
    hole = await opened(session, PAPER)
    results = await applied(hole, ["a tactic that nobody tried"])
    assert results["a tactic that nobody tried"].outcome == Failed("not recorded")
    await hole.close()
    site = next(iter(analyse(PAPER).sites))
    verdict = await session.verify(Document(PAPER), site, " by magic")
    assert not verdict.accepted
    assert "not recorded" in verdict.message
    with pytest.raises(EngineError, match="not recorded") as caught:
        await opened(session, PAPER.replace("thm1", "thm2"))
    assert caught.value.kind is ErrorKind.INPUT
    await session.close()


# -- finding Lean ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        (Faults(version="Lean (version 4.0.0, commit abc, Release)"), "Lean 4, and this prover"),
        (Faults(version="Lean (version 3.4.2, commit abc, Release)"), "3.4.2, older than 3.42.0"),
        (Faults(version="GNU bash, version 5.2"), "does not answer like Lean: 'GNU bash"),
        (Faults(path="no JSON"), "--path` gave no answer that can be read"),
        (Faults(path="{}"), "--path` gave no answer that can be read"),
        (Faults(path='{"path": 3}'), "--path` gave no answer that can be read"),
        (Faults(path='{"path": [3]}'), "--path` gave no answer that can be read"),
        (Faults(path="[" * 100_000), "--path` gave no answer that can be read"),
        (Faults(version_hangs=True), "--version` gave no answer within 1 s"),
        (Faults(make_fails=True), "does not compile the prover's runtime"),
    ],
)
async def test_a_lean_that_cannot_serve(
    lean: FakeLean, faults: Faults, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if faults.version_hangs:
        monkeypatch.setattr(toolchain_module, "ANSWER_SECONDS", 1.0)
    lean.misbehave(faults)
    session = new_session(lean)
    with pytest.raises(EngineError) as caught:
        await opened(session, PAPER)
    assert message in caught.value.message
    assert caught.value.kind is ErrorKind.ENVIRONMENT
    assert caught.value.remedy
    await session.close()
    assert eventually(lambda: not leans_alive(lean))
    assert left_in(tmp_path / "cache" / "runtime") == []
    # The next attempt finds a Lean that has been mended.
    monkeypatch.setattr(toolchain_module, "ANSWER_SECONDS", GUARD)
    lean.misbehave(Faults())
    await check_once(lean)


# -- faults that must not matter -------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    "faults",
    [
        Faults(piece=1),
        Faults(piece=7),
        Faults(garbage=True),
        Faults(stdout=1_500_000),
        Faults(stderr=3_000_000),
        Faults(delay=0.05),
        Faults(helper=True),
        Faults(garbage=True, piece=5000, stdout=100_000, stderr=100_000, helper=True),
    ],
    ids=["bytes", "pieces", "garbage", "stdout", "stderr", "slow", "helper", "all"],
)
async def test_noise_changes_nothing(
    lean: FakeLean, faults: Faults, threads: int, scratch: Path
) -> None:
    lean.misbehave(faults)
    session = new_session(lean, threads)
    await check_paper(session)
    await session.close()
    assert eventually(lambda: not leans_alive(lean))
    assert left_in(scratch) == []


# -- deaths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["SIGKILL", "3"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_lean_that_dies_once_costs_what_it_was_doing(
    lean: FakeLean, at: int, how: str
) -> None:
    lean.misbehave(Faults(die_at=at, how=how, first=1))
    session = new_session(lean)
    hole = await opened(session, DEEP)
    found = await applied(hole, ["cases h with n hn", "exfalso", "refl", "assumption"])
    assert len(found) == 4
    said = "killed by SIGKILL" if how == "SIGKILL" else "status 3: the fake lean ends"
    outcomes = [result.outcome for result in found.values()]
    # At most one fails for it: alone, or not at all.
    assert sum(isinstance(o, Failed) and said in o.reason for o in outcomes) <= 1
    assert len(lean.runs("hole")) == 2
    # What came before is not lost, and what comes after works.
    step = (await applied(hole, ["cases h with n hn"]))["cases h with n hn"].outcome
    assert isinstance(step, Progress)
    assert isinstance(
        (await applied(hole, ["cases hn"], step.state_id))["cases hn"].outcome, Progress
    )
    assert len(lean.runs("hole")) == 2
    await session.close()


async def test_states_outlive_the_lean_that_made_them(lean: FakeLean) -> None:
    lean.misbehave(Faults(deadly=("trivial",)))
    session = new_session(lean)
    hole = await opened(session, DEEP)
    step = (await applied(hole, ["cases h with n hn"]))["cases h with n hn"].outcome
    assert isinstance(step, Progress)
    step = (await applied(hole, ["cases hn"], step.state_id))["cases hn"].outcome
    assert isinstance(step, Progress)
    dead = (await applied(hole, ["trivial"], step.state_id))["trivial"].outcome
    assert isinstance(dead, Failed)
    assert "SIGKILL" in dead.reason
    assert len(lean.runs("hole")) == 2
    after = (await applied(hole, ["existsi n"], step.state_id))["existsi n"].outcome
    assert isinstance(after, Progress)
    assert (await applied(hole, ["simp *"], after.state_id))["simp *"].outcome == Solved()
    await session.close()


async def test_a_lean_that_dies_again_and_again_is_given_up(lean: FakeLean) -> None:
    lean.misbehave(Faults(deadly=("trivial",)))
    session = new_session(lean)
    hole = await opened(session, PAPER)
    for _ in range(6):
        assert isinstance((await applied(hole, ["trivial"]))["trivial"].outcome, Failed)
    with pytest.raises(LeanDiedError):
        await applied(hole, ["trivial"])
    await session.close()
    assert len(lean.runs("hole")) == 7
    assert not leans_alive(lean)


async def test_only_the_tactic_that_kills_fails(lean: FakeLean) -> None:
    # What runs beside it is slow enough to be there when Lean dies.
    lean.misbehave(Faults(deadly=("trivial",), delay=0.2))
    session = new_session(lean, threads=4)
    hole = await opened(session, PAPER)
    batch = ["refl", "simp *", "rw H₁", "trivial", "assumption", "cc"]
    found = await applied(hole, batch)
    assert sorted(found) == sorted(batch)
    dead = [tactic for tactic in batch if "SIGKILL" in str(found[tactic].outcome)]
    assert dead == ["trivial"]
    assert found["simp *"].outcome == found["cc"].outcome == Solved()
    assert isinstance(found["rw H₁"].outcome, Progress)
    # Once with the others, once alone.
    assert len(lean.runs("hole")) == 3
    await session.close()


@pytest.mark.parametrize("what", ["mkfifo", "mkdtemp"])
async def test_a_full_disk_is_said(
    lean: FakeLean, what: str, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    session = new_session(lean)
    await (await opened(session, PAPER)).close()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr({"mkfifo": os, "mkdtemp": tempfile}[what], what, full)
        if (what, chosen) == ("mkdtemp", "warm"):
            await (await opened(session, PAPER)).close()  # needs no new folder
        else:
            with pytest.raises(EngineError, match="No space left") as caught:
                await opened(session, PAPER)
            assert caught.value.kind is ErrorKind.ENVIRONMENT
            assert caught.value.remedy
    await check_paper(session)
    await session.close()
    assert left_in(scratch) == []


async def test_a_lean_that_dies_of_the_first_question(lean: FakeLean) -> None:
    lean.misbehave(Faults(die_at=1, first=1))
    session = new_session(lean)
    await check_paper(session)
    assert len(lean.runs("hole")) == 2
    await session.close()


async def test_a_lean_that_stops_listening(lean: FakeLean, monkeypatch: pytest.MonkeyPatch) -> None:
    lean.misbehave(Faults(deaf_at=1))
    monkeypatch.setattr(hole_module, "_ANSWER_SECONDS", 0.5)
    session = new_session(lean)
    hole = await opened(session, PAPER)
    with pytest.raises(LeanDiedError, match="no answer"):
        await asyncio.wait_for(hole.known(["nat"]), GUARD)
    await session.close()
    assert not leans_alive(lean)


@pytest.mark.parametrize(
    ("how", "message"), [("SIGKILL", "was killed by SIGKILL"), ("5", "status 5")]
)
async def test_a_lean_that_dies_before_the_site(lean: FakeLean, how: str, message: str) -> None:
    lean.misbehave(Faults(die_at=0, how=how))
    session = new_session(lean)
    with pytest.raises(EngineError, match=message) as caught:
        await opened(session, PAPER)
    assert caught.value.kind is ErrorKind.ENVIRONMENT
    await session.close()


async def test_a_lean_that_never_comes_to_the_site(
    lean: FakeLean, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    lean.misbehave(Faults(hang=True))
    monkeypatch.setattr(session_module, "_OPEN_SECONDS", 1.0)
    monkeypatch.setattr(session_module, "_WARM_SECONDS", 1.0)
    session = new_session(lean)
    with pytest.raises(EngineError, match="did not come to the site within 1 s"):
        await opened(session, PAPER)
    await session.close()
    assert not leans_alive(lean)
    assert left_in(scratch) == []


@pytest.mark.parametrize("what", ["open", "apply", "verify"])
async def test_what_is_cancelled_ends_and_leaves_nothing(
    lean: FakeLean, what: str, scratch: Path
) -> None:
    session = new_session(lean)
    site = next(iter(analyse(PAPER).sites))
    faults = {
        "open": Faults(hang=True),
        "apply": Faults(silent=("refl",)),
        "verify": Faults(hang=True, kinds=("check",)),
    }[what]
    lean.misbehave(faults)
    kind = "check" if what == "verify" else "hole"

    async def work() -> None:
        if what == "verify":
            await session.verify(Document(PAPER), site, " by simp *")
        else:
            await applied(await opened(session, PAPER), ["refl"], timeout=GUARD)

    task = asyncio.create_task(work())
    started = 2 if what == "verify" else 1
    assert await asyncio.to_thread(eventually, lambda: len(lean.runs(kind)) == started, GUARD)
    await asyncio.sleep(0.3)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, GUARD)
    await asyncio.wait_for(session.close(), GUARD)
    assert not leans_alive(lean)
    assert left_in(scratch) == []


async def test_a_clock_that_jumps(lean: FakeLean, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = itertools.cycle((0.0, 4e9, 1.0, 2e9))
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    lean.misbehave(Faults(slow=("cc",)))
    session = new_session(lean)
    await check_paper(session)
    hole = await opened(session, PAPER)
    results = await applied(hole, ["cc", "simp *"], timeout=0.5)
    assert results["cc"].outcome == TimedOut(0.5)
    assert results["simp *"].outcome == Solved()
    assert len(lean.runs("hole")) == 2
    await session.close()


# -- tactics that do not end -----------------------------------------------------------------------


async def test_a_tactic_that_runs_out_of_time(lean: FakeLean) -> None:
    lean.misbehave(Faults(slow=("refl",)))
    session = new_session(lean)
    hole = await opened(session, PAPER)
    results = await applied(hole, ["refl", "simp *"], timeout=0.5)
    assert results["refl"].outcome == TimedOut(0.5)
    assert results["simp *"].outcome == Solved()
    assert len(lean.runs("hole")) == 1
    await session.close()


async def test_a_tactic_that_never_answers_holds_up_nobody(
    lean: FakeLean, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hole_module, "_GRACE_SECONDS", 0.5)
    lean.misbehave(Faults(silent=("refl",)))
    session = new_session(lean)
    hole = await opened(session, PAPER)
    results = await applied(hole, ["refl", "assumption", "simp *", "cc"], timeout=0.2)
    assert results["refl"].outcome == TimedOut(0.2)
    assert results["simp *"].outcome == Solved()
    assert results["cc"].outcome == Solved()
    # With half of its places taken for ever, Lean was killed; a new one serves.
    assert (await applied(hole, ["simp *"]))["simp *"].outcome == Solved()
    assert len(lean.runs("hole")) == 2
    await session.close()


# -- verification ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["SIGKILL", "7"])
async def test_a_verification_that_dies_is_a_refusal(lean: FakeLean, how: str) -> None:
    lean.misbehave(Faults(die_at=0, how=how, kinds=("check",)))
    session = new_session(lean)
    site = next(iter(analyse(PAPER).sites))
    verdict = await session.verify(Document(PAPER), site, "\nbegin\n  simp *\nend")
    assert not verdict.accepted
    assert "did not come to the end" in verdict.message
    await session.close()


async def test_a_verification_that_is_killed_is_done_again(lean: FakeLean) -> None:
    lean.misbehave(Faults(die_at=0, first=1, kinds=("check",)))
    session = new_session(lean)
    site = next(iter(analyse(PAPER).sites))
    verdict = await session.verify(Document(PAPER), site, "\nbegin\n  simp *\nend")
    assert verdict.accepted, verdict.message
    assert len(lean.runs("check")) == 3
    await session.close()


async def test_a_verification_that_hangs_is_a_refusal(
    lean: FakeLean, monkeypatch: pytest.MonkeyPatch
) -> None:
    lean.misbehave(Faults(hang=True, kinds=("check",)))
    monkeypatch.setattr(session_module, "_VERIFY_SECONDS", 1.0)
    session = new_session(lean)
    site = next(iter(analyse(PAPER).sites))
    verdict = await asyncio.wait_for(
        session.verify(Document(PAPER), site, "\nbegin\n  simp *\nend"), GUARD
    )
    assert not verdict.accepted
    assert "did not come to the end" in verdict.message
    await session.close()
    assert not leans_alive(lean)


# -- several at once -------------------------------------------------------------------------------


async def test_one_holes_faults_are_not_anothers(lean: FakeLean) -> None:
    lean.misbehave(Faults(deadly=("refl",), garbage=True, only="shared_witness"))
    session = new_session(lean, threads=2)
    good, bad = await asyncio.gather(opened(session, PAPER), opened(session, DEEP))

    async def kill_twice() -> None:
        for _ in range(2):
            assert isinstance((await applied(bad, ["refl"]))["refl"].outcome, Failed)

    async def go_on() -> None:
        for _ in range(20):
            assert (await applied(good, ["refl", "simp *"]))["simp *"].outcome == Solved()

    await asyncio.gather(kill_twice(), go_on())
    # In a Lean of its own a tactic that kills is known at once; in one that is shared it is tried
    # again alone, and both holes are opened anew each time.
    assert len(lean.runs("hole")) <= (4 if chosen == "cold" else 10)
    await session.close()


async def test_nothing_is_left_of_many_sessions(lean: FakeLean, scratch: Path) -> None:
    await check_once(lean)  # what is made once is made
    gc.collect()
    before = len(left_in(Path("/dev/fd")))
    tasks = len(asyncio.all_tasks())
    for faults in (
        Faults(),
        Faults(deadly=("assumption",)),
        Faults(die_at=0),
        Faults(garbage=True),
    ):
        lean.misbehave(replace(faults, kinds=("hole",)))
        session = new_session(lean, threads=2)
        try:
            hole = await opened(session, PAPER)
            await applied(hole, ["refl", "assumption", "simp *"])
        except EngineError:
            assert faults.die_at == 0
        await session.close()
        await session.close()  # twice does no harm
    gc.collect()
    assert len(left_in(Path("/dev/fd"))) <= before
    assert len(asyncio.all_tasks()) == tasks
    assert left_in(scratch) == []
    assert not leans_alive(lean)

"""Warm Leans, with a real Lean: what one text leaves for the next, which is nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from engine.lean import Document
from engine.lean.usage import computing
from engine.protocol import EngineError
from engine.source import analyse
from engine.values import Failed, Progress, Solved
from tests.lean3.lean3_helpers import LEAN_SECONDS, outcome, outcomes, session

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lean import LeanHole, ProcessSession

pytestmark = pytest.mark.lean3

SPIN = "(tactic.iterate_at_most 1000000000 tactic.skip)"
"""Does not end, but looks at the clock."""

EASY = "theorem t (p : Prop) (h : p) : p := sorry\n"


@pytest.fixture
def file(core_project: Path) -> Path:
    return core_project / "src" / "document.lean"


async def opened(made: ProcessSession, text: str, file: Path) -> LeanHole:
    site = analyse(text).sites[-1]
    return await asyncio.wait_for(made.open(Document(text, file), site), LEAN_SECONDS)


def pid_of(hole: LeanHole) -> int:
    assert hole.process is not None
    return hole.process.pid


async def killed(hole: LeanHole) -> None:
    """Kills the hole's Lean and waits until the hole knows: a sandbox dies before what is in it."""
    os.kill(pid_of(hole), signal.SIGKILL)
    for _ in range(2000):
        if hole.process is None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the hole's Lean does not die")


async def comes_to_rest(pid: int) -> bool:
    for _ in range(400):
        if not computing(pid):
            return True
        await asyncio.sleep(0.05)
    return False


LEAVES_SOMETHING = [
    "universes u v\nvariables (x y : nat) {α : Type u}\n\n",
    "namespace far\nsection\nparameters (x : nat) (hx : x = 1)\ninclude hx\n\n",
    "set_option pp.all true\nset_option pp.unicode false\n\n",
    "local notation `x` := 3\n\n",
    "open nat list\nlocal attribute [simp] nat.add_comm\n\n",
    "def x := 2\n@[simp] lemma x_is : x = 2 := rfl\ninstance : has_zero bool := ⟨ff⟩\n\n",
    "noncomputable theory\nlocal attribute [instance] classical.prop_decidable\n\n",
    "theorem broken : 1 = 2 := rfl\nvariable (x\nsection )) end\n\n",
    "axiom x : false\n\n",
]
PLAIN = "theorem t (n : nat) : n + 0 = n := sorry\n"
NAMES = "theorem t : x = x := sorry\n"


@pytest.mark.parametrize("before", LEAVES_SOMETHING)
async def test_a_text_leaves_nothing_for_the_next(file: Path, before: str) -> None:
    async with session(warm=True) as made:
        first = await opened(made, before + EASY, file)
        pid = pid_of(first)
        assert isinstance(await outcome(first, "exact h"), Solved)
        await first.close()
        second = await opened(made, PLAIN, file)
        assert pid_of(second) == pid
        assert second.greeting.text == "n : ℕ\n⊢ n + 0 = n"
        assert second.greeting.declaration == "t"
        assert await second.known(["x", "far.x", "broken", "x_is"]) == set()
        assert isinstance(await outcome(second, "exact x.elim"), Failed)
        await second.close()
        with pytest.raises(EngineError, match="unknown identifier"):
            await opened(made, NAMES, file)
        third = await opened(made, before + EASY, file)
        assert isinstance(await outcome(third, "exact h"), Solved)


async def test_proofs_in_front_of_the_site_do_not_run(file: Path) -> None:
    names = ["slow0", "slow1", "slow2"]
    text = "".join(f"theorem {name} : true := begin {SPIN}, trivial end\n\n" for name in names)
    async with session(warm=True) as made:
        hole = await opened(made, text + EASY, file)
        assert await comes_to_rest(pid_of(hole))
        # They are there as after an import.
        assert isinstance(await outcome(hole, "have := slow2, exact h"), Solved)
        assert await hole.known(names) == set(names)


async def test_what_a_stop_leaves_running_is_cancelled(file: Path) -> None:
    async with session(warm=True) as made:
        hole = await opened(made, EASY, file)
        pid = pid_of(hole)
        stream = hole.apply(0, [SPIN, "skip"], timeout=600)
        async for result in stream:
            assert result.tactic == "skip"
            break
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(hole.close(), 30)
        if computing(pid) is None:
            pytest.skip("this system does not tell whether a process computes")
        again = await opened(made, EASY, file)
        assert pid_of(again) == pid
        assert isinstance(await outcome(again, "exact h"), Solved)


async def test_a_site_that_lean_does_not_come_to_is_said(file: Path) -> None:
    text = "theorem t : true :=\nbegin\n  trivial,\n  sorry\nend\n"
    async with session(warm=True) as made:
        for _ in range(2):
            with pytest.raises(EngineError):
                await opened(made, text, file)
            assert isinstance(await outcome(await opened(made, EASY, file), "exact h"), Solved)


async def test_a_warm_lean_that_is_killed_is_replaced_and_its_states_replayed(file: Path) -> None:
    text = "theorem t (p q r : Prop) (hp : p) (hq : q) (hr : r) : p ∧ q ∧ r := sorry\n"
    async with session(warm=True) as made:
        hole = await opened(made, text, file)
        step = await outcome(hole, "split")
        assert isinstance(step, Progress)
        pid = pid_of(hole)
        await killed(hole)
        step = await outcome(hole, "exact hp", step.state_id)
        assert isinstance(step, Progress)
        assert pid_of(hole) != pid
        assert isinstance(await outcome(hole, "exact ⟨hq, hr⟩", step.state_id), Solved)


async def test_two_holes_live_side_by_side(file: Path) -> None:
    async with session(warm=True) as made:
        one = await opened(made, EASY, file)
        two = await opened(made, EASY.replace("theorem t", "theorem u"), file)
        assert pid_of(one) == pid_of(two)
        found = await asyncio.gather(
            outcomes(one, ["exact h", "skip"] * 10), outcomes(two, ["exact h", "skip"] * 10)
        )
        for kinds in found:
            assert [type(o) for o in kinds] == [Solved, Progress] * 10


async def test_all_sites_of_a_file_at_once_from_one_lean(file: Path) -> None:
    text = "".join(f"theorem t{n} (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n\n" for n in range(4))
    text += "theorem two (p : Prop) (h : p) : p ∧ p := ⟨sorry, sorry⟩\n\n"
    text += "def with_data (p : Prop) (h : p) : {n : nat // p} := ⟨0, sorry⟩\n"
    document = Document(text, file)
    async with session(warm=True) as made:
        holes = await asyncio.gather(*(made.open(document, site) for site in analyse(text).sites))
        assert len({pid_of(hole) for hole in holes}) == 1
        proofs = ["exact ⟨h.2, h.1⟩"] * 4 + ["exact h"] * 3
        pairs = zip(holes, proofs, strict=True)
        found = await asyncio.gather(*(outcomes(hole, ["skip", proof]) for hole, proof in pairs))
        assert [[type(o) for o in kinds] for kinds in found] == [[Progress, Solved]] * 7
        # One is stopped while a tactic runs, one loses its Lean: the others do not feel it.
        stream = holes[0].apply(0, [SPIN, "skip"], timeout=600)
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(holes[0].close(), 30)
        step = await outcome(holes[1], "split")
        assert isinstance(step, Progress)
        await killed(holes[1])
        kinds = await outcomes(holes[1], ["exact h.2", "exact h.1", "skip"], step.state_id)
        assert [type(o) for o in kinds] == [Progress, Failed, Progress]
        assert isinstance(await outcome(holes[2], proofs[2]), Solved)
        assert pid_of(holes[1]) == pid_of(holes[2])


async def test_a_tactic_that_prints_without_end_disturbs_nobody(file: Path) -> None:
    flood = '(tactic.iterate_at_most 200000 (tactic.trace "' + "x" * 200 + '"))'
    async with session(warm=True) as made:
        hole = await opened(made, EASY, file)
        found = await outcomes(hole, [flood, "exact h"], timeout=5.0)
        assert isinstance(found[1], Solved)
        assert isinstance(await outcome(hole, "exact h"), Solved)
        await asyncio.wait_for(hole.close(), 60)
        assert isinstance(await outcome(await opened(made, PLAIN, file), "refl"), Solved)


async def test_a_compiled_module_that_changes_is_loaded_anew(
    core_project: Path, file: Path
) -> None:
    from tests.lean3.test_lean3_documents import compile_module

    text = "import mine\n\ntheorem t : one = 1 := sorry\n"
    async with session(warm=True) as made:
        await compile_module(core_project, "mine.lean", "def one := 1\n")
        hole = await opened(made, text, file)
        assert isinstance(await outcome(hole, "refl"), Solved)
        await hole.close()
        await compile_module(core_project, "mine.lean", "def one := 2\n")
        hole = await opened(made, text, file)
        assert isinstance(await outcome(hole, "refl"), Failed)

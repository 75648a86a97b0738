"""What a hole does with tactics, good and bad, with a real Lean."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from engine.lean import hole as hole_module
from engine.values import Failed, Progress, Solved, TimedOut
from tests.lean3.lean3_helpers import opened, outcome, outcomes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lean3

CONJUNCTION = "theorem t (p q r : Prop) (hp : p) (hq : q) (hr : r) : p ∧ q ∧ r := sorry\n"


@pytest.fixture
def file(core_project: Path) -> Path:
    return core_project / "src" / "document.lean"


async def test_a_batch_streams_its_outcomes(file: Path) -> None:
    tactics = ["split", "exact ⟨hp, hq, hr⟩", "exact hp", "no_such_tactic", "", "skip"] * 8
    async with opened(CONJUNCTION, file) as hole:
        assert hole.greeting.text.endswith("⊢ p ∧ q ∧ r")
        assert (hole.greeting.goals, hole.greeting.is_prop) == (1, True)
        assert hole.greeting.declaration == "t"
        kinds = [type(o) for o in await outcomes(hole, tactics)]
        split = await outcome(hole, "split")
    assert kinds[:4] == [Progress, Solved, Failed, Failed]
    assert kinds == kinds[:6] * 8
    assert isinstance(split, Progress)
    assert split.goals == 2
    assert split.text.startswith("2 goals\n")


SPIN = "(tactic.iterate_at_most 1000000000 tactic.skip)"
"""Does not end, but looks at the clock."""


async def test_a_slow_tactic_does_not_hold_up_the_others(file: Path) -> None:
    async with opened(CONJUNCTION, file) as hole:
        found = [r async for r in hole.apply(0, [SPIN, "split", "left", "skip"], timeout=4)]
    assert sorted(result.index for result in found) == [0, 1, 2, 3]
    assert found[-1].index == 0
    assert found[-1].outcome == TimedOut(4)


async def test_earlier_states_can_be_branched_from(file: Path) -> None:
    async with opened(CONJUNCTION, file) as hole:
        first = await outcome(hole, "split")
        assert isinstance(first, Progress)
        one, other = await outcomes(hole, ["exact hp", "assumption"], first.state_id)
        assert isinstance(one, Progress)
        assert isinstance(other, Progress)
        assert one.text == other.text
        assert one.state_id != other.state_id
        assert isinstance(await outcome(hole, "exact ⟨hq, hr⟩", one.state_id), Solved)
        assert isinstance(await outcome(hole, "exact ⟨hr, hq⟩", other.state_id), Failed)
        # The states from before are as they were.
        again = await outcome(hole, "exact hp", first.state_id)
        assert isinstance(again, Progress)
        assert again.text == one.text
        assert isinstance(await outcome(hole, "exact ⟨hp, hq, hr⟩"), Solved)


@pytest.mark.parametrize(
    "tactic",
    [
        "exact ⟨hp, hq, hr⟩ } junk",
        "exact ⟨hp, hq, hr⟩ }, { skip",
        "exact ⟨hp, hq, hr⟩ } /- more -/ }",
        "exact ⟨hp, hq, hr⟩ end",
        "exact ⟨hp, hq, hr⟩ /- never closed",
        "/- exact ⟨hp, hq, hr⟩",
        "exact ⟨hp, hq, hr⟩ #exit",
        "sorry",
        "admit",
        "exact sorry",
        "exact ⟨hp, sorry⟩",
        "exact undefined",
        "{ sorry }",
        "split; sorry",
        "have h : false := sorry, contradiction",
        "exact ⟨hp, hq, t⟩",
        "exact (",
        ")",
        "}",
        "{",
        "\0",
        "exact hp\0",
        "«",
        "⟨⟩",
        "x" * 20_000,
    ],
)
async def test_no_bad_tactic_solves(file: Path, tactic: str) -> None:
    async with opened(CONJUNCTION, file, threads=1) as hole:
        found = await outcome(hole, tactic)
        assert isinstance(found, Failed), found
        assert found.reason
        assert isinstance(await outcome(hole, "exact ⟨hp, hq, hr⟩"), Solved)


async def test_good_tactics_in_odd_clothes_solve(file: Path) -> None:
    tactics = [
        "exact ⟨hp, hq, hr⟩ -- as seen",
        "exact ⟨hp, hq, hr⟩ /- as seen -/",
        "/- first -/ exact ⟨hp, hq, hr⟩",
        "split, exact hp, split, exact hq, exact hr",
        "split,\n  { exact hp },\n  exact ⟨hq, hr⟩",
        "{ exact ⟨hp, hq, hr⟩ }",
        "refine ⟨_, _, _⟩; assumption",
        "exact ⟨hp, hq, hr⟩,",
        "  exact ⟨hp, hq, hr⟩  ",
        "show p ∧ q ∧ r, from ⟨hp, hq, hr⟩",
    ]
    async with opened(CONJUNCTION, file) as hole:
        found = await outcomes(hole, tactics)
    assert [type(o) for o in found] == [Solved] * len(tactics), found


async def test_a_recursive_call_is_not_counted_as_a_failure_of_lean(file: Path) -> None:
    text = "theorem t : ∀ n : nat, n + 0 = n\n| 0 := rfl\n| (n + 1) := sorry\n"
    async with opened(text, file) as hole:
        assert isinstance(await outcome(hole, "refl"), Solved)
        assert "t : " in hole.greeting.text


async def test_a_time_out_is_a_value(file: Path) -> None:
    text = "theorem t : true := sorry\n"
    async with opened(text, file) as hole:
        assert await outcome(hole, SPIN, timeout=0.5) == TimedOut(0.5)
        assert isinstance(await outcome(hole, "trivial"), Solved)


CRASHES = {
    "a numeral of 20,000 digits": "exact (" + "9" * 16_000 + " : nat)",
    "deep brackets": "exact " + "(" * 8_000 + "h",
    "deep recursion": "exact " + "¬" * 16_000 + "true",
}


@pytest.mark.parametrize("name", sorted(CRASHES))
async def test_what_crashes_lean_fails_and_the_hole_goes_on(
    file: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hole_module, "_LONGEST_TACTIC", 100_000)
    async with opened(CONJUNCTION, file) as hole:
        first = await outcome(hole, "split")
        assert isinstance(first, Progress)
        assert isinstance(await outcome(hole, CRASHES[name], first.state_id, 60), Failed)
        second = await outcome(hole, "exact hp", first.state_id)
        assert isinstance(second, Progress)
        assert isinstance(await outcome(hole, "exact ⟨hq, hr⟩", second.state_id), Solved)


async def test_a_very_long_numeral_kills_no_hole(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hole_module, "_LONGEST_TACTIC", 100_000)
    async with opened(CONJUNCTION, file) as hole:
        found = await outcome(hole, f"exact ({'7' * 20_000} : nat)", timeout=60)
        assert isinstance(found, Failed)
        assert isinstance(await outcome(hole, "exact ⟨hp, hq, hr⟩"), Solved)


async def test_a_lean_that_is_killed_in_mid_batch_comes_back(file: Path) -> None:
    async with opened(CONJUNCTION, file) as hole:
        first = await outcome(hole, "split")
        assert isinstance(first, Progress)
        second = await outcome(hole, "exact hp", first.state_id)
        assert isinstance(second, Progress)
        assert hole.process is not None
        pid = hole.process.pid

        async def kill() -> None:
            await asyncio.sleep(0.5)
            os.kill(pid, signal.SIGKILL)

        slow = [SPIN] * 4
        found, _ = await asyncio.gather(outcomes(hole, slow, second.state_id, 3), kill())
        # What ran when Lean died has failed, or was tried again; what waited has been tried.
        assert all(isinstance(o, Failed | TimedOut) for o in found)
        # Numbers of states that the dead process held are good again.
        third = await outcome(hole, "split", second.state_id)
        assert hole.process is not None
        assert hole.process.pid != pid
        assert isinstance(third, Progress)
        assert third.goals == 2
        assert isinstance(await outcome(hole, "exact ⟨hq, hr⟩", second.state_id), Solved)


async def test_a_batch_can_be_left_early(file: Path) -> None:
    async with opened(CONJUNCTION, file) as hole:
        stream = hole.apply(0, (f"exact h{n}" for n in range(10**9)), timeout=30)
        seen = 0
        async for _ in stream:
            seen += 1
            if seen == 5:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        assert isinstance(await outcome(hole, "exact ⟨hp, hq, hr⟩"), Solved)


async def test_what_exists_at_the_site_is_known(file: Path) -> None:
    text = "def mine := 0\n\ntheorem t : mine = 0 := sorry\n\ndef later := 0\n"
    async with opened(text, file) as hole:
        names = ["mine", "later", "tactic.interactive.simp", "nat.add", "no.such", "", "a..b"]
        assert await hole.known(names) == {"mine", "tactic.interactive.simp", "nat.add"}


async def test_a_state_that_does_not_exist_is_an_error_of_the_caller(file: Path) -> None:
    async with opened(CONJUNCTION, file) as hole:
        with pytest.raises(KeyError):
            await outcome(hole, "skip", 12345)

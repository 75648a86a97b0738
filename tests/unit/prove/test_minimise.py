from __future__ import annotations

from typing import TYPE_CHECKING

from engine.generators import Extra, Repertoire
from engine.prove.minimise import Form, Minimiser
from engine.values import Failed, Outcome, Progress, Solved

from .toy import ToyHole

if TYPE_CHECKING:
    from collections.abc import Sequence


class Words(ToyHole):
    """A goal is a set of letters; a tactic of capitals removes them, others have rules."""

    goals: list[str]

    def __init__(self, goal: str) -> None:
        super().__init__(len(goal))
        self.goals = [goal]

    def _outcome(self, number: int, tactic: str, timeout: float) -> tuple[Outcome, tuple[str, ...]]:
        raise NotImplementedError

    async def apply(self, state_id, tactics, *, timeout):  # type: ignore[no-untyped-def,override]
        from engine.lean import TacticResult

        for index, tactic in enumerate(tactics):
            self.applied.append((state_id, tactic))
            outcome, said = self._word(self.goals[state_id], tactic)
            yield TacticResult(index, tactic, outcome, 0.25, said)

    def _word(self, goal: str, tactic: str) -> tuple[Outcome, tuple[str, ...]]:
        said: tuple[str, ...] = ()
        name, _, rest = tactic.partition(" ")
        if name in ("rw", "rwa"):
            gone = {part.strip() for part in rest.strip("[]").split(",")}
            if not gone <= set(goal):
                return Failed("no"), ()
        elif name in ("library_search", "(library)"):
            gone = set(goal) if len(goal) <= 2 else set()
            said = (f"Try this: rw [{', '.join(goal)}]",)
        elif name == "simp":
            gone = {"x"}
        elif name == "(squeeze)":
            gone, said = {"x"}, ("simp only [x]",)
        elif name == "all" and len(goal) <= 3:
            gone = set(goal)
        else:
            return Failed("no"), ()
        if tactic == "simp only [x]":
            gone = {"x"}
        left = "".join(letter for letter in goal if letter not in gone)
        if not left:
            return Solved(), said
        if left == goal:
            return Failed("no progress"), ()
        self.goals.append(left)
        return Progress(len(self.goals) - 1, left, 1), said


class WordRepertoire(Repertoire):
    def __init__(self) -> None:
        super().__init__(frozenset())

    def squeeze(self) -> Extra | None:
        return Extra("(squeeze)", (), probe=True)

    def probe_for(self, tactic: str) -> Extra | None:
        return Extra("(library)", (), probe=True) if tactic == "library_search" else None


async def minimise(goal: str, steps: Sequence[str], *, seconds: float = 60.0) -> Form | None:
    hole = Words(goal)
    minimiser = Minimiser(
        lambda state, tactics, timeout: hole.apply(state, tactics, timeout=timeout),
        Progress(0, goal, 1),
        WordRepertoire(),
        timeout=10.0,
        seconds=seconds,
    )
    return await minimiser.shortest(tuple(steps))


async def test_what_the_last_step_does_alone_is_left_to_it() -> None:
    assert await minimise("abc", ["rw [a]", "rw [b]", "all"]) == Form(("all",), 250.0)
    assert await minimise("abcd", ["rw [a]", "rw [b]", "all"]) == Form(("rw [a]", "all"), 500.0)


async def test_rewritings_are_joined() -> None:
    assert await minimise("abc", ["rw a", "rw [b]", "rwa c"]) == Form(("rwa [a, b, c]",), 250.0)


async def test_a_search_gives_way_to_what_it_found() -> None:
    found = await minimise("abc", ["rw a", "library_search"])
    assert found == Form(("rw [a, b, c]",), 250.0)


async def test_a_bare_simp_in_the_middle_says_what_it_uses() -> None:
    found = await minimise("xabcd", ["simp", "rw [a]", "all"])
    assert found is not None
    assert found.steps == ("simp only [x]", "rw [a]", "all")


async def test_without_time_the_proof_stays_as_it_is() -> None:
    steps = ("rw a", "rw b", "rw c")
    found = await minimise("abc", steps, seconds=0.0)
    assert found == Form(steps, 750.0)


async def test_a_proof_that_does_not_hold_again_has_no_form() -> None:
    assert await minimise("abc", ["rw a", "rw b"]) is None
    assert await minimise("abc", ["all", "rw b"]) is None
    assert await minimise("abc", ["rw z"]) is None

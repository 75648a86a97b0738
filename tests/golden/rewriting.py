"""A toy in Lean's place, and a seeded generator that proposes tactics for it.

A goal is a word; it is solved when nothing is left of it. ``cut x`` removes two neighbouring x,
``swap i`` exchanges the letters at i and i + 1, ``turn`` writes the word backwards. ``nlinarith``
times out and ``simp`` fails, as they do.
"""

from __future__ import annotations

import math
import random

from engine.search import Expand, Result, Schedule, Search, Stop
from engine.values import Candidate, Failed, Outcome, Progress, Solved, TimedOut


def goal(word: str) -> str:
    return f"word : free\n⊢ {word}"


def apply(state: str, tactic: str) -> Outcome:
    """Do what the toy does with a tactic."""
    word = state.rpartition(" ")[2]
    name, _, argument = tactic.partition(" ")
    if name == "nlinarith":
        return TimedOut(1.0)
    if name == "cut" and argument * 2 in word:
        word = word.replace(argument * 2, "", 1)
        return Progress(len(word), goal(word), 1) if word else Solved()
    if name == "swap" and int(argument) + 1 < len(word):
        i = int(argument)
        return Progress(len(word), goal(word[:i] + word[i + 1] + word[i] + word[i + 2 :]), 1)
    if name == "turn":
        return Progress(len(word), goal(word[::-1]), 1)
    return Failed("tactic failed, there are no such letters")


def generate(state: str, samples: int, seed: int) -> list[Candidate]:
    """Propose at most ``samples`` tactics, best first; the same ones for the same seed."""
    source = random.Random(f"{seed} {state}")
    tactics = [f"cut {letter}" for letter in "abcd"] + [f"swap {place}" for place in range(7)]
    tactics += ["turn", "nlinarith", "simp", "cut ab"]
    weights = [source.expovariate(1.0) * (3.0 if t.startswith("cut") else 1.0) for t in tactics]
    total = sum(weights)
    candidates = [
        Candidate(tactic, round(math.log(weight / total), 3))
        for tactic, weight in zip(tactics, weights, strict=True)
    ]
    candidates.sort(key=lambda candidate: (-candidate.log_prob, candidate.tactic))
    return candidates[:samples]


def search_word(
    word: str, schedule: Schedule, *, seed: int, budget: float = 40.0
) -> tuple[Search, Stop]:
    """Search for a proof of ``word``; every expansion takes a second."""
    search = Search(Progress(0, goal(word), 1), schedule, budget=budget)
    elapsed = 0.0
    while True:
        step = search.next(elapsed)
        if isinstance(step, Stop):
            return search, step
        assert isinstance(step, Expand)
        for rank, candidate in enumerate(generate(step.text, step.samples, seed)):
            if search.wanted(step.node, rank):
                outcome = apply(step.text, candidate.tactic)
                search.tell(step.node, [Result(rank, candidate, outcome)])
        search.finish(step.node)
        elapsed += 1.0

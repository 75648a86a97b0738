"""One theorem in LeanDojo's ``Dojo``, behind lines of JSON on standard input and output.

Run by a Python that has lean-dojo (for Lean 3: lean-dojo 1.6, Python 3.9 or 3.10; for Lean 4 a
newer one); needs nothing else of ours. A process of its own, as Dojo changes the working directory
and takes signals for itself. The first line in names the theorem: ``url``, ``commit``, ``file``,
``theorem``, ``hard_timeout``. The first line out is its tactic state, or why there is none. Then
each line in is a state's number and a tactic, each line out what became of it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    """Serves until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what LeanDojo and its children print is no answer

    def answer(**values: object) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    asked = json.loads(sys.stdin.readline())
    try:
        import lean_dojo
    except Exception as error:  # it asks GitHub as it is imported, and refuses to be run as root
        answer(kind="unusable", reason=f"lean_dojo cannot be imported: {error}")
        return
    try:
        repository = lean_dojo.LeanGitRepo(asked["url"], asked["commit"])
        theorem = lean_dojo.Theorem(repository, asked["file"], asked["theorem"])
        dojo = _dojo(lean_dojo, theorem, asked["hard_timeout"])
        opened, state = dojo.__enter__()
    except lean_dojo.DojoInitError as error:
        answer(kind="refused", reason=str(error))
        return
    except Exception as error:  # no network, no such commit, no container
        answer(kind="unusable", reason=f"{type(error).__name__}: {error}")
        return
    states: dict[int, Any] = {}
    try:
        lean4 = bool(getattr(repository, "uses_lean4", True))
        answer(**_told(state, states), lean4=lean4)
        for line in sys.stdin:
            number, tactic = json.loads(line)
            try:
                result = opened.run_tac(states[number], tactic)
            except Exception as error:  # the Lean behind it has died, or its time is up
                if type(error).__name__ == "DojoTacticTimeoutError":
                    answer(kind="timeout", reason=str(error))
                    continue
                answer(kind="crashed", reason=f"{type(error).__name__}: {error}")
                return
            answer(**_told(result, states))
    finally:
        dojo.__exit__(None, None, None)


def _dojo(lean_dojo: Any, theorem: object, hard_timeout: int) -> Any:
    try:
        return lean_dojo.Dojo(theorem, hard_timeout=hard_timeout)
    except TypeError:  # newer ones have a time-out a tactic
        return lean_dojo.Dojo(theorem, timeout=hard_timeout)


def _told(result: Any, states: dict[int, Any]) -> dict[str, object]:
    kind = type(result).__name__
    if kind == "TacticState":
        states[result.id] = result
        return {"kind": "state", "id": result.id, "text": result.pp, "goals": result.num_goals}
    if kind == "ProofFinished":
        return {"kind": "finished"}
    if kind == "ProofGivenUp":
        return {"kind": "failed", "reason": "the proof contains sorry"}
    if kind == "TimeoutError":
        return {"kind": "timeout", "reason": result.error}
    return {"kind": "failed", "reason": getattr(result, "error", kind)}


if __name__ == "__main__":
    main()

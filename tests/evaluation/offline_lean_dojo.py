"""Runs a script beside the real lean-dojo 1.6, without GitHub and without a Lean.

Only what would go out is replaced: GitHub's client, the look at a repository, and the pipe to the
REPL, which answers as Lean's does. Requests, answers and result types are LeanDojo's own.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import sys
import types

_ROOT = "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p"
_BOTH = "2 goals\nh : p ∧ q\n⊢ q\n\nh : p ∧ q\n⊢ p"
_ONE = "h : p ∧ q\n⊢ p"


def offline_github():
    github = types.ModuleType("github")
    github.Github = lambda *_, **__: types.SimpleNamespace(get_repo=lambda name: name)
    github.Auth = types.SimpleNamespace(Token=str)
    repository = types.ModuleType("github.Repository")
    repository.Repository = object
    sys.modules.update({"github": github, "github.Repository": repository})


class Repl:
    """Lean's side of the pipe: a request a line in, `REPL> …` out."""

    def __init__(self, theorem):
        self.theorem = theorem
        self.stdin = self
        self.stdout = io.StringIO()
        self.states = [_ROOT]
        self.dead = False

    def poll(self):
        return 137 if self.dead else None

    def write(self, line):
        command, (sid, tactic) = json.loads(line)
        assert command == "run_tac"
        state, error = None, None
        now = self.states[int(sid)]
        if self.theorem == "crashing":
            self.dead = True
        if tactic == "exact k":
            error = "try_for_time tactic failed, timeout"
        elif self.theorem == "hard":
            error = "proof contains `sorry`" if tactic == "split" else "tactic failed"
        elif tactic == "split" and now == _ROOT:
            state = _BOTH
        elif tactic == "assumption" and now != _ROOT:
            state = _ONE if now == _BOTH else "no goals"
        else:
            error = "tactic failed"
        if state is not None:
            self.states.append(state)
        answer = {"error": error, "tacticState": state, "sid": len(self.states) - 1}
        self.stdout = io.StringIO(f"a message\nREPL> {json.dumps(answer)}\n")

    def flush(self):
        pass


def patch():
    import lean_dojo
    from lean_dojo.data_extraction import lean
    from lean_dojo.interaction import dojo

    def found(self):
        if self.commit == "nowhere":
            raise ValueError("no such commit")
        object.__setattr__(self, "uses_lean3", True)
        object.__setattr__(self, "uses_lean4", False)

    def enter(self):
        if self.entry.full_name == "missing":
            raise lean_dojo.DojoInitError("Failed to locate the theorem with `missing`")
        self.proc = Repl(self.entry.full_name)
        return self, dojo.TacticState(self._post_process(_ROOT), 0)

    lean.LeanGitRepo.__post_init__ = found
    lean.LeanGitRepo.is_lean4 = False
    dojo.Dojo.__enter__ = enter
    dojo.Dojo.__exit__ = lambda *_: None


if __name__ == "__main__":
    os.geteuid = lambda: 1000  # it refuses root; no Lean is started here
    offline_github()
    patch()
    sys.argv = sys.argv[-1:]
    runpy.run_path(sys.argv[0], run_name="__main__")

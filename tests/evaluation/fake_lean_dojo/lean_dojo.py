"""A `lean_dojo` of one theorem, with the names that the real one's version 1.6 has."""

from __future__ import annotations

from dataclasses import dataclass

_ROOT = "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p"


@dataclass(frozen=True)
class TacticState:
    pp: str
    id: int
    message: str | None = None

    @property
    def num_goals(self) -> int:
        return self.pp.count("⊢")


@dataclass(frozen=True)
class ProofFinished:
    tactic_state_id: int
    message: str | None = None


@dataclass(frozen=True)
class ProofGivenUp:
    pass


@dataclass(frozen=True)
class LeanError:
    error: str


@dataclass(frozen=True)
class TimeoutError:  # noqa: A001  (its name there)
    error: str


class DojoInitError(Exception):
    pass


class DojoCrashError(Exception):
    pass


@dataclass(frozen=True)
class LeanGitRepo:
    url: str
    commit: str
    uses_lean4 = False

    def __post_init__(self) -> None:
        if self.commit == "nowhere":
            raise ValueError("there is no such commit")


@dataclass(frozen=True)
class Theorem:
    repo: LeanGitRepo
    file_path: str
    full_name: str


class Dojo:
    def __init__(self, entry: Theorem, hard_timeout: float | None = None) -> None:
        assert hard_timeout is not None
        self._name = entry.full_name
        self._states = 0

    def __enter__(self) -> tuple[Dojo, TacticState]:
        print("noise on standard output")
        if self._name == "missing":
            raise DojoInitError("Failed to locate the theorem")
        return self, TacticState(_ROOT, 0)

    def __exit__(self, *what: object) -> None:
        pass

    def run_tac(self, state: TacticState, tactic: str) -> object:
        if self._name == "crashing":
            raise DojoCrashError("OOM")
        if tactic == "exact k":
            return TimeoutError("try_for_time tactic failed, timeout")
        if self._name == "hard":
            return ProofGivenUp() if tactic == "split" else LeanError("no")
        if tactic == "split" and state.pp == _ROOT:
            return self._next("h : p ∧ q\n⊢ q\n\nh : p ∧ q\n⊢ p")
        if tactic == "assumption" and state.pp != _ROOT:
            if state.num_goals == 1:
                return ProofFinished(9)
            return self._next("h : p ∧ q\n⊢ p")
        return LeanError("tactic failed")

    def _next(self, pp: str) -> TacticState:
        self._states += 1
        return TacticState(pp, self._states)

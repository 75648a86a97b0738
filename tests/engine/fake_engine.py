"""An engine whose prover follows a script: the name of the theorem at the site says what happens.

``python -m tests.engine.fake_engine`` is the real process with this service in place of the real
one. Names are matched by their first word (`hang_1` hangs); anything else is proved by `trivial`.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.__main__ import main
from engine.lifetime import tie
from engine.protocol import (
    CacheParams,
    CacheState,
    EngineError,
    Environment,
    EnvironmentParams,
    ErrorKind,
    ExtendParams,
    JobState,
    ProgressReport,
    ProposeParams,
    ProposeResult,
    ProveParams,
    ProveResult,
    Settings,
    Statistics,
    StopReason,
    Suggestion,
    SuggestParams,
    SuggestResult,
    TreeResult,
    Verdict,
    Verdicts,
    VerifyParams,
    VerifyTogetherParams,
)

if TYPE_CHECKING:
    from engine.service import Report

NAME = re.compile(r"\b(?:theorem|lemma|example|def)\b\s*([^\s:(\[{]*)")


class FakeProver:
    """Satisfies :class:`engine.service.Service`."""

    def __init__(self, settings: Settings) -> None:
        if settings.generator.model == "broken":
            raise EngineError(
                "There is no model 'broken'.",
                remedy="Use `repertoire`.",
                kind=ErrorKind.ENVIRONMENT,
            )
        self.settings = settings
        self.cancelled: dict[str, asyncio.Event] = {}
        self.children: list[subprocess.Popen[bytes]] = []

    async def environment(self, params: EnvironmentParams) -> Environment:
        return Environment(
            lean="/usr/bin/lean",
            lean_version="3.51.1",
            project_root=None,
            search_path=[params.path],
            mathlib=True,
            default_imports=["tactic"],
            generator=self.settings.generator.kind,
            device="cpu",
        )

    async def prove(self, params: ProveParams, report: Report) -> ProveResult:
        before = params.text[: params.site]
        name = NAME.findall(before)[-1]
        stop = self.cancelled.setdefault(params.job, asyncio.Event())
        base = ProgressReport(
            job=params.job,
            state=JobState.SEARCHING,
            elapsed=0.0,
            budget=params.options.budget,
            best_goal="p : Prop\n⊢ p → 𝕜",
        )
        word = re.split(r"[_\d]", name)[0]
        report(replace(base, state=JobState.OPENING))
        report(base)
        if word == "hang":
            self._start_child()
            await stop.wait()
            return self._result(params, proof=None, stop_reason=StopReason.CANCELLED)
        if word == "stuck":
            time.sleep(600)  # noqa: ASYNC251  (a service that blocks the loop)
        if word == "burst":
            for i in range(3000):
                report(replace(base, expansions=i, elapsed=i / 1000))
                if i % 10 == 0:
                    await asyncio.sleep(0.001)
            report(replace(base, expansions=9999, state=JobState.VERIFYING))
        if word == "fail":
            return self._result(params, proof=None, stop_reason=StopReason.NOTHING_OPEN)
        if word == "boom":
            raise ZeroDivisionError("secret detail")
        if word == "input":
            line = before.count("\n") + 1
            raise EngineError(
                "unknown identifier 'frob'", remedy="", line=line, column=3, kind=ErrorKind.INPUT
            )
        if word == "refuse":
            raise EngineError("The goal is not a proposition.", remedy="Use a theorem.")
        if word == "nolean":
            raise EngineError(
                "There is no `lean` on the PATH.",
                remedy="Install Lean 3.",
                kind=ErrorKind.ENVIRONMENT,
            )
        if word == "die":
            print("last words", file=sys.stderr, flush=True)
            os._exit(7)
        if word == "chatty":
            print("this goes to standard output")
            os.write(1, b"and so does this\n")
            os.system("echo and what a child says")  # noqa: ASYNC221, S605, S607
        if word == "edit":
            # Somebody saves the file while the search runs.
            Path(params.path or "").write_text("-- other\n")  # noqa: ASYNC240
        if word == "unverified":
            result = self._result(params, proof="trivial")
            return replace(result, verdict=Verdict(accepted=False, checker="Lean", seconds=0.1))
        if word == "lines":
            return self._result(params, proof="begin\n  intro h,\n  exact h,\nend")
        return self._result(params, proof="begin trivial end")

    async def extend(self, params: ExtendParams, report: Report) -> ProveResult:
        raise EngineError(f"There is no job {params.job!r}.")

    async def cancel(self, job: str) -> None:
        self.cancelled.setdefault(job, asyncio.Event()).set()

    async def suggest(self, params: SuggestParams) -> SuggestResult:
        found = [
            Suggestion(tactic="trivial", goals=0, state="no goals", log_prob=-0.5),
            Suggestion(tactic="intro h", goals=1, state="h : p\n⊢ p"),
        ]
        return SuggestResult(goal="⊢ p → p", suggestions=found[: params.limit])

    async def propose(self, params: ProposeParams) -> ProposeResult:
        if "boom" in params.state:
            raise EngineError("The generator failed.", remedy="Start it again.")
        found = ["refl", "simp", "simp *", "split", f"exact {params.state.split()[0]}"]
        tactics = [tactic for tactic in found if tactic.startswith(params.prefix)]
        return ProposeResult(tactics=tactics[: params.limit])

    async def verify(self, params: VerifyParams) -> Verdict:
        accepted = "wrong" not in params.replacement
        return Verdict(accepted=accepted, checker="Lean 3.51.1", seconds=0.1)

    async def verify_together(self, params: VerifyTogetherParams) -> Verdicts:
        """Two proofs do not go together where one text says ``clash``."""
        clash = "clash" in params.text and len(params.proofs) > 1
        verdicts = [
            Verdict(
                accepted=not clash and "wrong" not in proof.replacement,
                checker="Lean 3.51.1",
                seconds=0.1,
                message="they clash" if clash else "",
            )
            for proof in params.proofs
        ]
        return Verdicts(verdicts=verdicts)

    async def tree(self, job: str) -> TreeResult:
        return TreeResult(svg=f"<svg><!-- {job} --></svg>")

    async def cache(self, params: CacheParams) -> CacheState:
        removed = 0 if params.action == "show" else 3
        return CacheState(
            path="/a/cache", size=4096, proofs=7 - removed, failures=2, removed=removed
        )

    async def close(self) -> None:
        if self.settings.generator.model == "clingy":
            await asyncio.Event().wait()
        for child in self.children:
            child.kill()

    def _start_child(self) -> None:
        # Stands for Lean: tied to the engine, its process id told through a file.
        command = ["sleep", "600"]
        tied = tie(command, watcher=os.environ.get("FAKE_ENGINE_WATCHER") == "1")
        child = subprocess.Popen(tied.argv, **tied.options)
        tied.started()
        self.children.append(child)
        target = os.environ.get("FAKE_ENGINE_PIDS")
        if target:
            with Path(target).open("a", encoding="utf-8") as stream:
                stream.write(f"{os.getpid()} {child.pid}\n")

    def _result(
        self,
        params: ProveParams,
        *,
        proof: str | None,
        stop_reason: StopReason = StopReason.PROVED,
    ) -> ProveResult:
        goal = "p : Prop\n⊢ p → p"
        statistics = Statistics(expansions=3, nodes=4, tried=12, succeeded=5, failed=7)
        result = ProveResult(
            job=params.job,
            status="not found",
            stop_reason=stop_reason,
            goal=goal,
            elapsed=0.25,
            statistics=statistics,
        )
        if proof is None:
            return result
        text, start = params.text, params.site
        there = re.compile(r"sorry|begin\s*end|").match(text, start)
        end = there.end() if there else start
        if end == start and not text[:start].endswith((" ", "\n")):
            proof = " " + proof
        return replace(
            result,
            status="proved",
            steps=["trivial"],
            start=start,
            end=end,
            replacement=proof,
            verdict=Verdict(accepted=True, checker="Lean 3.51.1", seconds=0.1, axioms=["propext"]),
        )


if __name__ == "__main__":
    status = main(FakeProver)
    os._exit(status)

"""The scripted engine with what an editor's tests need besides: gates, budgets, more time.

By the first word of the theorem's name: `gate` searches until the file `gate` in the folder
``FAKE_ENGINE_HOME`` exists, and is then proved; `budget` runs out of its budget, and is proved when
it is given more; `strict` is proved, and any proof of it refused when it is judged anew; `deaf`
does not end when it is cancelled. Each verdict asked for is a line in the file `verified`,
and each search's text and path one in `searched`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.__main__ import main
from engine.protocol import (
    ExtendParams,
    JobState,
    ProgressReport,
    ProveParams,
    ProveResult,
    StopReason,
    Verdict,
    VerifyParams,
)
from tests.engine.fake_engine import NAME, FakeProver

if TYPE_CHECKING:
    from engine.service import Report

HOME = Path(os.environ.get("FAKE_ENGINE_HOME", "."))


class EditorsProver(FakeProver):
    """See above."""

    kept: dict[str, ProveParams]

    async def prove(self, params: ProveParams, report: Report) -> ProveResult:
        with (HOME / "searched").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([params.text, params.path]) + "\n")
        name = NAME.findall(params.text[: params.site])[-1]
        word = re.split(r"[_\d]", name)[0]
        if word == "budget":
            self.kept = {**getattr(self, "kept", {}), params.job: params}
            return self._result(params, proof=None, stop_reason=StopReason.BUDGET)
        if word == "deaf":
            await asyncio.sleep(600)
        if word == "frozen":
            time.sleep(600)  # noqa: ASYNC251  (an engine that answers nothing at all)
        if word == "gate":
            return await self._until_gate(params, report)
        return await super().prove(params, report)

    async def _until_gate(self, params: ProveParams, report: Report) -> ProveResult:
        stop = self.cancelled.setdefault(params.job, asyncio.Event())
        count = 0
        while not (HOME / "gate").exists():
            if stop.is_set():
                return self._result(params, proof=None, stop_reason=StopReason.CANCELLED)
            count += 1
            report(
                ProgressReport(
                    job=params.job,
                    state=JobState.SEARCHING,
                    elapsed=count / 20,
                    budget=params.options.budget,
                    n=9,
                    expansions=count,
                    nodes=43,
                    open_nodes=12,
                    depth=4,
                    tried=100,
                    succeeded=40,
                    timed_out=3,
                    tactics_per_second=25.0,
                    best_goal="p q : Prop\n⊢ q ∧ 𝕜",
                    generator="repertoire",
                    device="cpu",
                )
            )
            await asyncio.sleep(0.05)
        return self._result(params, proof="begin trivial end")

    async def extend(self, params: ExtendParams, report: Report) -> ProveResult:
        kept = getattr(self, "kept", {}).get(params.job)
        if kept is None:
            return await super().extend(params, report)
        with (HOME / "extended").open("a", encoding="utf-8") as stream:
            stream.write(f"{params.seconds}\n")
        return replace(self._result(kept, proof="begin trivial end"), elapsed=params.seconds)

    async def verify(self, params: VerifyParams) -> Verdict:
        with (HOME / "verified").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([params.text, params.site, params.replacement]) + "\n")
        name = NAME.findall(params.text[: params.site])[-1]
        verdict = await super().verify(params)
        if name.startswith("strict"):
            return replace(verdict, accepted=False, message="type mismatch")
        return verdict


if __name__ == "__main__":
    status = main(EditorsProver)
    os._exit(status)

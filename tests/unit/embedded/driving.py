"""Running the corpus through a session, and reading and writing what came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from engine.lean import Document
from engine.protocol import EngineError
from engine.source import analyse
from engine.values import Progress, Solved

if TYPE_CHECKING:
    from engine.lean import LeanSession

RECORD = Path(__file__).with_name("outcomes.json")
Outcomes = dict[str, str]
"""What became of each run of tactics (joined by tabs; none: the initial state): the state as
printed, ``solved``, or ``failed: `` and a reason."""


async def outcomes(
    session: LeanSession, text: str, scripts: list[list[str]], *, timeout: float = 10
) -> Outcomes:
    found: Outcomes = {}
    try:
        hole = await session.open(Document(text), analyse(text).sites[-1])
    except EngineError as error:
        return {"": f"failed: {error}"}
    found[""] = hole.greeting.text
    states = {"": 0}
    for script in scripts:
        before = ""
        for number in range(1, len(script) + 1):
            key = "\t".join(script[:number])
            if key not in found and before in states:
                async for result in hole.apply(
                    states[before], script[number - 1 : number], timeout=timeout
                ):
                    outcome = result.outcome
                    if isinstance(outcome, Progress):
                        found[key], states[key] = outcome.text, outcome.state_id
                    elif isinstance(outcome, Solved):
                        found[key] = "solved"
                    else:
                        found[key] = f"failed: {getattr(outcome, 'reason', 'out of time')}"
            before = key
    await hole.close()
    return found


def read() -> dict[str, Outcomes]:
    return json.loads(RECORD.read_text(encoding="utf-8"))


def write(recorded: dict[str, Outcomes]) -> None:
    short = {
        text: {k: "failed" if v.startswith("failed") else v for k, v in found.items()}
        for text, found in recorded.items()
    }
    RECORD.write_text(json.dumps(short, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def differences(lean: Outcomes, mine: Outcomes) -> list[str]:
    """Where the core does not do as Lean did, other than by naming what it does not know."""
    found = []
    for key, outcome in mine.items():
        expected = lean.get(key)
        if "does not know" in outcome or expected is None:
            continue
        short = "failed" if outcome.startswith("failed") else outcome
        if short != ("failed" if expected.startswith("failed") else expected):
            found.append(f"{key!r}: Lean: {expected}; the core: {outcome}")
    return found

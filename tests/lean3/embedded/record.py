"""Asks a real Lean about the whole corpus and records its answers.

Run with ``python -m tests.lean3.embedded.record`` after a change of the corpus.
"""

from __future__ import annotations

import asyncio

from engine.lean import ProcessSession
from tests.unit.embedded import driving
from tests.unit.embedded.corpus import ENTRIES


async def main() -> None:
    session = ProcessSession(lean=None, threads=2, memory_mb=4096)
    driving.write({text: await driving.outcomes(session, text, s) for text, s in ENTRIES})
    await session.close()


if __name__ == "__main__":
    asyncio.run(main())

"""A page in a process of its own, for a browser.

``python -m tests.web.serve HOME core|scripted N [TOKEN]`` prints its address; N searches run at a
time. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from dsp_lsp.web.limits import Limits
from tests.web.conftest import SCRIPTED, served


async def main(home: Path, kind: str, searches: int, token: str | None) -> None:
    core = kind == "core"
    limits = Limits(per_minute=1000, searches=searches, budget=300.0)
    async with served(
        home,
        engine=None if core else SCRIPTED,
        lean="embedded" if core else None,
        imports=() if core else ("tactic",),
        limits=limits,
        token=token,
        embedded=core,
    ) as page:
        print(page.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), (*sys.argv[4:], None)[0]))

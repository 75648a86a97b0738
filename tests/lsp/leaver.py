"""An editor that can be killed: starts the server, a search in it, and waits.

``python -m tests.lsp.leaver FOLDER COMMAND…`` prints the server's process id once the search runs.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from .conftest import end_editor, start_editor, uri_of

TEXT = "theorem hang (p : Prop) : p := sorry\n"


async def main(folder: Path, command: list[str]) -> None:
    editor = await start_editor(folder, command=command)
    try:
        uri = uri_of(folder)
        editor.open(uri, TEXT)
        job = (await editor.command("dsp.proveAll", {"uri": uri}))["jobs"][0]
        await editor.until(lambda job: job["state"] == "searching", job)
        print(editor.process.pid, flush=True)
        await asyncio.sleep(600)
    finally:
        await end_editor(editor)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))

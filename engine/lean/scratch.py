"""Folders for the files that Lean is given; they do not outlive the process that made them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine.protocol import EngineError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_PREFIX = "dsp-lsp-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-")


def make_scratch() -> Path:
    """A new empty folder that only this user can read.

    Raises :class:`EngineError` where there is no room.
    """
    with room():
        return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


@contextlib.asynccontextmanager
async def scratch() -> AsyncIterator[Path]:
    """A folder as :func:`make_scratch` makes them, for a while."""
    folder = await asyncio.to_thread(make_scratch)
    try:
        yield folder
    finally:
        # Not in a thread: whoever is cancelled once more would leave the folder behind.
        remove_scratch(folder)


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Makes an :class:`EngineError` of what goes wrong with files for Lean."""
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"The files that Lean needs cannot be made: {error.strerror or error}.",
            remedy="Make room in the folder for temporary files, or name another one in TMPDIR.",
            kind=ErrorKind.ENVIRONMENT,
        ) from error


def remove_scratch(folder: Path) -> None:
    """Removes a folder with what is in it; never fails."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Removes what processes left behind that were killed and could not."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            match = _NAME.match(entry.name)
            if match and entry.is_dir(follow_symlinks=False) and not _lives(int(match[1])):
                remove_scratch(Path(entry.path))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's process: its folder is theirs to remove
    return True

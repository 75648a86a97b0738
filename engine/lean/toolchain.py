"""Finding a Lean 3 `lean` and asking it what it is."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.lifetime import tie
from engine.protocol import EngineError, ErrorKind

INSTALL = (
    "Install Lean 3 with elan: `curl https://raw.githubusercontent.com/leanprover/elan/master/"
    "elan-init.sh -sSf | sh`, then `elan toolchain install leanprover-community/lean:3.51.1`; "
    "or name the program with `--lean`."
)
OLDEST = (3, 42, 0)
"""The REPL's Lean source needs what the core library has had since about this version."""

ANSWER_SECONDS = 20.0
"""How long a `lean` may take to tell its version. elan may be downloading one instead."""

_VERSION = re.compile(r"Lean \(version (\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A `lean` program as it is met from one folder (elan chooses per folder).

    ``search_path`` is Lean's own answer to where modules are looked up from there: its core
    library and, inside a configured project, the project and its dependencies.
    """

    program: Path
    version: tuple[int, int, int]
    folder: Path
    search_path: tuple[Path, ...]

    @property
    def version_text(self) -> str:
        """The version as Lean writes it."""
        return ".".join(map(str, self.version))


class LeanNotFoundError(EngineError):
    """There is no `lean` at all, on the PATH or in elan's folder."""


def _missing(message: str, remedy: str = INSTALL) -> EngineError:
    return EngineError(message, remedy=remedy, kind=ErrorKind.ENVIRONMENT)


def locate(program: str | None) -> Path:
    """The `lean` that is named or found; raises :class:`EngineError` where there is none."""
    if program is None:
        found = shutil.which("lean")
        if found is None:
            shim = Path.home() / ".elan" / "bin" / "lean"
            found = str(shim) if os.access(shim, os.X_OK) else None
        if found is None:
            raise LeanNotFoundError(
                "No `lean` was found on this machine.", remedy=INSTALL, kind=ErrorKind.ENVIRONMENT
            )
        return Path(found)
    found = shutil.which(Path(program).expanduser())
    if found is None:
        raise _missing(f"There is no program {program}.")
    return Path(found)


async def ask(program: Path, *arguments: str, cwd: Path) -> str:
    """What ``program`` prints on standard output; an EngineError if it fails or does not answer."""
    tied = tie([str(program), *arguments])
    try:
        process = await asyncio.create_subprocess_exec(
            *tied.argv,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            **tied.options,
        )
    except OSError as error:
        tied.release()
        raise _missing(f"{program} cannot be started: {error.strerror}.") from error
    tied.started()
    command = " ".join([str(program), *arguments])
    try:
        out, err = await asyncio.wait_for(process.communicate(), ANSWER_SECONDS)
    except asyncio.TimeoutError:
        raise _missing(
            f"`{command}` gave no answer within {ANSWER_SECONDS:.0f} s.",
            "If elan is downloading a toolchain, let it end in a terminal, then try again.",
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        tied.release()
    if process.returncode != 0:
        lines = err.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise _missing(f"`{command}` failed: {lines[0]}.")
    return out.decode("utf-8", "replace")


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The version in the first line of ``lean --version``, or None if this is no `lean`."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _normal(entry: str) -> Path:
    return Path(os.path.normpath(entry))


async def find_toolchain(folder: Path, program: str | None = None) -> Toolchain:
    """The Lean 3 that serves ``folder``; ``program`` overrides the search on the PATH and in elan.

    Raises :class:`EngineError` of kind environment, with the way to get one, when there is none,
    when it is Lean 4 or too old, or when it does not answer.
    """
    path = locate(program)
    answer = await ask(path, "--version", cwd=folder)
    version = parse_version(answer)
    if version is None:
        raise _missing(f"{path} does not answer like Lean: {answer.strip()[:80]!r}.")
    if version >= (4, 0, 0):
        raise _missing(f"{path} is Lean {version[0]}, and this prover speaks Lean 3.")
    if version < OLDEST:
        raise _missing(
            f"{path} is Lean {'.'.join(map(str, version))}, older than "
            f"{'.'.join(map(str, OLDEST))}, the oldest that this prover speaks.",
        )
    try:
        entries = json.loads(await ask(path, "--path", cwd=folder))["path"]
        search_path = tuple(_normal(entry) for entry in entries)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _missing(f"`{path} --path` gave no answer that can be read.") from error
    return Toolchain(path, version, folder, search_path)

"""The Lean source that runs inside Lean, compiled once per Lean into the user's cache."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from engine.cache import cache_folder
from engine.lean.toolchain import Toolchain, ask
from engine.protocol import EngineError, ErrorKind

MODULE = "dsp_lsp_runtime"
"""The module's name; documents that are searched import it in front of everything else."""


def _key(toolchain: Toolchain, source: bytes) -> str:
    # The library is named too: compiled modules are tied to the core library they were made with.
    identity = "\0".join([toolchain.version_text, *map(str, toolchain.search_path[:2])]).encode()
    return f"lean-{toolchain.version_text}-{hashlib.sha256(identity + source).hexdigest()[:16]}"


async def runtime_folder(toolchain: Toolchain, module: str = MODULE) -> Path:
    """A folder for Lean's search path that holds the compiled runtime, or another module of ours.

    Made on first use, in a temporary folder that is then renamed, so that several processes may do
    it at once. Raises :class:`EngineError` when this Lean does not accept the runtime, or the
    cache cannot be written.
    """
    source = resources.files(__name__).joinpath(f"{module}.lean").read_bytes()
    folder = cache_folder() / "runtime" / _key(toolchain, source)
    if (folder / f"{module}.olean").is_file():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            work = Path(made) / "runtime"
            work.mkdir()
            (work / f"{module}.lean").write_bytes(source)
            try:
                await ask(
                    toolchain.program, "--make", str(work / f"{module}.lean"), cwd=toolchain.folder
                )
            except EngineError as error:
                raise EngineError(
                    f"Lean {toolchain.version_text} does not compile the prover's runtime: "
                    f"{error.message}",
                    remedy="Use Lean 3.51.1, which this prover is tested with.",
                    kind=ErrorKind.ENVIRONMENT,
                ) from error
            await asyncio.to_thread(_publish, work, folder, module)
    except OSError as error:
        raise EngineError(
            f"The cache folder {folder.parent} cannot be written: {error.strerror}.",
            remedy="Make room there, or name another folder in DSP_LSP_CACHE.",
            kind=ErrorKind.ENVIRONMENT,
        ) from error
    return folder


def _publish(work: Path, folder: Path, module: str) -> None:
    try:
        work.rename(folder)
    except OSError:
        if not (folder / f"{module}.olean").is_file():
            # What is in the way is the remains of a run that was cut off.
            shutil.rmtree(folder, ignore_errors=True)
            work.rename(folder)

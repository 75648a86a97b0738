"""One file traced: Lean runs over a copy of it and says what its tactics did.

Lean writes its account beside the text that it is given. That text is a copy in a folder of ours,
and the account is a FIFO that is read while it is written: nothing is written beside a source, and
nothing large to any disk.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.data.extract import pairs_of
from engine.data.premises import Resolver, ask_for_names
from engine.data.syntax_tree import read_tree
from engine.lean.modules import with_absolute_imports
from engine.lean.process import LeanProcess, worst
from engine.lean.scratch import room, scratch
from engine.protocol import EngineError
from engine.source import analyse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from engine.data.records import TacticPair
    from engine.data.syntax_tree import SyntaxTree
    from engine.lean.messages import Message
    from engine.lean.process import LeanCommand

__all__ = ["Traced", "trace_file"]

_OPTIONS = ("--ast", "--tsast", "--tspp")
_BLOCK = 1 << 16
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Traced:
    """What came of a file: its pairs, how many characters Lean's account of it had, the first error
    in the file, if it has one, and in how many places Lean did not understand what was asked about
    names.
    """

    pairs: list[TacticPair]
    size: int
    error: str = ""
    unanswered: int = 0


async def trace_file(
    command: LeanCommand,
    source: Path,
    name: str,
    *,
    timeout: float,
    most: int,
    threads: Executor,
) -> Traced:
    """Runs Lean over a copy of ``source``, which is called ``name`` in its pairs.

    ``timeout`` is in seconds, ``most`` the characters of Lean's account that are read at most.
    Raises :class:`EngineError` where there is no account of the file.
    """
    text = await asyncio.to_thread(_read, source)
    given = with_absolute_imports(text, analyse(text), source, command.search_path)
    async with scratch() as folder:
        asking = await asyncio.to_thread(ask_for_names, given)
        with room():
            copy = folder / "traced.lean"
            copy.write_bytes(asking.text.encode("utf-8"))
            os.mkfifo(copy.with_suffix(".ast.json"), 0o600)
        tree, messages = await _run(
            replace(command, options=_OPTIONS), copy, timeout=timeout, most=most, threads=threads
        )
    # A question that Lean did not understand is not the file's error.
    error = worst([message for message in messages if message.line not in asking.lines])
    pairs = await asyncio.to_thread(
        lambda: pairs_of(tree, given, name, Resolver(asking, messages, tree, given).named)
    )
    said = "" if error is None else f"line {error.line}: {error.text}"
    unclear = {one.line for one in messages if one.is_error} & asking.lines
    return Traced(pairs, tree.size, said, len(unclear))


def _read(source: Path) -> str:
    try:
        return source.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise EngineError(f"{source} is not UTF-8 text.") from error
    except OSError as error:
        raise EngineError(f"{source} cannot be read: {error.strerror}.") from error


async def _run(
    command: LeanCommand, copy: Path, *, timeout: float, most: int, threads: Executor
) -> tuple[SyntaxTree, list[Message]]:
    # Held open here for writing as well, so that neither side waits for the other to open it.
    with room():
        descriptor = os.open(
            copy.with_suffix(".ast.json"), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        )
    over = threading.Event()
    reading: asyncio.Future[SyntaxTree] | None = None
    process: LeanProcess | None = None
    try:
        process = await LeanProcess.start(command, copy)
        reading = asyncio.get_running_loop().run_in_executor(
            threads, lambda: read_tree(_blocks(descriptor, over), most=most)
        )
        first: set[asyncio.Future[Any]] = {process.ended, reading}
        done, _ = await asyncio.wait(first, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise EngineError(f"Lean was not done after {timeout:.0f} s.")
        if reading not in done:
            over.set()
        try:
            tree = await reading
        except EngineError as broken:
            if not process.ended.done():
                raise
            raise EngineError(f"{broken.message} Lean {_why(process)}.") from broken
        await _ended(process)
        return tree, process.messages
    finally:
        over.set()
        if process is not None:
            await process.kill()
        if reading is not None:
            with suppress(EngineError):
                await reading
        os.close(descriptor)


async def _ended(process: LeanProcess) -> None:
    """Gives Lean a moment to end by itself, and its output to arrive."""
    await asyncio.wait({process.ended}, timeout=60)
    await process.kill()


def _why(process: LeanProcess) -> str:
    error = worst(process.messages)
    said = "" if error is None else f"; its first error, in line {error.line}: {error.text[:300]}"
    return process.how_it_ended() + said


def _blocks(descriptor: int, over: threading.Event) -> Iterator[bytes]:
    """What is written to the FIFO, until its writer is gone and nothing is left."""
    while True:
        ended = over.is_set()  # before we look: what was written before the end is there then
        readable, _, _ = select.select([descriptor], [], [], 0 if ended else _LOOK_SECONDS)
        if not readable:
            if ended:
                return
            continue
        with suppress(BlockingIOError):
            yield os.read(descriptor, _BLOCK)

"""What a run of Lean over the files of a project stands on: the project, its Lean, the sandbox, and
several of them at a time.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol

from engine.lean.process import LeanCommand, lean_over
from engine.lean.sandbox import Sandboxes
from engine.lean.scratch import sweep
from engine.lean.session import find_workplace
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from pathlib import Path

    from engine.lean.messages import Message
    from engine.lean.session import Workplace

__all__ = ["find_project", "lean_command", "run_text", "side_by_side"]


class _Settings(Protocol):
    @property
    def project(self) -> Path: ...
    @property
    def out(self) -> Path: ...
    @property
    def threads(self) -> int: ...
    @property
    def memory_mb(self) -> int: ...
    @property
    def lean(self) -> str | None: ...
    @property
    def sandbox(self) -> Literal["auto", "required", "off"]: ...


async def find_project(settings: _Settings, positive: Iterable[str]) -> tuple[Workplace, Path]:
    """The project's Lean and search path, and the folder of its sources.

    Raises :class:`EngineError` where there is no project or no Lean, where the output would lie
    among the sources, and where one of the settings named in ``positive`` is not.
    """
    for name in positive:
        if getattr(settings, name) <= 0:
            raise EngineError(f"{name} is {getattr(settings, name)}; it must be more than 0.")
    if not settings.project.is_dir():
        raise EngineError(f"There is no folder {settings.project}.")
    place = await find_workplace(settings.project.resolve(), settings.lean)
    source = (place.project.source if place.project is not None else settings.project).resolve()
    out = settings.out.resolve()
    if out == source or source in out.parents:
        raise EngineError(
            f"{out} is inside the project's sources.", remedy="Name another folder with `--out`."
        )
    return place, source


async def lean_command(
    settings: _Settings, place: Workplace, *before: Path, shows: bool
) -> LeanCommand:
    """How Lean is run on a file: with the folders ``before`` in front of the search path, in a
    sandbox; ``shows`` says on standard error what is to be known of that.
    """
    sandboxes = Sandboxes(settings.sandbox)
    command = LeanCommand(
        place.toolchain,
        (*before, *place.search_path),
        settings.threads,
        settings.memory_mb,
        await sandboxes.of(place.toolchain),
    )
    if shows:
        sys.stderr.writelines(f"{notice}\n" for notice in sandboxes.notices())
    sweep()
    return command


async def run_text(command: LeanCommand, text: str, timeout: float) -> tuple[list[Message], str]:
    """What Lean said of a text within ``timeout`` seconds, and how it ended."""
    async with lean_over(command, text) as run:
        try:
            await asyncio.wait_for(asyncio.shield(run.ended), timeout)
            ended = run.how_it_ended()
        except asyncio.TimeoutError:
            ended = f"was stopped after {timeout:g} s"
    return run.messages, ended


async def side_by_side(work: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """Does ``work`` ``count`` times at once; where one fails, or this is cancelled, ends all."""
    workers = [asyncio.create_task(work()) for _ in range(count)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

"""A warm Lean: ``lean --server``, Lean's own way to keep imports and the unchanged part of a text.

The server keeps, behind each command, an immutable snapshot of all that the parser knows
(environment, scopes, options). A text that starts as the one before is elaborated from the first
line that differs; an error, or a scope left open, reaches nothing else. It runs only proofs in the
lines that it is told to look at, so that the proofs in front of a site cost nothing: the theorems
are there, as after an import. What ran for a text that is replaced is cancelled.

It has several texts at a time, each on a sheet (:mod:`engine.lean.sheet`). They know nothing of
each other, and share the imported modules: a second sheet under mathlib's ``tactic`` takes 33 MB
where a second process takes 580.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.lean.messages import message_of
from engine.lean.process import LeanCommand, LeanProcess
from engine.lean.scratch import make_scratch, remove_scratch
from engine.lean.sheet import Sheet, WarmLeanError
from engine.lean.traffic import Traffic

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lean.messages import Message

__all__ = ["WarmLean", "WarmLeanError"]


@dataclass(slots=True)
class Said:
    """What the server said last, and how often it has spoken, of tasks and of messages."""

    busy: frozenset[str] = frozenset()
    messages: dict[str, list[Message]] = field(default_factory=dict)
    of_tasks: int = 0
    of_messages: int = 0


class WarmLean:
    """One server. Made by :meth:`start`."""

    def __init__(self, command: LeanCommand, header: str) -> None:
        self.command = command
        self.header = header
        self.folder: Path = make_scratch()
        self.said = Said()
        self.traffic = Traffic(command.places)
        self.flooded = False
        self._sheets: list[Sheet] = []
        self._process: LeanProcess | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[int, int]]] = {}
        self._news: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, seconds: float) -> Sheet:
        """Starts the process and waits until its first sheet has the imports of ``header``.

        Raises :class:`WarmLeanError` when that fails or takes longer than ``seconds``; the process
        is gone then. :class:`EngineError` when it cannot be started at all.
        """
        try:
            place = self.folder / "document.lean"
            self._process = await LeanProcess.start(self.command, place, self._heard)
            self._process.ended.add_done_callback(lambda _: self._tell())
            sheet = self.new_sheet()
            await asyncio.wait_for(sheet.load(), seconds)
        except asyncio.TimeoutError:
            await self.close()
            raise WarmLeanError(f"Lean did not load the imports within {seconds:.0f} s") from None
        except BaseException:
            await self.close()
            raise
        return sheet

    def new_sheet(self) -> Sheet:
        """Another sheet, with nothing on it."""
        sheet = Sheet(self, self.folder / f"document.{len(self._sheets)}.lean")
        self._sheets.append(sheet)
        return sheet

    @property
    def process(self) -> LeanProcess:
        """The process."""
        if self._process is None:
            raise WarmLeanError("Lean was not started")
        return self._process

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and not self._process.ended.done()

    async def close(self) -> None:
        """Kills the process and removes its folder; may be called twice."""
        if self._process is not None:
            await self._process.kill()
        remove_scratch(self.folder)

    # -- the wire --------------------------------------------------------------------------------

    def _heard(self, line: bytes) -> None:
        if not line:
            # Too long to be read: all messages of all sheets come in one line, each time anew.
            self.flooded = True
            self._tell()
            return
        if not line.startswith(b"{"):
            return
        if line.startswith(b'{"msgs"') and all(sheet.muted for sheet in self._sheets):
            self.said.of_messages += 1
            self._tell()
            return
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return
        match record:
            case {"response": "ok" | "error" as how, "seq_num": int(number)}:
                answer = self._answers.get(number)
                if answer is not None and not answer.done():
                    if how == "ok":
                        answer.set_result((self.said.of_tasks, self.said.of_messages))
                    else:
                        answer.set_exception(WarmLeanError(f"Lean says {record.get('message')}"))
            case {"response": "current_tasks", "tasks": list(tasks)}:
                self.said.busy = frozenset(map(_file_of, tasks))
                self.said.of_tasks += 1
                self._tell()
            case {"response": "all_messages", "msgs": list(records)}:
                self.said.messages = {}
                for item in records:
                    message = message_of(item)
                    if message is not None:
                        self.said.messages.setdefault(_file_of(item), []).append(message)
                self.said.of_messages += 1
                self._tell()

    def _tell(self) -> None:
        if not self._news.done():
            self._news.set_result(None)
        if not self.alive:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(WarmLeanError(f"Lean {self.process.how_it_ended()}"))

    async def next_news(self) -> None:
        """Waits until the server has said something; raises :class:`WarmLeanError` if it is gone or
        cannot be heard any more.
        """
        if not self.alive:
            raise WarmLeanError(f"Lean {self.process.how_it_ended()}")
        if self.flooded:
            raise WarmLeanError("Lean says too much to be heard")
        if self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    async def look(self, *, patience: float | None) -> tuple[int, int]:
        """Has the regions of all sheets looked at; as :meth:`ask`."""
        regions = [sheet.region for sheet in self._sheets]
        files = [region for region in regions if region is not None]
        return await self.ask("roi", patience=patience, mode="visible-lines", files=files)

    async def ask(self, command: str, *, patience: float | None, **payload: Any) -> tuple[int, int]:
        """How often the server had spoken of tasks and messages when it answered."""
        if not self.alive:
            raise WarmLeanError(f"Lean {self.process.how_it_ended()}")
        number = next(self._numbers)
        answer: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        request = {"seq_num": number, "command": command, **payload}
        self.process.say(json.dumps(request).encode("ascii"))
        try:
            # Not `wait_for`, which can lose a cancellation that comes with the answer.
            done, _ = await asyncio.wait({answer}, timeout=patience)
        finally:
            del self._answers[number]
        if not done:
            raise WarmLeanError(f"Lean gave no answer within {patience:.0f} s")
        return answer.result()


def _file_of(record: object) -> str:
    return str(record.get("file_name")) if isinstance(record, dict) else ""

"""A warm Lean: ``lean --server``, Lean's own way to keep imports and the unchanged part of a text.

The server keeps, behind each command, an immutable snapshot of all that the parser knows
(environment, scopes, options). A text that starts as the one before is elaborated from the first
line that differs; an error, or a scope left open, reaches nothing else. It runs only proofs in the
lines that it is told to look at, so that the proofs in front of a site cost nothing: the theorems
are there, as after an import. What ran for a text that is replaced is cancelled.

Its messages come on timers of its own, see :meth:`WarmLean.over`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.lean.messages import message_of
from engine.lean.process import LeanCommand, LeanProcess
from engine.lean.scratch import make_scratch, remove_scratch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.lean.messages import Message

_LAST_LINE = 1 << 30
_ANSWER_SECONDS = 60.0
"""How long a server may take to answer a request; it does so at once unless it is stuck."""

_CUT_SECONDS = 2.0
"""The same for a server that has to be ready for the next text."""

_LINES = 20_000
"""Every text is made this long with empty lines. The server keeps the extent that a text had when
a command was first read, and looks at nothing behind it.
"""

_QUIET_ROUNDS = 3
"""See :meth:`WarmLean.over`."""

NOTHING: dict[str, Any] = {"mode": "nothing", "files": []}


class WarmLeanError(Exception):
    """The server ended, or does not answer."""


@dataclass(slots=True)
class _State:
    """What the server said last, and how often it has spoken."""

    running: bool = True
    messages: Sequence[Message] = ()
    told_tasks: int = 0
    told_messages: int = 0


class WarmLean:
    """One server, which has one text at a time. Made by :meth:`start`."""

    def __init__(self, command: LeanCommand, header: str) -> None:
        self.command = command
        self.header = header
        self.folder: Path = make_scratch()
        self.text = ""
        self._file = self.folder / "document.lean"
        self._process: LeanProcess | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[int, int]]] = {}
        self._state = _State()
        self._region = NOTHING
        self._muted = False
        self._news: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, seconds: float) -> None:
        """Starts the process and waits until the imports of ``header`` are loaded.

        Raises :class:`WarmLeanError` when that fails or takes longer than ``seconds``; the process
        is gone then. :class:`EngineError` when it cannot be started at all.
        """
        try:
            self._process = await LeanProcess.start(self.command, self._file, self._heard)
            self._process.ended.add_done_callback(lambda _: self._tell())
            await asyncio.wait_for(self._load(), seconds)
        except asyncio.TimeoutError:
            await self.close()
            raise WarmLeanError(f"Lean did not load the imports within {seconds:.0f} s") from None
        except BaseException:
            await self.close()
            raise

    async def _load(self) -> None:
        await self.show(self.header, 1, patience=None)
        await self.over(rounds=1)  # too early would not be wrong

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
        if not line.startswith(b"{") or (self._muted and line.startswith(b'{"msgs"')):
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
                        answer.set_result((self._state.told_tasks, self._state.told_messages))
                    else:
                        answer.set_exception(WarmLeanError(f"Lean says {record.get('message')}"))
            case {"response": "current_tasks", "is_running": bool(running)}:
                self._state.running = running
                self._state.told_tasks += 1
                self._tell()
            case {"response": "all_messages", "msgs": list(records)}:
                found = (message_of(item) for item in records)
                self._state.messages = [message for message in found if message is not None]
                self._state.told_messages += 1
                self._tell()

    def _tell(self) -> None:
        if not self._news.done():
            self._news.set_result(None)
        if not self.alive:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(WarmLeanError(f"Lean {self.process.how_it_ended()}"))

    async def _next_news(self) -> None:
        if not self.alive:
            raise WarmLeanError(f"Lean {self.process.how_it_ended()}")
        if self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    async def _ask(
        self, command: str, *, patience: float | None, **payload: object
    ) -> tuple[int, int]:
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

    # -- texts -----------------------------------------------------------------------------------

    @property
    def _all(self) -> dict[str, Any]:
        return {"mode": "open-files", "files": [{"file_name": str(self._file), "ranges": []}]}

    def looking_at(self, line: int) -> dict[str, Any]:
        """A region of interest: the text's last command, if it starts on ``line``.

        For the server a command reaches to where the next one starts, the last one to the end.
        """
        lines = [{"begin_line": line + 1, "end_line": _LAST_LINE}]
        return {
            "mode": "visible-lines",
            "files": [{"file_name": str(self._file), "ranges": lines}],
        }

    async def show(self, text: str, line: int, *, patience: float | None = _ANSWER_SECONDS) -> None:
        """Replaces the text, whose last command starts on ``line``; no other proofs are run.

        What was going on for the text before is cancelled. Comes back at once.
        """
        self._muted = False
        region = self.looking_at(line) if text.count("\n") < _LINES else self._all
        await self.look(region, patience=patience)
        await self._sync(text, patience)

    async def _sync(self, text: str, patience: float | None) -> None:
        self.text = text
        content = text + "\n" * max(2, _LINES - text.count("\n"))
        await self._ask("sync", patience=patience, file_name=str(self._file), content=content)

    async def look(
        self, region: dict[str, Any], *, patience: float | None = _ANSWER_SECONDS
    ) -> tuple[int, int]:
        """Changes what of the text is to be elaborated and told of; as :meth:`_ask`."""
        self._region = region
        return await self._ask("roi", patience=patience, **region)

    async def over(self, rounds: int = _QUIET_ROUNDS) -> Sequence[Message]:
        """Waits until nothing of the region is left to do; its messages then.

        The server tells of tasks and messages on two timers, each of which first looks and then
        writes, so that one word of it can be older than a request that was answered before it.
        Asking for the region again makes both speak. Of the words of one timer, each is looked up
        after the one before was written: the second word after the text was taken is about that
        text, and the messages of the third round are not older than the tasks of the second.
        """
        quiet = 0
        while quiet < rounds:
            await self._round()
            quiet = 0 if self._state.running else quiet + 1
            while self._state.running:
                await self._next_news()
        return self._state.messages

    async def _round(self) -> None:
        tasks, messages = await self.look(self._region)
        while self._state.told_tasks == tasks or self._state.told_messages == messages:
            await self._next_news()

    async def of_command(self, line: int) -> Sequence[Message]:
        """The messages on ``line`` and behind it, once :meth:`over` has come back.

        The proof in front of that line may start to run for it; nobody waits for that.
        """
        self._region = self.looking_at(line - 1)
        await self._round()
        await self._round()  # the first word can be older
        return self._state.messages

    async def everything(self, seconds: float) -> Sequence[Message]:
        """Elaborates all of the text; its messages, or those of the first ``seconds``."""
        await self.look(self._all)
        over = asyncio.ensure_future(self.over())
        try:
            await asyncio.wait({over}, timeout=seconds)
        finally:
            over.cancel()
        return self._state.messages

    def mute(self) -> None:
        """Does not read the messages of this text any more.

        The region must stay as it is: a tactic's tasks run only if they are inside.
        """
        self._muted = True

    async def cut(self, line: int) -> None:
        """Takes away what stands on ``line`` and behind it; cancels what runs there."""
        await self.look(NOTHING, patience=_CUT_SECONDS)
        kept = self.text.splitlines(keepends=True)[: max(1, line - 1)]
        await self._sync("".join(kept), _CUT_SECONDS)

"""One of the texts that a warm Lean has at a time; the others are none of its business."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.lean.messages import Message
    from engine.lean.warm import WarmLean

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
"""See :meth:`Sheet.over`."""


class WarmLeanError(Exception):
    """The server ended, or does not answer."""


class Sheet:
    """A text of a warm Lean, and what Lean has to say of it; it has one text after the other."""

    def __init__(self, lean: WarmLean, file: Path) -> None:
        self.text = ""
        self.muted = True
        self.region: dict[str, Any] | None = None
        self._lean = lean
        self._file = file

    def _look_from(self, line: int) -> None:
        """What Lean is to look at: what reaches to ``line``, or stands behind it.

        For the server a command reaches to where the next one starts, the last one to the end.
        """
        lines = [{"begin_line": line, "end_line": _LAST_LINE}]
        self.region = {"file_name": str(self._file), "ranges": lines}

    async def load(self) -> None:
        """Has the imports loaded."""
        await self.show(self._lean.header, 1, patience=None)
        await self.over(rounds=1)  # too early would not be wrong
        self.muted = True

    async def show(self, text: str, line: int, *, patience: float | None = _ANSWER_SECONDS) -> None:
        """Replaces the text, whose last command starts on ``line``; no other proofs are run.

        What was going on for the text before is cancelled. Comes back at once.
        """
        self.muted = False
        self._look_from(line + 1 if text.count("\n") < _LINES else 1)
        await self._lean.look(patience=patience)
        await self._sync(text, patience)

    async def _sync(self, text: str, patience: float | None) -> None:
        self.text = text
        content = text + "\n" * max(2, _LINES - text.count("\n"))
        await self._lean.ask("sync", patience=patience, file_name=str(self._file), content=content)

    @property
    def _messages(self) -> Sequence[Message]:
        return self._lean.said.messages.get(str(self._file), [])

    @property
    def _busy(self) -> bool:
        return str(self._file) in self._lean.said.busy

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
            quiet = 0 if self._busy else quiet + 1
            while self._busy:
                await self._lean.next_news()
        return self._messages

    async def _round(self) -> None:
        tasks, messages = await self._lean.look(patience=_ANSWER_SECONDS)
        said = self._lean.said
        while said.of_tasks == tasks or said.of_messages == messages:
            await self._lean.next_news()

    async def of_command(self, line: int) -> Sequence[Message]:
        """The messages on ``line`` and behind it, once :meth:`over` has come back.

        The proof in front of that line may start to run for it; nobody waits for that.
        """
        self._look_from(line)
        await self._round()
        await self._round()  # the first word can be older
        return self._messages

    async def everything(self, seconds: float) -> Sequence[Message]:
        """Elaborates all of the text; its messages, or those of the first ``seconds``."""
        self._look_from(1)
        over = asyncio.ensure_future(self.over())
        try:
            await asyncio.wait({over}, timeout=seconds)
        finally:
            over.cancel()
        return self._messages

    def mute(self) -> None:
        """Does not want the messages of this text any more.

        The region must stay as it is: a tactic's tasks run only if they are inside.
        """
        self.muted = True

    async def cut(self, line: int) -> None:
        """Takes away what stands on ``line`` and behind it; cancels what runs there."""
        self.muted = True
        self.region = None
        await self._lean.look(patience=_CUT_SECONDS)
        kept = self.text.splitlines(keepends=True)[: max(1, line - 1)]
        await self._sync("".join(kept), _CUT_SECONDS)

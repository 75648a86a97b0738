"""Running what needs an engine: none is left behind, whatever happens."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["with_engine"]


class _Closing(Protocol):
    async def close(self) -> None: ...


T = TypeVar("T", bound=_Closing)


def with_engine(
    connect: Callable[[], T],
    command: Callable[[T], Coroutine[Any, Any, int]],
) -> int:
    """Runs ``command`` with a client, or what has one, that is closed whatever happens.

    Ctrl-C and SIGTERM cancel it, so that no engine is left behind; a second one does not wait.
    """
    import asyncio

    received: list[int] = []

    async def run() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  (a coroutine that runs has a task)

        def interrupt(signum: int) -> None:
            received.append(signum)
            task.cancel()

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under `nohup` and in a script's background some are ignored, and are to stay so.
            if signal.getsignal(signum) is not signal.SIG_IGN:
                loop.add_signal_handler(signum, interrupt, signum)
        client = connect()
        try:
            return await command(client)
        finally:
            await client.close()

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        from dsp_lsp.terminal import say

        say("dsp-lsp: interrupted.")
        return 128 + (received[0] if received else signal.SIGINT)

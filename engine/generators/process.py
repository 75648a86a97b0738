"""``dsp-generator``: a model as a process that speaks JSON lines over its standard streams.

Ends at the end of standard input, when what was asked before is answered (at most :data:`GRACE`
seconds later), and when its parent does. Exit status: 0 at the end of the input, 2 for arguments
that make no sense, 3 when the model cannot be loaded or cannot go on.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import logging
import os
import queue
import sys
import threading
import time
from dataclasses import replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from engine.generators import byt5
from engine.generators.backend import BackendError, Load, Request
from engine.generators.lines import (
    MAX_LINE,
    PROTOCOL,
    Answered,
    Cancel,
    Failed,
    Hello,
    Refused,
    Sample,
    Stats,
    parse_saying,
    write,
)
from engine.generators.models import default_model, locate
from engine.lifetime import die_with_parent
from engine.protocol import EngineError
from engine.wire import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.generators.backend import Backend
    from engine.generators.lines import Reply

__all__ = ["GRACE", "Service", "main"]

GRACE = 10.0
"""Seconds that requests get to be answered after the input has ended."""

MAX_N, MAX_BYTES = 1024, 4096
"""Most tactics a request may ask for, and most bytes each may have."""

ENDED, BAD_ARGUMENTS, FAILED = 0, 2, 3

_MODULES = {"ct2": "engine.generators.ct2", "torch": "engine.generators.torch_backend"}

_GPU_DEVICES = ("nvidia", "nvhost", "dxg", "kfd")
"""What the names of a GPU's devices begin with: NVIDIA, its small boards, Windows' WSL, AMD."""

logger = logging.getLogger("engine.generators")


class Service:
    """Between lines and a backend; ``send`` takes what goes back. Used by one thread."""

    def __init__(
        self, backend: Backend, send: Callable[[Reply], None], *, max_state_bytes: int
    ) -> None:
        self._backend = backend
        self._send = send
        self._max_state_bytes = max_state_bytes
        self._pending: set[int] = set()
        self._stats = Stats()

    @property
    def busy(self) -> bool:
        """Whether requests wait for an answer."""
        return self._backend.busy

    def take(self, line: bytes) -> None:
        """Does what a line says, or says that it is no message."""
        if not line.strip():
            return
        try:
            saying = parse_saying(line)
        except MalformedError as error:
            self._send(Refused(str(error)))
            return
        if isinstance(saying, Sample):
            self._sample(saying)
        elif isinstance(saying, Cancel):
            if saying.id in self._pending:
                self._backend.cancel(saying.id)
                self._pending.discard(saying.id)
                self._stats = replace(self._stats, cancelled=self._stats.cancelled + 1)
        else:
            self._send(replace(self._stats, pending=len(self._pending)))

    def _sample(self, asked: Sample) -> None:
        if asked.id in self._pending:
            self._send(Refused(f"A request numbered {asked.id} is under way."))
        elif not 1 <= asked.n <= MAX_N:
            self._send(Refused(f"n must be between 1 and {MAX_N}, not {asked.n}.", asked.id))
        elif not 1 <= asked.max_bytes <= MAX_BYTES:
            self._send(
                Refused(
                    f"max_bytes must be between 1 and {MAX_BYTES}, not {asked.max_bytes}.", asked.id
                )
            )
        else:
            self._pending.add(asked.id)
            self._stats = replace(self._stats, requests=self._stats.requests + 1)
            state = byt5.fit(asked.state, self._max_state_bytes)
            request = Request(state, asked.n, asked.seed, asked.decoding, asked.max_bytes)
            self._backend.submit(asked.id, request)

    def step(self) -> None:
        """Works for a moment, and answers what has ended."""
        started = time.monotonic()
        answers = self._backend.step()
        stats = replace(
            self._stats, seconds=self._stats.seconds + max(0.0, time.monotonic() - started)
        )
        for answer in answers:
            self._pending.discard(answer.key)
            if answer.error:
                stats = replace(stats, refused=stats.refused + 1)
                self._send(Refused(answer.error, answer.key))
                continue
            stats = replace(
                stats,
                answered=stats.answered + 1,
                candidates=stats.candidates + len(answer.candidates),
            )
            pairs = [(c.tactic, c.log_prob) for c in answer.candidates]
            self._send(Answered(answer.key, pairs))
        self._stats = stats


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until the input ends; returns the exit status."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(stream=sys.stderr)
    die_with_parent()
    _prefer_as_victim()
    lines, send = _take_streams()
    try:
        backend, name = _load(arguments)
        send(Hello(PROTOCOL, _version(), name, backend.model, backend.device))
        _serve(Service(backend, send, max_state_bytes=arguments.max_state_bytes), lines)
        backend.close()
    except (BackendError, EngineError) as error:
        lost = isinstance(error, BackendError) and error.device_lost
        send(Failed(error.message, error.remedy, lost))
        return FAILED
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        logger.exception("the generator failed")
        first = (str(error).strip().splitlines() or [""])[0]
        send(Failed(f"It failed with {type(error).__name__}: {first}".rstrip(": ")))
        return FAILED
    return ENDED


def _serve(service: Service, lines: queue.SimpleQueue[bytes | None]) -> None:
    ended = False
    while service.busy or not ended:
        with contextlib.suppress(queue.Empty):
            while not ended:
                line = lines.get(block=not service.busy)
                if line is None:
                    ended = True
                else:
                    service.take(line)
        if service.busy:
            service.step()


def _load(arguments: argparse.Namespace) -> tuple[Backend, str]:
    model = arguments.model or default_model()
    if model is None:
        raise EngineError("There is no model to serve.", remedy="Name one with --model.")
    wanted = Load(
        model=model,
        device=arguments.device,
        compute_type=arguments.compute_type,
        threads=arguments.threads or max(1, (os.cpu_count() or 1) // 2),
    )
    name = arguments.backend if arguments.backend != "auto" else _best(wanted)
    if name == "torch" and importlib.util.find_spec("torch") is None:
        raise BackendError(
            "The torch generator needs the Python package `torch`.",
            remedy="Install it: pip install 'dsp-lsp[gpu]'",
        )
    backend: Backend = import_module(_MODULES[name]).load(wanted)
    return backend, name


def _best(wanted: Load) -> str:
    """torch where there is a GPU, else the converted weights on the CPU where they are there."""
    if importlib.util.find_spec("torch") is None:
        return "ct2"
    if wanted.device.startswith("cuda"):
        return "torch"
    if wanted.device == "auto" and _may_have_gpu():
        import torch

        if torch.cuda.is_available():
            return "torch"
    return "ct2" if locate(wanted.model, prefer="ct2").format == "ct2" else "torch"


def _may_have_gpu() -> bool:
    """Whether it is worth asking torch, which takes seconds and 200 MB to load."""
    try:
        return any(name.startswith(_GPU_DEVICES) for name in os.listdir("/dev"))  # noqa: PTH208
    except OSError:
        return False


def _prefer_as_victim() -> None:
    """Where memory ends, this process is the one to lose: the search can go on without it."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("500")


def _take_streams() -> tuple[queue.SimpleQueue[bytes | None], Callable[[Reply], None]]:
    """Standard input as lines and standard output as a place for replies; nothing else gets at
    them: what libraries print goes to standard error."""
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(stdin, lines), name="lines-in", daemon=True).start()

    def send(reply: Reply) -> None:
        view = memoryview(write(reply))
        try:
            while view:
                view = view[os.write(stdout, view) :]
        except OSError:
            os._exit(ENDED)  # nobody reads any more

    return lines, send


def _read(stdin: int, lines: queue.SimpleQueue[bytes | None]) -> None:
    kept = bytearray()
    skipping = False
    while chunk := _chunk(stdin):
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            # What is over the limit is no message; an empty object says so in its place.
            lines.put(b"{}" if skipping or len(kept) + len(part) > MAX_LINE else bytes(kept + part))
            kept, skipping = bytearray(), False
        if not skipping:
            kept += rest
            if len(kept) > MAX_LINE:
                kept, skipping = bytearray(), True
    if kept:
        lines.put(bytes(kept))
    lines.put(None)
    timer = threading.Timer(GRACE, os._exit, (ENDED,))
    timer.daemon = True
    timer.start()


def _chunk(stdin: int) -> bytes:
    try:
        return os.read(stdin, 1 << 16)
    except OSError:
        return b""


def _version() -> str:
    try:
        return version("dsp-lsp")
    except PackageNotFoundError:
        return "unknown"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dsp-generator",
        description="Serves a tactic model over standard input and output, for dsp-lsp here or "
        "on another machine. Nothing is downloaded.",
    )
    parser.add_argument("--model", metavar="MODEL", help="a folder or a hub id")
    parser.add_argument(
        "--backend", choices=("auto", *_MODULES), default="auto", help="default: the fastest"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1")
    parser.add_argument("--compute-type", default="auto", metavar="TYPE", help="auto, bfloat16 …")
    parser.add_argument("--threads", type=int, metavar="N", help="on the CPU (half of the cores)")
    parser.add_argument("--max-state-bytes", type=int, default=2048, metavar="N")
    return parser


if __name__ == "__main__":
    # No interpreter shutdown: it would wait for the library's threads.
    status = main()
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    os._exit(status)

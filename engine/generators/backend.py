"""What runs inside a generator's process: a model that takes requests and works in steps.

A backend is used by one thread. It is told what to do by ``submit`` and ``cancel``, which are
cheap, and works in ``step``, so that its process can look at its input between two steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from engine.values import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Answer",
    "Backend",
    "BackendError",
    "Codec",
    "Decoding",
    "Load",
    "Request",
    "candidates",
]

_MARKS = re.compile(r"</?a>")

Decoding: TypeAlias = Literal["beam", "sampling"]


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for at most ``n`` distinct tactics for ``state``.

    ``state`` fits the model's window (:func:`engine.generators.byt5.fit`). A tactic has at most
    ``max_bytes`` bytes; what has not ended by then is dropped. ``decoding`` is beam search of width
    ``n`` without a length penalty, or ``n`` independent samples at temperature 1; ``seed`` makes
    samples reproducible and does not matter to beam search.
    """

    state: str
    n: int
    seed: int = 0
    decoding: Decoding = "beam"
    max_bytes: int = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request ended: with candidates, best first, or with why it alone failed."""

    key: int
    candidates: tuple[Candidate, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What to load and where.

    ``model``: a folder, or a Hugging Face hub id that is downloaded only if ``allow_download`` and
    the environment (``HF_HUB_OFFLINE``) let it. ``device``: ``auto``, ``cpu``, ``cuda`` or
    ``cuda:1``. ``compute_type``: ``auto``, or what the backend knows (``int8``, ``bfloat16``,
    ``float32`` …). ``threads``: on the CPU.
    """

    model: str
    device: str = "auto"
    compute_type: str = "auto"
    threads: int = 1
    allow_download: bool = False


class BackendError(Exception):
    """The backend cannot be loaded, or cannot go on: no request can be served any more.

    ``device_lost`` says that the same model may still work on the CPU.
    """

    def __init__(self, message: str, *, remedy: str = "", device_lost: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.device_lost = device_lost


class Codec(Protocol):
    """Between text and a model's tokens; see :mod:`engine.generators.byt5`."""

    PAD: int
    EOS: int

    def encode(self, text: str, /) -> list[int]:
        """Tokens with the end token."""
        ...

    def decode(self, ids: Sequence[int], /) -> str | None:
        """Text without white space around it; None for what is no tactic."""
        ...


class Backend(Protocol):
    """A loaded model. ``model`` says which, ``device`` where it runs, for people."""

    @property
    def model(self) -> str:
        """The hub id, or the folder's name and a few digits of its hash."""
        ...

    @property
    def device(self) -> str:
        """For example ``CPU (2 threads, int8)`` or ``NVIDIA H100 (bfloat16)``."""
        ...

    @property
    def busy(self) -> bool:
        """Whether :meth:`step` has something to do."""
        ...

    def submit(self, key: int, request: Request) -> None:
        """Takes a request under a number that is not in use."""
        ...

    def cancel(self, key: int) -> None:
        """Forgets a request, which is then not answered; no error if there is none."""
        ...

    def step(self) -> list[Answer]:
        """A bounded piece of work (well below a second); the requests that ended in it.

        Raises :class:`BackendError` when nothing can go on.
        """
        ...

    def close(self) -> None:
        """Frees the device."""
        ...


def candidates(
    hypotheses: Iterable[tuple[Sequence[int], float]], n: int, codec: Codec
) -> tuple[Candidate, ...]:
    """At most ``n`` distinct tactics, best first, of tokens and their log-probabilities.

    Each hypothesis comes with its end token, if it has one, and the sum of its tokens'
    log-probabilities, that of the end token included. Those that are no text or have no end are
    dropped; of those that differ only in white space around them the best stays. So it is with the
    marks ``<a>…</a>`` that models trained on LeanDojo's data put around names of premises.
    """
    best: dict[str, float] = {}
    for ids, log_prob in hypotheses:
        decoded = codec.decode(ids)
        tactic = decoded and _MARKS.sub("", decoded).strip()
        if tactic:
            # A sum of float32 may end a rounding error above 0.
            best[tactic] = max(best.get(tactic, float("-inf")), min(log_prob, 0.0))
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Candidate(tactic, log_prob) for tactic, log_prob in ranked[:n])

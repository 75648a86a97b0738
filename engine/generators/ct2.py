"""Models on the CPU, through CTranslate2.

A request is decoded as a whole, by one beam search or one draw of samples: CTranslate2 has no
smaller step. One that is cancelled while it is decoded runs to its end, and is thrown away.

CTranslate2 seeds each of its threads once, when the thread first draws; so each request for samples
gets a thread, that is a translator, of its own. Loading it again costs little beside the decoding.
"""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.generators import byt5, subword
from engine.generators.backend import Answer, BackendError, Load, Request, candidates
from engine.generators.models import BYTES, TOKENIZER, ModelFolder, locate, read_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.generators.backend import Codec

__all__ = ["Ct2", "converted_codec", "load"]

_NO_LENGTH_PENALTY = 1e-9
"""Changes no score by as much as float32 resolves. With 0, CTranslate2 stops as soon as ``n``
hypotheses have ended and one of them leads: then most of them are short, and better ones are lost.
"""

_PATIENCE, _MORE = 2.0, 20
"""Beam search ends when 2 n + 20 hypotheses have ended. Exact would be: when none that goes on is
as likely as the n-th that ended. With 3 n, 1.75 times as long goes into waiting for long ones; the
first 18 are the same (28 states, n = 60), and 99.6 % of all. Small n need the 20.
"""

_STEP_SECONDS = 0.05
_LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class _Running:
    key: int | None
    request: Request
    translator: Any
    result: Any


class Ct2:
    """A :class:`engine.generators.backend.Backend`."""

    def __init__(self, found: ModelFolder, codec: Codec, threads: int, compute_type: str) -> None:
        self.model = found.name
        self._folder = found.folder
        self._codec = codec
        self._tokens = _vocabulary(found.folder)
        self._ids = {token: number for number, token in enumerate(self._tokens)}
        self._threads = threads
        self._compute_type = compute_type
        self._translator = self._open()
        self.device = f"CPU ({threads} {'thread' if threads == 1 else 'threads'}, {self._kind})"
        self._waiting: deque[tuple[int, Request]] = deque()
        self._running: _Running | None = None

    def _open(self) -> Any:
        import ctranslate2

        try:
            return ctranslate2.Translator(
                str(self._folder),
                device="cpu",
                compute_type=self._compute_type,
                inter_threads=1,
                intra_threads=self._threads,
            )
        except (RuntimeError, ValueError) as error:
            raise BackendError(
                f"CTranslate2 does not load {self._folder}: {_line(error)}.",
                remedy="Convert the model again with: dsp-engine convert",
            ) from error

    @property
    def _kind(self) -> str:
        return str(self._translator.compute_type)

    @property
    def busy(self) -> bool:
        """Whether something is decoded or waits for it."""
        return self._running is not None or bool(self._waiting)

    def submit(self, key: int, request: Request) -> None:
        """Takes a request; they are served in the order in which they come."""
        self._waiting.append((key, request))

    def cancel(self, key: int) -> None:
        """Forgets a request."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] != key)
        running = self._running
        if running is not None and running.key == key:
            self._running = _Running(None, running.request, running.translator, running.result)

    def step(self) -> list[Answer]:
        """Decodes for a moment."""
        if self._running is None:
            if not self._waiting:
                return []
            key, request = self._waiting.popleft()
            try:
                self._running = self._start(key, request)
            except (RuntimeError, ValueError) as error:
                return [Answer(key, error=f"{_line(error)}.")]
        running = self._running
        deadline = time.monotonic() + _STEP_SECONDS
        while not running.result.done():
            if time.monotonic() > deadline:
                return []
            time.sleep(_LOOK_SECONDS)
        self._running = None
        if running.key is None:
            return []
        try:
            result = running.result.result()
        except (RuntimeError, ValueError) as error:
            return [Answer(running.key, error=f"{_line(error)}.")]
        hypotheses = zip(map(self._numbers, result.hypotheses), result.scores, strict=True)
        found = candidates(hypotheses, running.request.n, self._codec)
        return [Answer(running.key, found)]

    def close(self) -> None:
        """Lets go of the model."""
        self._waiting.clear()
        self._running = None
        self._translator = None

    def log_probs(self, state: str, tactic: str) -> list[float]:
        """The log-probability of each of the tactic's tokens, that of the end token last."""
        source, target = self._words(state), self._words(tactic)
        (result,) = self._translator.score_batch([source], [target[:-1]], max_input_length=0)
        return list(result.log_probs)

    def _start(self, key: int, request: Request) -> _Running:
        options: dict[str, Any] = {
            "num_hypotheses": request.n,
            "max_decoding_length": request.max_bytes + 1,
            # With 1, its default, the end token would be masked in the first step and everything
            # else be worth more than it is.
            "min_decoding_length": 0,
            "max_input_length": 0,
            "return_scores": True,
            "return_end_token": True,
            "asynchronous": True,
        }
        translator = self._translator
        if request.decoding == "beam":
            options |= {
                "beam_size": request.n,
                "length_penalty": _NO_LENGTH_PENALTY,
                "patience": _PATIENCE + _MORE / request.n,
            }
        else:
            import ctranslate2

            # 2³² - 1 means "any seed" to CTranslate2.
            ctranslate2.set_random_seed(request.seed % (1 << 31))
            translator = self._open()
            options |= {"beam_size": 1, "length_penalty": 0, "sampling_topk": 0}
        (result,) = translator.translate_batch([self._words(request.state)], **options)
        return _Running(key, request, translator, result)

    def _words(self, text: str) -> list[str]:
        return [self._tokens[number] for number in self._codec.encode(text)]

    def _numbers(self, tokens: Sequence[str]) -> list[int]:
        return [self._ids[token] for token in tokens]


def load(wanted: Load) -> Ct2:
    """The converted model that ``wanted`` names.

    Raises :class:`BackendError` where it cannot be loaded and
    :class:`engine.protocol.EngineError` where there is none.
    """
    try:
        import ctranslate2  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"CTranslate2 cannot be imported: {_line(error)}.",
            remedy="Install it: pip install ctranslate2",
        ) from error
    if wanted.device not in ("auto", "cpu"):
        raise BackendError(
            f"The ct2 generator runs on the CPU, not on {wanted.device}.",
            remedy="Choose the torch generator.",
        )
    found = locate(wanted.model, prefer="ct2")
    if found.format != "ct2":
        raise BackendError(
            f"{wanted.model} is not converted for the CPU.",
            remedy=f"Convert it with: dsp-engine convert {wanted.model}",
        )
    compute_type = "default" if wanted.compute_type == "auto" else wanted.compute_type
    return Ct2(found, converted_codec(found.folder), max(1, wanted.threads), compute_type)


def _vocabulary(folder: Path) -> list[str]:
    try:
        tokens = json.loads((folder / "shared_vocabulary.json").read_text("utf-8"))
    except (OSError, ValueError):
        tokens = None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise BackendError(
            f"{folder} has no vocabulary that can be read.",
            remedy="Convert the model again with: dsp-engine convert",
        )
    return tokens


def converted_codec(folder: Path) -> Codec:
    """What splits text for a converted model; :class:`BackendError` where that is not known."""
    manifest = read_manifest(folder)
    if manifest is not None:
        if manifest.tokenizer == BYTES:
            return byt5
        return subword.load(folder / TOKENIZER)
    # CTranslate2's own converter names the token of a byte by the character of that number.
    tokens = _vocabulary(folder)
    if len(tokens) >= byt5.EXTRA and all(
        tokens[byt5.OFFSET + byte] == chr(byte) for byte in b"azAZ09"
    ):
        return byt5
    raise BackendError(
        f"The model in {folder} does not work on bytes.",
        remedy="Convert its checkpoint again with: dsp-engine convert",
    )


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")

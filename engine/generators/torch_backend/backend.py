"""The backend: requests come and go, and what is there decodes together."""

from __future__ import annotations

import gc
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from engine.generators import byt5
from engine.generators.backend import Answer, BackendError, candidates
from engine.generators.torch_backend.batch import Batch
from engine.generators.torch_backend.encoding import Encoder
from engine.generators.torch_backend.sampling import seed_words
from engine.generators.torch_backend.slots import Plan, bytes_per_slot

if TYPE_CHECKING:
    from engine.generators.backend import Codec, Request
    from engine.generators.torch_backend.model import Model

__all__ = ["Limits", "TorchBackend"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How requests are sorted into batches.

    ``widths``: a batch is as wide as the first of these that its first state fits in (wider states
    take multiples of the last). ``rows``: hypotheses in a batch; ``slots``: states in one; both at
    most. ``stride``: steps a round. ``memory``: bytes for a batch, at most, None for no bound.
    """

    widths: tuple[int, ...]
    rows: int
    slots: int
    stride: int
    memory: int | None = None

    @staticmethod
    def of(device: torch.device) -> Limits:
        """For a GPU, where narrow batches are no faster, or the CPU, where they are."""
        if device.type == "cuda":
            return Limits(widths=(32, 96, 192), rows=1024, slots=16, stride=8)
        return Limits(widths=(4, 8, 16, 32, 64, 96, 128), rows=512, slots=8, stride=1)


@dataclass(frozen=True, slots=True)
class _Job:
    key: int
    request: Request
    tokens: list[int]
    plan: Plan


class TorchBackend:
    """See :class:`engine.generators.backend.Backend`.

    A batch that nobody sits in is kept, with its recorded steps, for those who come. When memory
    runs out for a new batch, it gets fewer slots; when it runs out for good, everything is freed
    and half as many states are let in at once, those that were under way before the others; they
    are decoded again. A state that does not fit alone is refused.
    """

    def __init__(
        self,
        model: Model,
        *,
        name: str,
        device: str,
        limits: Limits | None = None,
        codec: Codec = byt5,
    ) -> None:
        self.model = name
        self._codec = codec
        self.device = device
        self._model = model
        self._limits = limits or Limits.of(model.device)
        self._encoder = Encoder(model)
        # How many states may be under way; falls when memory runs out.
        self._capacity = self._limits.slots * 4
        self._under_way: set[int] = set()
        self._waiting: deque[_Job] = deque()
        self._jobs: dict[int, _Job] = {}
        self._batches: list[Batch] = []

    @property
    def busy(self) -> bool:
        """Whether a request is waiting or under way."""
        return bool(self._jobs)

    def submit(self, key: int, request: Request) -> None:
        """Takes a request."""
        tokens = self._codec.encode(request.state)
        job = _Job(key, request, tokens, self._plan(request, len(tokens)))
        self._jobs[key] = job
        self._waiting.append(job)

    def cancel(self, key: int) -> None:
        """Forgets a request; its slot is free at once."""
        job = self._jobs.pop(key, None)
        self._under_way.discard(key)
        if job is None:
            return
        if job in self._waiting:
            self._waiting.remove(job)
        for batch in self._batches:
            batch.cancel(key)

    def step(self) -> list[Answer]:
        """Lets waiting states in, decodes a few bytes of all, and answers what is done."""
        try:
            with torch.inference_mode():
                return self._step()
        except RuntimeError as error:
            if _is_memory(error):
                return self._retreat()
            if self._model.device.type == "cpu":
                raise
            raise BackendError(
                f"The GPU failed: {str(error).strip().splitlines()[0].rstrip('.')}.",
                remedy="Restart to try the GPU again; nvidia-smi shows whether it still answers.",
                device_lost=True,
            ) from error

    def close(self) -> None:
        """Forgets all requests and frees the batches."""
        self._jobs.clear()
        self._waiting.clear()
        self._under_way.clear()
        self._batches.clear()

    def _step(self) -> list[Answer]:
        self._admit()
        active = [batch for batch in self._batches if not batch.empty]
        for batch in active:
            batch.launch()
        answers = []
        for batch in active:
            for key, found in batch.collect():
                request = self._jobs.pop(key).request
                self._under_way.discard(key)
                answers.append(Answer(key, candidates(found, request.n, self._codec)))
        return answers

    def _plan(self, request: Request, length: int) -> Plan:
        widths = self._limits.widths
        wide = next((w for w in widths if w >= request.n), _up(request.n, widths[-1]))
        # The end token takes a step of its own.
        steps = _up(request.max_bytes + 1, 64)
        return Plan(
            request.decoding == "beam", wide, steps, max(512, 1 << (length - 1).bit_length())
        )

    def _admit(self) -> None:
        chosen: list[tuple[_Job, Batch]] = []
        taken: dict[int, int] = {}
        for job in tuple(self._waiting):
            if len(self._under_way) >= self._capacity:
                break
            # Before memory is asked for: if there is none, this state is one of those that ask.
            self._under_way.add(job.key)
            batch = self._batch_for(job.plan, taken)
            if batch is not None:
                taken[id(batch)] = taken.get(id(batch), 0) + 1
                chosen.append((job, batch))
            else:
                self._under_way.discard(job.key)
        for group in self._encoder.split([len(job.tokens) for job, _ in chosen]):
            cross = self._encoder([chosen[i][0].tokens for i in group])
            for row, (job, batch) in enumerate(chosen[i] for i in group):
                request = job.request
                batch.admit(
                    job.key,
                    cross[row, :, :, : len(job.tokens)],
                    width=request.n,
                    steps=request.max_bytes + 1,
                    seed=seed_words(request.seed),
                )
                self._waiting.remove(job)

    def _batch_for(self, plan: Plan, taken: dict[int, int]) -> Batch | None:
        """The batch that a state of ``plan`` joins; None while it has to wait."""
        fitting = [batch for batch in self._batches if batch.plan.takes(plan)]
        # One that decodes anyway before one that would begin to; then the narrowest.
        fitting.sort(key=lambda batch: (batch.empty and not taken.get(id(batch)), batch.plan.width))
        for batch in fitting:
            if batch.seats.count(None) > taken.get(id(batch), 0):
                return batch
        if any(batch.plan == plan for batch in fitting):
            return None
        # What is empty makes room rather than pile up.
        idle = [batch for batch in self._batches if batch.empty and not taken.get(id(batch))]
        for batch in idle[: max(0, len(idle) - 2)]:
            self._batches.remove(batch)
        return self._open(plan)

    def _open(self, plan: Plan) -> Batch:
        limits, model = self._limits, self._model
        count = min(limits.slots, self._capacity, max(1, limits.rows // plan.width))
        count = 1 << (count.bit_length() - 1)
        need = bytes_per_slot(plan, model.shape, model.dtype)
        memory = limits.memory
        if memory is None and model.device.type == "cuda":
            memory = torch.cuda.mem_get_info(model.device)[0] // 2
        while memory is not None and count > 1 and count * need > memory:
            count //= 2
        batch = self._try(plan, count)
        while batch is None:
            count //= 2
            batch = self._try(plan, count)
        self._batches.append(batch)
        return batch

    def _try(self, plan: Plan, count: int) -> Batch | None:
        """A new batch; None where there is no memory for so many slots, but may be for fewer."""
        try:
            return Batch(self._model, plan, count, stride=self._limits.stride)
        except RuntimeError as error:
            if count == 1 or not _is_memory(error):
                raise
            return None

    def _retreat(self) -> list[Answer]:
        """After memory ran out: less at a time, and what cannot be made less is refused."""
        asked = len(self._under_way)
        if asked <= 1 and not any(batch.empty for batch in self._batches):
            # Nothing is left to free: the one under way does not fit by itself.
            key = next(iter(self._under_way))
            request = self._jobs[key].request
            self.cancel(key)
            self._free()
            error = (
                f"The device has too little memory for {request.n} hypotheses of "
                f"{request.max_bytes} bytes. Ask for fewer or shorter tactics, or use the CPU."
            )
            return [Answer(key, error=error)]
        if asked > 1:
            self._capacity = max(1, asked // 2)
        self._free()
        # Those that were under way come before those that waited.
        self._waiting = deque(self._jobs.values())
        self._under_way.clear()
        return []

    def _free(self) -> None:
        self._batches = []
        self._encoder = Encoder(self._model)
        gc.collect()
        if self._model.device.type == "cuda":
            torch.cuda.synchronize(self._model.device)
            torch.cuda.empty_cache()


def _is_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, be it that another error came of it while steps were recorded."""
    while error is not None:
        text = str(error)
        if isinstance(error, torch.OutOfMemoryError) or "ALLOC_FAILED" in text:
            return True
        if "out of memory" in text or "can't allocate memory" in text:
            return True
        error = error.__cause__ or error.__context__
    return False


def _up(number: int, step: int) -> int:
    return -(-number // step) * step

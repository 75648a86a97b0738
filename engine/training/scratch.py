"""Training a model from scratch: the loop, its judgement, and what a killed run resumes from."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from engine.protocol import EngineError, ErrorKind
from engine.training import checkpoints
from engine.training.attention import Fused, Plain
from engine.training.batches import IGNORED, Shelf
from engine.training.examples import read_examples
from engine.training.packing import Capacity, epoch, pack
from engine.training.schedule import rate
from engine.training.t5 import T5, initial
from engine.training.work import operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from torch import Tensor

    from engine.training.examples import Example
    from engine.training.settings import ScratchSettings
    from engine.training.t5 import Weights

__all__ = ["Summary", "train"]

_STATE = "state.pt"
_CURVE = "curve.jsonl"
_EAGER_STEPS = 3
"""What libraries set up at their first use cannot be recorded."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a training went. Losses are in nats a token, of which a byte is one."""

    examples: int
    validation_examples: int
    weights: int
    steps: int
    best_step: int
    best_loss: float
    best_accuracy: float
    pairs_per_second: float
    operations_per_second: float
    device: str


def train(settings: ScratchSettings, out: Path, say: Callable[[dict[str, Any]], None]) -> Summary:
    """Trains, and leaves the best weights in ``out/model``, in Hugging Face format.

    ``say`` gets each line of ``out/curve.jsonl`` as it is written. Where ``out`` has a state that
    an earlier run saved, training goes on from there, and takes the same course as if it had not
    been interrupted (on a GPU: up to the order in which sums are made). Raises
    :class:`EngineError`.
    """
    device = _device(settings.device)
    limits = settings.max_state_bytes, settings.max_tactic_bytes
    shown = read_examples(settings.train, *limits)
    held = read_examples(settings.validation, *limits)[: settings.validation_pairs]
    out.mkdir(parents=True, exist_ok=True)
    run = _Run(settings, shown, held, device)
    state = out / _STATE
    if state.exists():
        run.restore(state)
    curve = _Curve(out / _CURVE, run.step, say)
    if device.type == "cuda":
        # Not on the stream that everything waits for: steps are recorded.
        with torch.cuda.device(device), torch.cuda.stream(torch.cuda.Stream(device)):
            return _train(run, out, curve)
    return _train(run, out, curve)


def _train(run: _Run, out: Path, curve: _Curve) -> Summary:
    settings, state, model = run.settings, out / _STATE, out / "model"
    clock = _Clock(run)
    while run.step < settings.steps:
        run.advance()
        last = run.step == settings.steps
        if run.step % 100 == 0 or last:
            curve.add(run.step, **run.window(), **clock.speed())
        if run.step % settings.evaluate_every == 0 or last:
            clock.pause()
            curve.add(run.step, **run.evaluate())
            if run.best_step == run.step:
                run.keep(model)
            clock.go_on()
        if settings.save_every and (run.step % settings.save_every == 0) and not last:
            clock.pause()
            run.save(state)
            clock.go_on()
    return Summary(
        examples=len(run.shown),
        validation_examples=len(run.held),
        weights=sum(part.numel() for part in run.weights.values()),
        steps=run.step,
        best_step=run.best_step,
        best_loss=run.best_loss,
        best_accuracy=run.best_accuracy,
        pairs_per_second=clock.pairs_per_second,
        operations_per_second=clock.operations_per_second,
        device=str(run.device) if run.device.type == "cpu" else torch.cuda.get_device_name(),
    )


class _Run:
    """Everything that changes from step to step."""

    def __init__(
        self,
        settings: ScratchSettings,
        shown: list[Example],
        held: list[Example],
        device: torch.device,
    ) -> None:
        self.settings, self.shown, self.held, self.device = settings, shown, held, device
        on_gpu = device.type == "cuda"
        torch.manual_seed(settings.seed)
        attention = Fused() if on_gpu else Plain()
        self._block = attention.block
        self._model = T5(
            settings.shape,
            attention,
            dtype=torch.bfloat16 if on_gpu else torch.float32,
            device=device,
            compiled=on_gpu and settings.compile,
        )
        drawn = initial(settings.shape, seed=settings.seed)
        self.weights = {k: v.to(device).requires_grad_() for k, v in drawn.items()}
        self._average = {k: v.detach().clone() for k, v in self.weights.items()}
        self._capacity = Capacity(
            settings.batch_states, settings.batch_tactics, settings.batch_pairs
        )
        self._shelf = Shelf(shown, device=device)
        self._held_shelf = Shelf(held, device=device)
        self._lengths = [len(e.state) for e in shown], [len(e.tactic) for e in shown]
        self._optimizer = _optimizer(self.weights, settings, device)
        self._chosen = torch.full((settings.batch_pairs,), -1, device=device)
        self._graph: Any = None
        self._eager_steps = 0
        self._sums = torch.zeros(3, device=device)
        self._epoch, self._plan, self._at = -1, self._chosen[None], 1
        self._sizes: list[list[int]] = []
        self.step = 0
        self.operations = operations(settings.shape, zip(*self._lengths, strict=True)) / len(shown)
        self.pairs_seen = 0
        self.best_step, self.best_loss, self.best_accuracy = 0, float("inf"), 0.0

    def advance(self) -> None:
        """One step."""
        if self._at == len(self._plan):
            self._open_epoch(self._epoch + 1)
        self._chosen.copy_(self._plan[self._at])
        self.pairs_seen += len(self._sizes[self._at])
        self._at += 1
        settings = self.settings
        factor = rate(self.step, steps=settings.steps, warmup=settings.warmup, floor=settings.floor)
        for group in self._optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(settings.learning_rate * factor)
            else:
                group["lr"] = settings.learning_rate * factor
        if self._graph is not None:
            self._graph.replay()
        elif self.device.type == "cuda" and settings.graph and self._eager_steps >= _EAGER_STEPS:
            self._optimizer.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._learn()
            self._graph = graph
            graph.replay()
        else:
            self._optimizer.zero_grad(set_to_none=True)
            self._learn()
            self._eager_steps += 1
        self.step += 1

    def _learn(self) -> None:
        settings = self.settings
        batch = self._shelf.batch(
            self._chosen, self._capacity, block=self._block, noise=settings.noise
        )
        loss, right = self._model.judge(
            self.weights, batch, dropout=settings.dropout, smoothing=settings.smoothing
        )
        loss.backward()
        parts = list(self.weights.values())
        norm = torch.nn.utils.clip_grad_norm_(parts, settings.clip)
        self._optimizer.step()
        with torch.no_grad():
            averages = list(self._average.values())
            torch._foreach_lerp_(averages, parts, 1 - settings.averaging)
            self._sums += torch.stack([loss.detach(), right, norm])

    def _open_epoch(self, number: int) -> None:
        settings = self.settings
        self._sizes = epoch(number, settings.seed, *self._lengths, self._capacity)
        rows = [row + [-1] * (settings.batch_pairs - len(row)) for row in self._sizes]
        self._plan = torch.tensor(rows, device=self.device)
        self._epoch, self._at = number, 0

    def window(self) -> dict[str, Any]:
        """Means over the steps since the last call."""
        loss, right, norm = self._sums.tolist()
        since = self.step - self._window_start
        self._sums.zero_()
        self._window_start = self.step
        return {
            "epoch": round(self._epoch + self._at / max(1, len(self._plan)), 2),
            "loss": loss / since,
            "accuracy": right / since,
            "norm": norm / since,
        }

    _window_start = 0

    def evaluate(self) -> dict[str, Any]:
        """Judges the running average; ``best_step`` is this step if it is the best so far."""
        lengths = [len(e.state) for e in self.held], [len(e.tactic) for e in self.held]
        sums = torch.zeros(3, device=self.device, dtype=torch.float64)
        for row in pack(range(len(self.held)), *lengths, self._capacity):
            padded = row + [-1] * (self.settings.batch_pairs - len(row))
            chosen = torch.tensor(padded, device=self.device)
            batch = self._held_shelf.batch(chosen, self._capacity, block=self._block)
            with torch.no_grad():
                loss, right = self._model.judge(self._average, batch)
            count = (batch.said != IGNORED).sum()
            sums += torch.stack([loss * count, right * count, count])
        loss, right, count = sums.tolist()
        found, accuracy = loss / count, right / count
        if found < self.best_loss:
            self.best_step, self.best_loss, self.best_accuracy = self.step, found, accuracy
        return {"validation_loss": found, "validation_accuracy": accuracy}

    def keep(self, folder: Path) -> None:
        """Writes the running average as the model of this run."""
        checkpoints.save(folder, self._average, self.settings.shape, dtype=torch.float32)

    def save(self, path: Path) -> None:
        """Writes all that a run needs to go on as this one would; whole or not at all."""
        beside = path.with_name(f".{os.getpid()}.{path.name}")
        random_states = [torch.get_rng_state()]
        if self.device.type == "cuda":
            random_states.append(torch.cuda.get_rng_state(self.device))
        torch.save(
            {
                "weights": {k: v.detach() for k, v in self.weights.items()},
                "average": self._average,
                "optimizer": self._optimizer.state_dict(),
                "random": random_states,
                "sums": self._sums,
                "numbers": {name: getattr(self, name) for name in _NUMBERS},
            },
            beside,
        )
        beside.replace(path)

    def restore(self, path: Path) -> None:
        """Takes over what :meth:`save` wrote."""
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            with torch.no_grad():
                for name, part in self.weights.items():
                    part.copy_(state["weights"][name])
                    self._average[name].copy_(state["average"][name])
            self._optimizer.load_state_dict(state["optimizer"])
        except (KeyError, ValueError, RuntimeError, EOFError) as error:
            raise EngineError(
                f"{path} is not the state of a training like this one ({error}).",
                remedy="Name another folder with --out, or remove this one.",
            ) from error
        self._sums.copy_(state["sums"])
        number, at = state["numbers"]["_epoch"], state["numbers"]["_at"]
        if number >= 0:
            self._open_epoch(number)
        for name in _NUMBERS:
            setattr(self, name, state["numbers"][name])
        self._at = at
        torch.set_rng_state(state["random"][0].cpu())
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random"][1].cpu(), self.device)


_NUMBERS = (
    "step", "pairs_seen", "best_step", "best_loss", "best_accuracy",
    "_epoch", "_at", "_window_start",
)  # fmt: skip


class _Clock:
    """The speed of training alone, the first hundred steps and judgements left out."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._since = time.perf_counter()
        self._pairs = run.pairs_seen
        self._seconds = 0.0
        self._total = (0, 0.0)
        self._windows = 0

    def pause(self) -> None:
        self._wait()
        self._seconds += time.perf_counter() - self._since

    def go_on(self) -> None:
        self._since = time.perf_counter()

    def speed(self) -> dict[str, float]:
        """Of the steps since the last call."""
        self.pause()
        pairs, seconds = self._run.pairs_seen - self._pairs, self._seconds
        self._pairs, self._seconds = self._run.pairs_seen, 0.0
        self._windows += 1
        if self._windows > 1:
            self._total = (self._total[0] + pairs, self._total[1] + seconds)
        self.go_on()
        return {"pairs_per_second": pairs / seconds, "seconds": round(seconds, 3)}

    @property
    def pairs_per_second(self) -> float:
        pairs, seconds = self._total
        return pairs / seconds if seconds else 0.0

    @property
    def operations_per_second(self) -> float:
        return self.pairs_per_second * self._run.operations

    def _wait(self) -> None:
        if self._run.device.type == "cuda":
            torch.cuda.synchronize()


class _Curve:
    """The file of a run's figures, one JSON object a line; what is after ``step`` is dropped."""

    def __init__(self, path: Path, step: int, say: Callable[[dict[str, Any]], None]) -> None:
        self._path, self._say = path, say
        kept = [line for line in _lines(path) if line["step"] <= step]
        path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def add(self, step: int, **figures: Any) -> None:
        line = {"step": step, **figures}
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        self._say(line)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            # A killed run can leave half a line.
            if line.endswith("}"):
                yield json.loads(line)


def _optimizer(
    weights: Weights, settings: ScratchSettings, device: torch.device
) -> torch.optim.Optimizer:
    on_gpu = device.type == "cuda"

    def group(parts: Iterable[Tensor], decay: float) -> dict[str, Any]:
        start: Any = torch.zeros((), device=device) if on_gpu else 0.0
        return {"params": list(parts), "weight_decay": decay, "lr": start}

    matrices = {
        name: part for name, part in weights.items() if part.ndim == 2 and "bias" not in name
    }
    others = [part for name, part in weights.items() if name not in matrices]
    return torch.optim.AdamW(
        [group(matrices.values(), settings.decay), group(others, 0.0)],
        betas=(0.9, 0.98),
        fused=on_gpu,
        capturable=on_gpu,
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise EngineError(
            "PyTorch finds no GPU.",
            remedy="Install PyTorch with CUDA and NVIDIA's driver, or choose the device cpu.",
            kind=ErrorKind.ENVIRONMENT,
        )
    return torch.device(name)

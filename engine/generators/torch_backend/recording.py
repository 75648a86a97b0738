"""Recording what a device does, to replay it without the host's part in it (CUDA graphs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Recorder"]

Result = TypeVar("Result")


class Recorder:
    """Runs functions that read and write the same tensors each time.

    On CUDA the first run of a key is a plain one, in which libraries set themselves up; in the
    second it is recorded; from then on it is replayed. What a function returns lies in the same
    place after each replay. Elsewhere, and with ``record`` off, functions are simply called.
    """

    def __init__(self, device: torch.device, *, record: bool = True) -> None:
        self._record = record and device.type == "cuda"
        self._seen: set[Hashable] = set()
        self._graphs: dict[Hashable, tuple[torch.cuda.CUDAGraph, object]] = {}
        self._pool = torch.cuda.graph_pool_handle() if self._record else None

    def __call__(self, key: Hashable, function: Callable[[], Result]) -> Result:
        """The result of ``function``, which ``key`` stands for."""
        if not self._record:
            return function()
        if key in self._graphs:
            graph, result = self._graphs[key]
            graph.replay()
            return result  # type: ignore[return-value]
        if key not in self._seen:
            result = function()
            self._seen.add(key)
            return result
        graph = torch.cuda.CUDAGraph()
        # Other threads of the process may use the device meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            recorded = function()
        self._graphs[key] = (graph, recorded)
        graph.replay()
        return recorded

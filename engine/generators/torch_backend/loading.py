"""From what is wanted to a backend that has run once."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import torch

from engine.generators import byt5, subword
from engine.generators.backend import BackendError, Load, Request
from engine.generators.ct2 import converted_codec
from engine.generators.models import TOKENIZER, locate
from engine.generators.torch_backend.backend import Limits, TorchBackend
from engine.generators.torch_backend.checkpoint import read
from engine.generators.torch_backend.converted import read_converted
from engine.generators.torch_backend.model import Model
from engine.generators.torch_backend.plain import Plain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.generators.backend import Codec
    from engine.generators.torch_backend.plain import Operations

__all__ = ["load"]

logger = logging.getLogger(__name__)

_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load(wanted: Load) -> TorchBackend:
    """The checkpoint that ``wanted`` names, on the GPU if there is one and nothing else is said.

    Raises :class:`BackendError` where it cannot be loaded and
    :class:`engine.protocol.EngineError` where there is none.
    """
    device = _device(wanted.device)
    dtype = _dtype(wanted.compute_type, device)
    found = locate(wanted.model, prefer="hf")
    if found.format == "hf":
        codec, checkpoint = _codec(found.folder), read(found.folder)
    else:
        codec, checkpoint = converted_codec(found.folder), read_converted(found.folder)
    where = f"CPU ({wanted.threads} {'thread' if wanted.threads == 1 else 'threads'}, "
    if device.type == "cpu":
        torch.set_num_threads(max(1, wanted.threads))
    else:
        where = f"{torch.cuda.get_device_name(device)} ("
    where += f"{str(dtype).removeprefix('torch.')})"
    try:
        model = Model(checkpoint, device=device, dtype=dtype, operations=_operations(device))
        backend = TorchBackend(
            model, name=found.name, device=where, limits=Limits.of(device), codec=codec
        )
        if device.type == "cuda":
            _warm_up(backend)
    except RuntimeError as error:
        raise BackendError(
            f"The model does not run on {where}: {_line(error)}.",
            remedy="Free memory on the device, or use the CPU.",
            device_lost=device.type == "cuda",
        ) from error
    return backend


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise BackendError(
            f"{name} is no device that the torch generator knows.",
            remedy="Name auto, cpu, cuda or cuda:1.",
        )
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BackendError(
            "PyTorch finds no GPU.",
            remedy="Install PyTorch with CUDA and NVIDIA's driver, or choose the device cpu.",
            device_lost=True,
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BackendError(
            f"There are {torch.cuda.device_count()} GPUs, and none is {name}.",
            remedy="They are numbered from cuda:0.",
        )
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        # T5 overflows in float16, so that a GPU without bfloat16 computes in float32.
        narrow = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if narrow else torch.float32
    if name not in _TYPES:
        raise BackendError(
            f"The torch generator does not compute in {name}.",
            remedy="Choose auto, bfloat16 or float32.",
        )
    return _TYPES[name]


def _operations(device: torch.device) -> Operations:
    """Triton's kernels where they run."""
    if device.type == "cpu":
        return Plain()
    try:
        from engine.generators.torch_backend.fused import Fused

        fused = Fused()
        ones = torch.ones(1, 16, device=device)
        fused.norm(ones, ones[0], 1e-6)
        torch.cuda.synchronize(device)
    except Exception as error:  # no Triton, no compiler for its launchers, a GPU too old
        logger.warning("Triton does not work here, which makes it slower: %s", _line(error))
        return Plain()
    return fused


def _warm_up(backend: TorchBackend) -> None:
    """Has kernels compiled and libraries set up before somebody waits for them."""
    for key, request in enumerate(
        (
            Request("⊢ true", 33, decoding="beam", max_bytes=31),
            Request("⊢ true", 33, decoding="sampling", max_bytes=31),
        )
    ):
        backend.submit(key, request)
        while backend.busy:
            backend.step()
    backend.close()


def _codec(folder: Path) -> Codec:
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        kind = str(config.get("tokenizer_class", ""))
    except (OSError, ValueError, AttributeError):
        kind = ""
    if "ByT5" in kind:
        return byt5
    if (folder / TOKENIZER).is_file():
        return subword.load(folder / TOKENIZER)
    if kind:
        raise BackendError(
            f"The checkpoint in {folder} has a {kind} but no {TOKENIZER}.",
            remedy=f"Save its tokenizer again with a transformers that writes {TOKENIZER}.",
        )
    # Neither is there: a folder with nothing but weights is taken for a ByT5.
    return byt5


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")

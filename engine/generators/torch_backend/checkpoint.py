"""T5 checkpoints in Hugging Face format: their shape and their tensors.

The rest of the package sees only :class:`Checkpoint`, so that weights of another origin need no
more than a dictionary of tensors under Hugging Face's names and a :class:`Shape`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from engine.generators.backend import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

__all__ = ["Checkpoint", "Shape", "read", "read_shape"]

_ACTIVATIONS = {"relu", "gelu", "gelu_new", "silu"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a T5 and the few switches in which T5s differ.

    ``scale_output``: the decoder's output is multiplied by ``d_model ** -0.5`` before the head, as
    in the first T5, whose head is its embedding. ``start``: the token that decoding starts from.
    """

    vocabulary: int
    d_model: int
    d_kv: int
    d_ff: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    buckets: int
    max_distance: int
    epsilon: float
    activation: str
    gated: bool
    scale_output: bool
    start: int
    eos: int

    @property
    def inner(self) -> int:
        """The width of all heads together; need not be ``d_model``."""
        return self.heads * self.d_kv


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A shape and tensors under Hugging Face's names, in any floating type."""

    shape: Shape
    tensors: Mapping[str, Tensor]


def read_shape(config: Mapping[str, Any]) -> Shape:
    """What a ``config.json`` says; :class:`BackendError` where it is no T5 that we know."""
    if config.get("model_type") not in {"t5", "mt5"}:
        raise BackendError(
            f"The checkpoint is a model of the type {config.get('model_type')}.",
            remedy="Choose a T5, for example a fine-tuned ByT5.",
        )
    words = str(config.get("feed_forward_proj", "relu")).split("-")
    gated, activation = words[0] == "gated", words[-1]
    if gated and activation == "gelu":
        activation = "gelu_new"  # what T5 1.1 means by it
    if activation not in _ACTIVATIONS:
        raise BackendError(
            f"The checkpoint's activation {activation} is not known.",
            remedy="T5s use relu or gated-gelu.",
        )
    # transformers 5 ties every T5 and keeps under another name what the switch used to mean.
    scale = config.get("scale_decoder_outputs")
    if scale is None:
        scale = config.get("tie_word_embeddings") is not False
    eos = config.get("eos_token_id", 1)
    layers = int(config.get("num_layers", 6))
    return Shape(
        vocabulary=int(config.get("vocab_size", 32128)),
        d_model=int(config.get("d_model", 512)),
        d_kv=int(config.get("d_kv", 64)),
        d_ff=int(config.get("d_ff", 2048)),
        heads=int(config.get("num_heads", 8)),
        encoder_layers=layers,
        decoder_layers=int(config.get("num_decoder_layers") or layers),
        buckets=int(config.get("relative_attention_num_buckets", 32)),
        max_distance=int(config.get("relative_attention_max_distance", 128)),
        epsilon=float(config.get("layer_norm_epsilon", 1e-6)),
        activation=activation,
        gated=gated,
        scale_output=bool(scale),
        start=int(config.get("decoder_start_token_id") or 0),
        eos=int(eos[0] if isinstance(eos, list) else eos),
    )


def read(folder: Path) -> Checkpoint:
    """The checkpoint in ``folder``: ``config.json`` and safetensors or PyTorch's own files.

    Raises :class:`BackendError` where a file is missing, broken or of another model.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        shape = read_shape(config)
        tensors = _tensors(folder)
    except BackendError:
        raise
    except Exception as error:  # whatever the readers of three formats raise on broken files
        raise BackendError(
            f"The checkpoint in {folder} cannot be read: {error}.",
            remedy="The folder must hold config.json and model.safetensors or pytorch_model.bin.",
        ) from error
    if "shared.weight" not in tensors:
        for name in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"):
            if name in tensors:
                tensors["shared.weight"] = tensors[name]
    if "shared.weight" not in tensors:
        raise BackendError(f"The checkpoint in {folder} has no embedding (shared.weight).")
    return Checkpoint(shape, tensors)


def _tensors(folder: Path) -> dict[str, Tensor]:
    for stem, suffix in (("model", "safetensors"), ("pytorch_model", "bin")):
        index = folder / f"{stem}.{suffix}.index.json"
        single = folder / f"{stem}.{suffix}"
        if index.is_file():
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            files = [folder / name for name in sorted(names)]
        elif single.is_file():
            files = [single]
        else:
            continue
        tensors: dict[str, Tensor] = {}
        for file in files:
            tensors.update(_file(file))
        return tensors
    raise FileNotFoundError("no weights")


def _file(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        loaded: dict[str, Tensor] = load_file(str(path))
        return loaded
    # Nothing but tensors is unpickled: a checkpoint is a file from the network.
    unpickled: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return unpickled

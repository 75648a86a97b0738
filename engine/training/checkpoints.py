"""Trained weights as a folder in Hugging Face format, and back."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import torch

from engine.generators import byt5
from engine.training.t5 import EPSILON, VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.training.settings import ShapeSettings
    from engine.training.t5 import Weights

__all__ = ["config", "load", "save"]

_TABLE = "block.0.layer.0.SelfAttention.relative_attention_bias.weight"


def save(folder: Path, weights: Weights, shape: ShapeSettings, *, dtype: torch.dtype) -> None:
    """Writes ``config.json``, ``tokenizer_config.json`` and ``model.safetensors``.

    The folder appears whole, in place of what had its name.
    """
    from safetensors.torch import save_file

    tensors = {
        name: (part.detach() * _scale(name, shape)).to("cpu", dtype)
        for ours, names in _names(shape)
        for name, part in zip(names, weights[ours].chunk(len(names)), strict=True)
    }
    work = folder.with_name(f".{os.getpid()}.{folder.name}")
    work.mkdir(parents=True)
    try:
        save_file(tensors, work / "model.safetensors", metadata={"format": "pt"})
        for name, values in (
            ("config.json", config(shape, dtype)),
            ("tokenizer_config.json", {"tokenizer_class": "ByT5Tokenizer", "extra_ids": 125}),
        ):
            (work / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        work.replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def load(folder: Path, shape: ShapeSettings) -> Weights:
    """The weights of a folder that :func:`save` wrote, in float32 on the CPU."""
    from safetensors.torch import load_file

    tensors = load_file(folder / "model.safetensors")
    return {
        ours: torch.cat([tensors[name].float() / _scale(name, shape) for name in names])
        for ours, names in _names(shape)
    }


def config(shape: ShapeSettings, dtype: torch.dtype) -> dict[str, Any]:
    """The ``config.json`` of a ByT5 of this shape."""
    return {
        "architectures": ["T5ForConditionalGeneration"],
        "model_type": "t5",
        "vocab_size": VOCABULARY,
        "d_model": shape.d_model,
        "d_kv": shape.d_kv,
        "d_ff": shape.d_ff,
        "num_heads": shape.heads,
        "num_layers": shape.encoder_layers,
        "num_decoder_layers": shape.decoder_layers,
        "relative_attention_num_buckets": shape.buckets,
        "relative_attention_max_distance": shape.max_distance,
        "feed_forward_proj": "gated-gelu",
        "layer_norm_epsilon": EPSILON,
        "dropout_rate": 0.0,
        "is_encoder_decoder": True,
        "use_cache": True,
        "tie_word_embeddings": False,
        "pad_token_id": byt5.PAD,
        "eos_token_id": byt5.EOS,
        "decoder_start_token_id": byt5.PAD,
        "torch_dtype": str(dtype).removeprefix("torch."),
    }


def _scale(name: str, shape: ShapeSettings) -> float:
    """By what our weights are multiplied to be Hugging Face's: see :mod:`engine.training.t5`."""
    return float(shape.d_kv**-0.5) if name.endswith(".q.weight") else 1.0


def _names(shape: ShapeSettings) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Our names, each with Hugging Face's names of the parts that it joins."""

    def attention(ours: str, theirs: str, kind: str, norm: str) -> Iterator[tuple[str, Any]]:
        yield f"{ours}norm", (f"{norm}.layer_norm.weight",)
        yield f"{ours}out", (f"{theirs}.{kind}.o.weight",)

    def feed(ours: str, theirs: str) -> Iterator[tuple[str, Any]]:
        yield f"{ours}feed_norm", (f"{theirs}.layer_norm.weight",)
        at = f"{theirs}.DenseReluDense"
        yield f"{ours}feed_in", (f"{at}.wi_0.weight", f"{at}.wi_1.weight")
        yield f"{ours}feed_out", (f"{at}.wo.weight",)

    yield "embedding", ("shared.weight",)
    for side, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
        for i in range(layers):
            ours, theirs = f"{side}.{i}.", f"{side}.block.{i}.layer"
            yield from attention(ours, f"{theirs}.0", "SelfAttention", f"{theirs}.0")
            yield f"{ours}qkv", tuple(f"{theirs}.0.SelfAttention.{n}.weight" for n in "qkv")
            if side == "decoder":
                across = f"{theirs}.1.EncDecAttention"
                yield from attention(
                    f"{ours}cross_", f"{theirs}.1", "EncDecAttention", f"{theirs}.1"
                )
                yield f"{ours}cross_q", (f"{across}.q.weight",)
                yield f"{ours}cross_kv", (f"{across}.k.weight", f"{across}.v.weight")
            yield from feed(ours, f"{theirs}.{2 if side == 'decoder' else 1}")
        yield f"{side}.norm", (f"{side}.final_layer_norm.weight",)
        yield f"{side}.bias", (f"{side}.{_TABLE}",)
    yield "head", ("lm_head.weight",)

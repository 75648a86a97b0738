"""What CTranslate2 runs as a checkpoint: one set of int8 weights serves the CPU and the GPU.

Matrices that were quantized are multiplied out again; the names become Hugging Face's.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import torch

from engine.generators.backend import BackendError
from engine.generators.torch_backend.checkpoint import Checkpoint, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

__all__ = ["read_converted"]

_VERSION, _SPECIFICATION = 6, "TransformerSpec"
_TYPES = (
    torch.float32, torch.int8, torch.int16, torch.int32, torch.float16, torch.bfloat16,
)  # fmt: skip
"""By CTranslate2's numbers."""

_ACTIVATIONS = {0: "relu", 1: "gelu_new", 2: "silu", 3: "gelu"}


def read_converted(folder: Path) -> Checkpoint:
    """The model in ``folder``. Raises :class:`BackendError` where it is none that we know."""
    try:
        with (folder / "model.bin").open("rb") as file:
            variables = _variables(file)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tokens = json.loads((folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
        shape = _shape(variables, config, tokens)
        return Checkpoint(shape, dict(_named(variables, shape)))
    except BackendError:
        raise
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise BackendError(
            f"The converted model in {folder} cannot be read: {error!r}.",
            remedy="Convert the model again with: dsp-engine convert",
        ) from error


def _variables(file: BinaryIO) -> dict[str, Tensor]:
    """All tensors of a ``model.bin``, in floats where they were quantized."""

    def numbers(form: str) -> tuple[int, ...]:
        return struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))

    def text() -> str:
        (length,) = numbers("H")
        return file.read(length)[:-1].decode("utf-8")

    (version,) = numbers("I")
    specification = text()
    (_revision,) = numbers("I")
    if (version, specification) != (_VERSION, _SPECIFICATION):
        raise BackendError(
            f"The converted model is a {specification} in format {version}, which is not known.",
            remedy="Convert the model again with: dsp-engine convert",
        )
    raw: dict[str, Tensor] = {}
    (count,) = numbers("I")
    for _ in range(count):
        name = text()
        (rank,) = numbers("B")
        size = numbers(f"{rank}I")
        kind, length = numbers("BI")
        found = torch.frombuffer(bytearray(file.read(length)), dtype=_TYPES[kind])
        raw[name] = found.reshape(size)
    (count,) = numbers("I")
    for _ in range(count):
        name, original = text(), text()
        raw[name] = raw[original]
        if f"{original}_scale" in raw:
            raw[f"{name}_scale"] = raw[f"{original}_scale"]
    return {
        name: _wide(part, raw.get(f"{name}_scale"))
        for name, part in raw.items()
        if not name.endswith("weight_scale")
    }


def _wide(part: Tensor, scale: Tensor | None) -> Tensor:
    if scale is None:
        return part
    return part.float() / (scale[:, None] if scale.ndim else scale)


def _shape(variables: dict[str, Tensor], config: dict[str, Any], tokens: list[str]) -> Shape:
    def layers(side: str) -> int:
        names = {name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_")}
        return len(names - {"layer_norm"})

    first = "encoder/layer_0"
    vocabulary, d_model = variables["decoder/embeddings/weight"].shape
    heads = int(variables["encoder/num_heads"])
    at = f"{first}/self_attention"
    scale = float(variables.get("decoder/scale_outputs", torch.tensor(1.0)))
    return Shape(
        vocabulary=vocabulary,
        d_model=d_model,
        d_kv=variables[f"{at}/linear_1/weight"].shape[1] // heads,
        d_ff=variables[f"{first}/ffn/linear_0/weight"].shape[0],
        heads=heads,
        encoder_layers=layers("encoder"),
        decoder_layers=layers("decoder"),
        buckets=variables[f"{at}/relative_attention_bias"].shape[0],
        max_distance=int(variables[f"{at}/relative_attention_max_distance"]),
        epsilon=float(config.get("layer_norm_epsilon") or 1e-6),
        activation=_ACTIVATIONS[int(variables["encoder/activation"])],
        gated=f"{first}/ffn/linear_0_noact/weight" in variables,
        scale_output=scale != 1.0,
        start=tokens.index(config["decoder_start_token"]),
        eos=tokens.index(config["eos_token"]),
    )


def _named(variables: dict[str, Tensor], shape: Shape) -> Iterator[tuple[str, Tensor]]:
    """Each of Hugging Face's names with its tensor."""

    def feed(theirs: str, ours: str) -> Iterator[tuple[str, Tensor]]:
        yield f"{ours}.layer_norm.weight", variables[f"{theirs}/layer_norm/gamma"]
        at = f"{ours}.DenseReluDense"
        first = "wi_0" if shape.gated else "wi"
        yield f"{at}.{first}.weight", variables[f"{theirs}/linear_0/weight"]
        if shape.gated:
            yield f"{at}.wi_1.weight", variables[f"{theirs}/linear_0_noact/weight"]
        yield f"{at}.wo.weight", variables[f"{theirs}/linear_1/weight"]

    def attention(theirs: str, ours: str, kind: str) -> Iterator[tuple[str, Tensor]]:
        yield f"{ours}.layer_norm.weight", variables[f"{theirs}/layer_norm/gamma"]
        # Self-attention has queries, keys and values in one matrix, the other has two.
        last = 2 if kind == "EncDecAttention" else 1
        joined = torch.cat([variables[f"{theirs}/linear_{i}/weight"] for i in range(last)])
        for name, part in zip("qkv", joined.chunk(3), strict=True):
            yield f"{ours}.{kind}.{name}.weight", part
        yield f"{ours}.{kind}.o.weight", variables[f"{theirs}/linear_{last}/weight"]

    for side, count in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
        for i in range(count):
            theirs, ours = f"{side}/layer_{i}", f"{side}.block.{i}.layer"
            yield from attention(f"{theirs}/self_attention", f"{ours}.0", "SelfAttention")
            if side == "decoder":
                yield from attention(f"{theirs}/attention", f"{ours}.1", "EncDecAttention")
            yield from feed(f"{theirs}/ffn", f"{ours}.{2 if side == 'decoder' else 1}")
        table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        yield table, variables[f"{side}/layer_0/self_attention/relative_attention_bias"]
        yield f"{side}.final_layer_norm.weight", variables[f"{side}/layer_norm/gamma"]
    yield "shared.weight", variables["decoder/embeddings/weight"]
    yield "lm_head.weight", variables["decoder/projection/weight"]

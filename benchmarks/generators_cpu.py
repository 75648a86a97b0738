"""Tactics on the CPU: CTranslate2 in int8 beside Hugging Face's ``generate``, on the same weights.

Run as ``python benchmarks/generators_cpu.py`` (needs the extra ``convert``): prints a table, writes
``results/generators_cpu.json``. The weights are random, so that no hypothesis ever ends: each
decodes all of its bytes, which is the worst case. Beam search, a state of 300 bytes. The runs of
both sides alternate; each figure is the least of its runs, in wall and in CPU seconds of this
process, because other programs can only add to it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.generators import byt5, ct2
from engine.generators.backend import Load, Request
from engine.generators.convert import convert

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results" / "generators_cpu.json"
STATE = ("x y z : ℝ,\nh₁ : x ≤ y,\nh₂ : y ≤ z + 1,\n" * 9)[:280] + "\n⊢ x ≤ z + 1"
SHAPES: dict[str, dict[str, int]] = {
    "36 M": {"d_model": 512, "d_ff": 1664, "num_heads": 8, "layers": 6, "decoder_layers": 3},
    "299 M": {"d_model": 1472, "d_ff": 3584, "num_heads": 6, "layers": 12, "decoder_layers": 4},
}


@dataclass(frozen=True)
class Timing:
    shape: str
    parameters: int
    what: str
    threads: int
    width: int
    tactic_bytes: int
    wall: float
    cpu: float
    runs: int
    load: float


def make(shape: dict[str, int], folder: Path) -> int:
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=384,
            d_kv=64,
            d_model=shape["d_model"],
            d_ff=shape["d_ff"],
            num_heads=shape["num_heads"],
            num_layers=shape["layers"],
            num_decoder_layers=shape["decoder_layers"],
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
            decoder_start_token_id=0,
        )
    )
    with torch.no_grad():
        # Towards uniform predictions; the end token is one of 384, and soon out of the beam.
        model.lm_head.weight.normal_(0, 0.01)
    model.save_pretrained(folder)
    return sum(p.numel() for p in model.parameters())


def by_ct2(folder: Path, threads: int) -> Callable[[int, int], None]:
    backend = ct2.load(Load(str(folder), threads=threads))

    def decode(width: int, tactic_bytes: int) -> None:
        backend.submit(1, Request(STATE, width, max_bytes=tactic_bytes))
        while backend.busy:
            for answer in backend.step():
                assert not answer.error

    return decode


def by_transformers(folder: Path, threads: int) -> Callable[[int, int], None]:
    import torch
    from transformers import T5ForConditionalGeneration

    torch.set_num_threads(threads)
    model = T5ForConditionalGeneration.from_pretrained(folder).float().eval()
    source = torch.tensor([byt5.encode(STATE)])

    def decode(width: int, tactic_bytes: int) -> None:
        with torch.inference_mode():
            model.generate(
                input_ids=source,
                num_beams=width,
                num_return_sequences=width,
                length_penalty=0.0,
                max_new_tokens=tactic_bytes + 1,
            )

    return decode


def measure(decode: Callable[[int, int], None], width: int, size: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    decode(width, size)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--widths", type=int, nargs="+", default=[30, 90])
    parser.add_argument("--bytes", type=int, nargs="+", default=[48, 96])
    parser.add_argument(
        "--transformers-work", type=int, default=30 * 48, help="most width × bytes for it"
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    timings: list[Timing] = []
    for shape in arguments.shapes:
        with tempfile.TemporaryDirectory() as made:
            checkpoint, converted = Path(made) / "hf", Path(made) / "ct2"
            parameters = make(SHAPES[shape], checkpoint)
            convert(str(checkpoint), out=converted)
            sides = {
                "ct2 int8": by_ct2(converted, arguments.threads),
                "transformers float32": by_transformers(checkpoint, arguments.threads),
            }
            for width in arguments.widths:
                for size in arguments.bytes:
                    timings += compare(shape, parameters, sides, width, size, arguments)
                    write(arguments.out, arguments, timings)


def compare(
    shape: str,
    parameters: int,
    sides: dict[str, Callable[[int, int], None]],
    width: int,
    size: int,
    arguments: argparse.Namespace,
) -> list[Timing]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(arguments.runs):
        for name, decode in sides.items():
            if name == "ct2 int8" or width * size <= arguments.transformers_work:
                found[name].append(measure(decode, width, size))
    timings = []
    for name, runs in found.items():
        if runs:
            wall, cpu = min(w for w, _ in runs), min(c for _, c in runs)
            load = round(os.getloadavg()[0], 1)
            timings.append(
                Timing(
                    shape,
                    parameters,
                    name,
                    arguments.threads,
                    width,
                    size,
                    round(wall, 3),
                    round(cpu, 3),
                    len(runs),
                    load,
                )
            )
            print(
                f"| {shape} | {name} | {width} | {size} | {wall:.2f} | {cpu:.2f} | {load} |",
                flush=True,
            )
    return timings


def write(out: Path, arguments: argparse.Namespace, timings: list[Timing]) -> None:
    import ctranslate2
    import torch
    import transformers

    result: dict[str, Any] = {
        "state_bytes": len(STATE.encode()),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "ctranslate2": ctranslate2.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": arguments.threads,
        "timings": [asdict(timing) for timing in timings],
    }
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

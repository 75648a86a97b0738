"""The torch generator on a GPU: beside transformers' `generate`, and beside what the device allows.

    python benchmarks/generators_gpu.py

A model of ByT5-small's shape (299 M parameters) with random weights, bfloat16, a state of 300
tokens. It has no end token, so that every hypothesis takes all its bytes in both. Prints a table
and writes `results/generators_gpu.json`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch
import transformers

from engine.generators.backend import Request
from engine.generators.torch_backend import beam
from engine.generators.torch_backend.backend import TorchBackend
from engine.generators.torch_backend.checkpoint import Checkpoint, read_shape
from engine.generators.torch_backend.fused import Fused
from engine.generators.torch_backend.model import Model
from engine.generators.torch_backend.plain import Plain
from engine.generators.torch_backend.slots import Plan, new_slots

STEPS = 96
TOKENS = 300
GROUPS = {
    "products": ("nvjet", "gemm", "cutlass", "cublas", "splitK"),
    "self attention": ("_self_attention",),
    "cross attention": ("_cross_attention",),
    "norm, activation": ("_norm", "_gate"),
    "choice": ("_continuations", "_select", "_inherit", "_draw", "_finish"),
}


def seconds(work, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return times


def bandwidth(device: torch.device) -> float:
    """Bytes a second of a copy, read and written ones together."""
    source = torch.randint(0, 9, (1 << 29,), dtype=torch.int32, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * source.numel() * 4 / min(seconds(lambda: target.copy_(source), 5))


def rate(device: torch.device) -> float:
    """Operations a second of a large product."""
    a = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
    out = a @ a
    return 2 * 8192**3 / min(seconds(lambda: torch.mm(a, a, out=out), 10))


def floor(shape, rows: int, states: int, *, speed: float, flops: float) -> dict[str, float]:
    """Milliseconds below which no decoding of all steps can be, by what it must read or compute.

    Weights once a step, the caches of all hypotheses once a step (read, each its own), the states'
    keys and values once a step; the encoder's weights once. Or, where that takes longer, the
    operations of the products.
    """
    layers, inner, d = shape.decoder_layers, shape.inner, shape.d_model
    attention = 6 * d * inner  # q, k, v, out; q, out
    feed = (3 if shape.gated else 2) * d * shape.d_ff
    decoder = layers * (attention + feed) + d * shape.vocabulary
    encoder = shape.encoder_layers * (4 * d * inner + feed) + layers * 2 * d * inner
    past = rows * layers * 2 * inner * STEPS * (STEPS - 1) // 2
    cross = states * layers * 2 * inner * TOKENS * STEPS
    return {
        "decoder weights": 2e3 * decoder * STEPS / speed,
        "own past": 2e3 * past / speed,
        "states": 2e3 * cross / speed,
        "decoder operations": 2e3 * decoder * rows * STEPS / flops,
        "encoder": 1e3 * max(2 * encoder / speed, 2 * encoder * states * TOKENS / flops),
    }


def launch_gap(device: torch.device) -> float:
    """Microseconds between two kernels of a recorded graph that do next to nothing."""
    x = torch.zeros(32, device=device)
    x.add_(1)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(1000):
            x.add_(1)
    graph.replay()
    return 1e6 * min(seconds(graph.replay, 5)) / 1000


def kernels(work) -> dict[str, float]:
    """Milliseconds and launches of what ran on the device, by group."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        work()
        torch.cuda.synchronize()
    sums: dict[str, float] = {"launches": 0}
    for event in profiled.events():
        if event.device_type != torch.autograd.DeviceType.CUDA:
            continue
        named = (g for g, names in GROUPS.items() if any(n in event.name for n in names))
        group = next(named, "other")
        sums[group] = sums.get(group, 0.0) + event.device_time / 1e3
        sums["launches"] += 1
    return {name: round(value, 3) for name, value in sums.items()}


def read_out(model: Model) -> float:
    """Milliseconds for reading 90 hypotheses that ended: without an end token there are none."""
    plan = Plan(beam=True, width=96, steps=128, length=512)
    slots = new_slots(plan, 1, model.shape, device=model.device, dtype=model.dtype)
    slots.width.fill_(90)
    slots.best_step.fill_(STEPS - 1)
    slots.best.uniform_(-90, -1)
    return 1e3 * statistics.median(seconds(lambda: beam.hypotheses(slots, 0, eos=1), 9))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "generators_gpu.json"
    )
    out = parser.parse_args().out
    device = torch.device("cuda")
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=384, d_model=1472, d_kv=64, d_ff=3584, num_layers=12, num_decoder_layers=4,
        num_heads=6, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
        decoder_start_token_id=0, eos_token_id=None,
    )  # fmt: skip
    with device:
        theirs = transformers.T5ForConditionalGeneration(config).eval()
        theirs.lm_head.weight = torch.nn.Parameter(torch.randn(384, 1472) * 1472**-0.5)
    theirs = theirs.to(torch.bfloat16)
    theirs.generation_config.eos_token_id = None
    written = {**config.to_dict(), "tie_word_embeddings": False, "scale_decoder_outputs": False}
    shape = replace(read_shape({**written, "eos_token_id": 1}), eos=-1)
    checkpoint = Checkpoint(shape, theirs.state_dict())
    text = ("h : ∀ x y, x ≤ y → f x ≤ f y\n" * 20).encode()[: TOKENS - 1].decode(errors="ignore")
    text += "." * (TOKENS - 1 - len(text.encode()))
    ids = torch.tensor([[*(byte + 3 for byte in text.encode()), 1]], device=device)

    def generate(n: int, states: int, decoding: str) -> None:
        search = {"num_beams": n, "length_penalty": 0.0} if decoding == "beam" else {"top_k": 0}
        wanted = transformers.GenerationConfig(
            do_sample=decoding == "sampling", num_return_sequences=n, max_new_tokens=STEPS,
            decoder_start_token_id=0, pad_token_id=0, eos_token_id=None, **search,
        )  # fmt: skip
        with torch.inference_mode():
            found = theirs.generate(ids.expand(states, -1), generation_config=wanted)
        assert found.shape == (n * states, STEPS + 1)

    speed, flops = bandwidth(device), rate(device)
    report: dict = {
        "device": torch.cuda.get_device_name(device),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "copy_TB_s": round(speed / 1e12, 2),
        "product_TFLOP_s": round(flops / 1e12),
        "launch_us": round(launch_gap(device), 2),
        "steps": STEPS,
        "tokens": TOKENS,
        "rows": [],
    }
    models = {
        "Triton": Model(checkpoint, device=device, dtype=torch.bfloat16, operations=Fused()),
        "PyTorch": Model(checkpoint, device=device, dtype=torch.bfloat16, operations=Plain()),
    }
    report["read_out_ms"] = round(read_out(models["Triton"]), 2)
    for decoding in ("beam", "sampling"):
        generate(8, 1, decoding)
        for n, states in ((90, 1), (30, 1), (90, 8)):
            request = Request(text, n, decoding=decoding, max_bytes=STEPS - 1)
            hf = seconds(lambda n=n, k=states, d=decoding: generate(n, k, d), 3)
            row = {"decoding": decoding, "n": n, "states": states}
            row["hf_ms"] = round(1e3 * statistics.median(hf), 1)
            for name, model in models.items():
                running = TorchBackend(model, name="", device="")

                def work(running=running, request=request, states=states) -> None:
                    for key in range(states):
                        running.submit(key, request)
                    while running.busy:
                        running.step()

                first = seconds(work, 3)
                times = seconds(work, 15)
                row[f"{name}_ms"] = round(1e3 * statistics.median(times), 2)
                row[f"{name}_range_ms"] = [round(1e3 * f(times), 2) for f in (min, max)]
                row[f"{name}_first_ms"] = round(1e3 * first[0])
                if name == "Triton":
                    row["kernels_ms"] = kernels(work)
            row["ratio"] = round(row["hf_ms"] / row["Triton_ms"], 1)
            parts = floor(shape, n * states, states, speed=speed, flops=flops)
            row["floor_parts_ms"] = {name: round(value, 2) for name, value in parts.items()}
            reads = parts["decoder weights"] + parts["own past"] + parts["states"]
            row["floor_ms"] = round(max(reads, parts["decoder operations"]) + parts["encoder"], 2)
            row["launches_ms"] = round(row["kernels_ms"]["launches"] * report["launch_us"] / 1e3, 2)
            report["rows"].append(row)
            print(json.dumps(row), flush=True)
    out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print("\n| decoding | hypotheses | `generate` ms | torch ms | ratio | floor ms | launches ms |")
    print("|---|---|---|---|---|---|---|")
    for row in report["rows"]:
        print(
            f"| {row['decoding']} | {row['states']} × {row['n']} | {row['hf_ms']:.0f} "
            f"| {row['Triton_ms']:.1f} | {row['ratio']:.1f} | {row['floor_ms']:.1f} "
            f"| {row['launches_ms']:.1f} |"
        )


if __name__ == "__main__":
    main()

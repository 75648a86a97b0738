"""On a GPU: kernels, recorded steps and batches give what the CPU gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")

from engine.generators.backend import Request  # noqa: E402
from engine.generators.torch_backend.plain import Plain  # noqa: E402

from .tiny import SHAPES, alone, backend, checkpoint, drain, same  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that PyTorch can use"),
]


def operations(name):
    if name == "plain":
        return Plain()
    pytest.importorskip("triton", reason="needs Triton")
    from engine.generators.torch_backend.fused import Fused

    return Fused()


@pytest.mark.parametrize("kind", ["plain", "fused"])
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("decoding", ["beam", "sampling"])
def test_the_gpu_finds_what_the_cpu_finds(kind, name, decoding):
    made = checkpoint(SHAPES[name], seed=6)
    running = backend(made, device="cuda", operations=operations(kind))
    asked = [
        Request("3 4 5", n, decoding=decoding, seed=n, max_bytes=limit)
        for n, limit in ((4, 20), (30, 33), (90, 12), (200, 9), (6, 100))
    ]
    expected = [alone(backend(made), request) for request in asked]
    assert sum(len(answer.candidates) for answer in expected) > 20
    for _ in range(3):  # plainly, while it is recorded, replayed
        for key, request in enumerate(asked):
            running.submit(key, request)
        answers = drain(running)
        for key, answer in enumerate(expected):
            assert same(answers[key], answer, 1e-3)


@pytest.mark.parametrize("kind", ["plain", "fused"])
def test_states_come_and_go_on_the_gpu(kind):
    made = checkpoint(SHAPES["untied gated"], seed=3)
    running = backend(made, device="cuda", operations=operations(kind))
    asked = [Request(f"{2 + key % 20} 4", 5 + key, max_bytes=9 + key) for key in range(40)]
    answers = {}
    for key, request in enumerate(asked):
        running.submit(key, request)
        if key % 3 == 0:
            answers.update({answer.key: answer for answer in running.step()})
        if key == 20:
            running.cancel(19)
    drain(running, answers)
    on_the_cpu = backend(made)
    for key, answer in answers.items():
        assert same(answer, alone(on_the_cpu, asked[key]), 1e-3)
    assert set(range(40)) - set(answers) <= {19}


def test_a_gpu_without_memory_says_so_and_works_again():
    made = checkpoint(SHAPES["tied relu"])
    running = backend(made, device="cuda", operations=Plain())
    torch.cuda.set_per_process_memory_fraction(1e-3)
    try:
        running.submit(0, Request("3 4", 1000, max_bytes=4000))
        running.submit(1, Request("3 4", 4, max_bytes=8))
        answers = drain(running)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "too little memory" in answers[0].error
    assert same(answers[1], alone(backend(made), Request("3 4", 4, max_bytes=8)), 1e-3)


LOSE = """
import torch
from dataclasses import replace
from engine.generators.backend import BackendError, Request
from tests.generators.torch_backend.tiny import TIED, backend, checkpoint

running = backend(checkpoint(replace(TIED, eos=-1)), device="cuda")
running.submit(0, Request("3 4", 4, max_bytes=4000))
running.step()
torch.zeros(3, device="cuda")[torch.tensor([10**8], device="cuda")]
try:
    while running.busy:
        running.step()
except BackendError as error:
    print(f"lost={error.device_lost} {error.message}")
"""


def test_a_gpu_that_fails_is_said_to_be_lost():
    ended = subprocess.run(
        [sys.executable, "-c", LOSE], capture_output=True, text=True, check=False
    )
    assert "lost=True The GPU failed: CUDA error" in ended.stdout, ended.stderr[-2000:]

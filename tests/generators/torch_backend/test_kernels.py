"""Triton's kernels beside plain PyTorch: on the GPU, or in Triton's interpreter without one."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("triton", reason="needs Triton")

CUDA = torch.cuda.is_available()
if not CUDA:
    pytest.importorskip("numpy", reason="Triton's interpreter needs NumPy")
    if os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("without a GPU, test_kernels_interpreted runs these", allow_module_level=True)

from engine.generators.torch_backend import beam, choice, sampling  # noqa: E402
from engine.generators.torch_backend.fused import Fused  # noqa: E402
from engine.generators.torch_backend.plain import Plain  # noqa: E402
from engine.generators.torch_backend.slots import Plan, fill, new_slots  # noqa: E402

from .tiny import TIED  # noqa: E402

DEVICE = torch.device("cuda" if CUDA else "cpu")
PLAIN, FUSED = Plain(), Fused()
pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(7)


def random(*size):
    return torch.randn(*size, device=DEVICE)


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_norm():
    x, weight = random(5, 48), random(48)
    close(FUSED.norm(x, weight, 1e-6), PLAIN.norm(x, weight, 1e-6))


@pytest.mark.parametrize("name", ["relu", "gelu", "gelu_new", "silu"])
@pytest.mark.parametrize("gated", [True, False])
def test_activation(name, gated):
    x = random(3, 2 * 70)
    close(FUSED.activate(x, name, gated=gated), PLAIN.activate(x, name, gated=gated))


@pytest.mark.parametrize("reordered", [True, False])
def test_self_attention(reordered):
    slots, steps, width, heads, inner = 3, 40, 5, 3, 24
    keys, values = random(slots, steps, width, inner), random(slots, steps, width, inner)
    qkv, bias = random(slots * width, 3 * inner), random(heads, 64)
    position = torch.tensor([0, 39, 13], device=DEVICE)
    ancestors = torch.randint(0, width, (slots, width, steps), dtype=torch.int32, device=DEVICE)
    for slot, now in enumerate(position.tolist()):
        ancestors[slot, :, now] = torch.arange(width)
    past = ancestors if reordered else None
    other_keys, other_values = keys.clone(), values.clone()
    expected = PLAIN.self_attention(qkv, keys, values, past, position, bias)
    close(FUSED.self_attention(qkv, other_keys, other_values, past, position, bias), expected)
    close(other_keys, keys)
    close(other_values, values)


@pytest.mark.parametrize("slots", [1, 3])
def test_cross_attention(slots):
    heads, inner, longest, width = 3, 24, 90, 5
    cross = random(slots, 2, longest, inner)
    length = torch.tensor([90, 1, 65], device=DEVICE)[:slots]
    q = random(slots * width, inner)
    args = (q, cross[:, 0], cross[:, 1], length, heads)
    close(FUSED.cross_attention(*args), PLAIN.cross_attention(*args))


@pytest.mark.parametrize("beams", [True, False])
@pytest.mark.parametrize(("vocabulary", "width", "widths"), [(24, 32, (5, 32)), (384, 96, (90,))])
def test_choices(beams, vocabulary, width, widths):
    shape = replace(TIED, vocabulary=vocabulary)
    steps = 7
    plan = Plan(beam=beams, width=width, steps=steps, length=16)
    table = random(vocabulary, vocabulary) * 2
    table[:, shape.eos] += 2
    both = []
    for fused in (False, True):
        slots = new_slots(plan, len(widths), shape, device=DEVICE, dtype=torch.float32)
        for slot, wide in enumerate(widths):
            cross = torch.zeros(2, 2, 3, shape.inner, device=DEVICE)
            fill(
                slots, slot, beam=beams, width=wide, steps=steps - slot, seed=(slot, 7), start=0,
                cross=cross,
            )  # fmt: skip
        for step in range(steps + 1):
            logits = table[slots.tokens.view(-1)] + torch.sin(torch.arange(vocabulary) * step).to(
                DEVICE
            )
            if not fused:
                (beam if beams else sampling).advance(slots, logits, eos=shape.eos)
            elif beams:
                choice.advance_beam(slots, logits, eos=shape.eos)
            else:
                choice.advance_sampling(slots, logits, eos=shape.eos)
        assert slots.done.all()
        read = beam.hypotheses if beams else sampling.hypotheses
        both.append([read(slots, slot, eos=shape.eos) for slot in range(len(widths))])
    for expected, found in zip(*both, strict=True):
        assert expected
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
        for (_, one), (_, other) in zip(found, expected, strict=True):
            assert one == pytest.approx(other, abs=1e-4)

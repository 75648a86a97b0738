"""The model that is trained from scratch, beside transformers' T5."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")

from engine.training import checkpoints  # noqa: E402
from engine.training.attention import Fused, Plain  # noqa: E402
from engine.training.batches import Shelf  # noqa: E402
from engine.training.examples import Example  # noqa: E402
from engine.training.packing import Capacity  # noqa: E402
from engine.training.settings import ShapeSettings  # noqa: E402
from engine.training.t5 import T5, initial  # noqa: E402

CPU = torch.device("cpu")
ROOM = Capacity(512, 256, 9)
SHAPE = ShapeSettings(
    d_model=32, d_kv=16, heads=3, d_ff=48, encoder_layers=2, decoder_layers=2, max_distance=32
)


def some_examples(count=7, states=90, tactics=60, seed=0):
    rng = random.Random(seed)

    def row(longest):
        return [*(rng.randint(3, 200) for _ in range(rng.randint(1, longest))), 1]

    return [Example(row(states), row(tactics)) for _ in range(count)]


def some_weights(shape=SHAPE):
    torch.manual_seed(1)
    weights = initial(shape, seed=3)
    for name, part in weights.items():
        if "norm" in name:
            part *= 1 + 0.3 * torch.rand_like(part)
    weights["head"] *= 5
    return weights


def judge(weights, examples, chosen, attention, *, shape=SHAPE, room=ROOM):
    model = T5(shape, attention, dtype=torch.float32, device=CPU, compiled=False)
    numbers = torch.tensor(chosen + [-1] * (room.examples - len(chosen)))
    batch = Shelf(examples, device=CPU).batch(numbers, room, block=attention.block)
    return model.judge(weights, batch)


def test_the_loss_is_that_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    weights, examples = some_weights(), some_examples()
    checkpoints.save(tmp_path / "model", weights, SHAPE, dtype=torch.float32)
    theirs = transformers.T5ForConditionalGeneration.from_pretrained(tmp_path / "model").eval()
    for number, example in enumerate(examples):
        ours, _ = judge(weights, examples, [number], Plain())
        with torch.no_grad():
            loss = theirs(
                input_ids=torch.tensor([example.state]), labels=torch.tensor([example.tactic])
            ).loss
        assert float(ours) == pytest.approx(float(loss), abs=2e-5)


def test_packing_examples_changes_nothing():
    weights, examples = some_weights(), some_examples()
    alone = [float(judge(weights, examples, [number], Plain())[0]) for number in (4, 2, 6)]
    sizes = [len(examples[number].tactic) for number in (4, 2, 6)]
    mean = sum(loss * size for loss, size in zip(alone, sizes, strict=True)) / sum(sizes)
    assert float(judge(weights, examples, [4, 2, 6], Plain())[0]) == pytest.approx(mean, abs=2e-5)


@pytest.mark.parametrize("width", [32, 512])
def test_training_starts_near_guessing(width):
    shape = ShapeSettings(d_model=width, encoder_layers=2, decoder_layers=1, d_ff=2 * width)
    model = T5(shape, Plain(), dtype=torch.float32, device=CPU, compiled=False)
    batch = Shelf(some_examples(), device=CPU).batch(torch.arange(7), ROOM, block=64)
    loss, _ = model.judge(initial(shape, seed=0), batch)
    assert math.log(384) - 0.5 < float(loss) < 7


def test_heads_start_by_looking_near():
    shape = ShapeSettings()
    weights = initial(shape, seed=0)
    behind, ahead = slice(0, 16), slice(17, 32)  # buckets of keys before and after the query
    table = weights["encoder.bias"]
    assert (table[0] == 0).all()
    for falling in (table[behind], table[ahead], weights["decoder.bias"]):
        assert (falling.diff(dim=0) < 0).all()
    # Half of the heads look mainly back, half ahead; from a few bytes to a whole hypothesis.
    back = table[17] < table[1]
    assert back.sum() == shape.heads // 2
    assert -0.6 < table[1, 0] < -0.4
    assert -0.01 < table[1, shape.heads // 2 - 1] < 0


def test_the_order_of_a_state_matters_from_the_start():
    # With T5's own start, a new model hardly tells "ab" from "ba", and never learned to.
    shape = replace(SHAPE, d_model=128, d_ff=128, heads=4)
    weights = initial(shape, seed=0)
    weights["head"] *= 30
    model = T5(shape, Plain(), dtype=torch.float32, device=CPU, compiled=False)

    def losses(state):
        examples = [Example([*state, 1], [n, 1]) for n in range(3, 100)]
        shelf = Shelf(examples, device=CPU)
        room = Capacity(64, 64, 1)
        return torch.stack(
            [model.judge(weights, shelf.batch(torch.tensor([n]), room, block=64))[0]
             for n in range(0, 97, 12)]
        )  # fmt: skip

    state = [*range(10, 50)]
    shuffled = random.Random(0).sample(state, len(state))
    other = [*range(110, 150)]
    by_order = (losses(state) - losses(shuffled)).norm()
    by_bytes = (losses(state) - losses(other)).norm()
    assert by_order > 0.3 * by_bytes


def test_a_saved_checkpoint_is_read_back(tmp_path):
    weights = some_weights()
    checkpoints.save(tmp_path / "model", weights, SHAPE, dtype=torch.float32)
    again = checkpoints.load(tmp_path / "model", SHAPE)
    assert again.keys() == weights.keys()
    assert all(torch.equal(again[name], part) for name, part in weights.items())


def test_noise_hides_tokens_but_says_the_same():
    shelf = Shelf(some_examples(), device=CPU)
    plain = shelf.batch(torch.arange(7), ROOM, block=64)
    noisy = shelf.batch(torch.arange(7), ROOM, block=64, noise=0.5)
    assert torch.equal(plain.said, noisy.said)
    changed = plain.source != noisy.source
    assert (noisy.source[changed] == 2).all()
    assert 0.3 < changed.sum() / (plain.source != 0).sum() < 0.7


def test_the_kernels_do_what_plain_pytorch_does():
    pytest.importorskip("triton", reason="needs Triton")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.training.test_t5"],
        env={**os.environ, "TRITON_INTERPRET": "0" if torch.cuda.is_available() else "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


def _compare_kernels() -> None:
    """In a process of its own: Triton's interpreter has to be on before Triton is imported."""
    shape = replace(SHAPE, heads=2, encoder_layers=1, decoder_layers=1)
    # Three sequences, one longer than the bias reaches, another shorter than a block.
    lengths = (70, 55), (5, 20), (33, 1)
    examples = [Example([*range(3, 3 + n), 1], [*range(60, 60 + m), 1]) for n, m in lengths]
    found = {}
    for name, attention in (("plain", Plain()), ("fused", Fused(16))):
        weights = {k: v.clone().requires_grad_() for k, v in some_weights(shape).items()}
        loss, _ = judge(
            weights, examples, [2, 0, 1], attention, shape=shape, room=Capacity(128, 96, 4)
        )
        loss.backward()
        found[name] = {k: v.grad for k, v in weights.items()} | {"loss": loss.detach()}
    for name, part in found["plain"].items():
        error = (part - found["fused"][name]).norm() / part.norm()
        assert error < 1e-4, f"{name}: {error}"


if __name__ == "__main__":
    _compare_kernels()

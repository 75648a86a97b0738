"""The T5 itself, beside transformers'."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

from engine.generators.backend import BackendError  # noqa: E402
from engine.generators.torch_backend.checkpoint import read, read_shape  # noqa: E402
from engine.generators.torch_backend.model import Model  # noqa: E402
from engine.generators.torch_backend.slots import Plan, fill, new_slots  # noqa: E402

from .tiny import SHAPES, checkpoint, reference  # noqa: E402

CPU = torch.device("cpu")


def forced(model, state, target):
    """Log-probabilities of each token of ``target``, one step at a time."""
    model.prepare(steps=len(target), length=len(state) + 3)
    plan = Plan(beam=False, width=2, steps=len(target), length=len(state) + 3)
    slots = new_slots(plan, 2, model.shape, device=CPU, dtype=torch.float32)
    tokens = torch.tensor([[*state, 0, 0, 0]])
    cross = model.encode(tokens, torch.tensor([len(state)]))[0, :, :, : len(state)]
    fill(slots, 1, beam=False, width=2, steps=9, seed=(0, 0), start=0, cross=cross)
    found = []
    for token in target:
        rows = model.step(slots, reordered=False).log_softmax(-1)
        assert torch.allclose(rows[2], rows[3])
        found.append(float(rows[2, token]))
        slots.tokens[1] = token
        slots.position[1] += 1
    return found


def by_transformers(model, state, target):
    start = [model.config.decoder_start_token_id, *target[:-1]]
    with torch.no_grad():
        logits = model(
            input_ids=torch.tensor([state]), decoder_input_ids=torch.tensor([start])
        ).logits[0]
    rows = logits.float().log_softmax(-1)
    return [float(rows[i, token]) for i, token in enumerate(target)]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("length", [1, 7, 60])
def test_log_probabilities_are_those_of_transformers(name, length):
    made = checkpoint(SHAPES[name], seed=length)
    state = torch.randint(2, 24, (length,)).tolist()
    target = [*torch.randint(2, 24, (40,)).tolist(), 1]
    ours = forced(Model(made, device=CPU, dtype=torch.float32), state, target)
    theirs = by_transformers(reference(made), state, target)
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 1e-4


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("kind", ["safetensors", "bin", "shards"])
def test_a_saved_checkpoint_is_read_as_transformers_means_it(tmp_path, name, kind):
    made = checkpoint(SHAPES[name])
    model = reference(made)
    if kind == "bin":
        torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
        model.config.save_pretrained(tmp_path)
    else:
        model.save_pretrained(tmp_path, max_shard_size="20KB" if kind == "shards" else "1GB")
    if kind == "shards":
        assert (tmp_path / "model.safetensors.index.json").is_file()
    found = read(tmp_path)
    assert found.shape == made.shape
    state, target = [5, 6, 7, 1], [3, 4, 1]
    ours = forced(Model(found, device=CPU, dtype=torch.float32), state, target)
    theirs = by_transformers(model, state, target)
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 1e-4


@pytest.mark.parametrize(
    ("written", "scaled"),
    [
        ({}, True),
        ({"tie_word_embeddings": True}, True),
        ({"tie_word_embeddings": False}, False),
        # As transformers 5 writes it, which ties every T5.
        ({"tie_word_embeddings": True, "scale_decoder_outputs": False}, False),
        ({"tie_word_embeddings": True, "scale_decoder_outputs": True}, True),
    ],
)
def test_the_output_is_scaled_only_if_the_head_is_the_embedding(written, scaled):
    assert read_shape({"model_type": "t5", **written}).scale_output is scaled


def test_what_is_no_t5_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(BackendError, match="bert"):
        read(tmp_path)


def test_broken_files_are_refused_in_a_sentence(tmp_path):
    model = reference(checkpoint(SHAPES["tied relu"]))
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x01\x02")
    with pytest.raises(BackendError, match="cannot be read") as caught:
        read(tmp_path)
    assert caught.value.remedy
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BackendError, match="no weights"):
        read(tmp_path)


def test_a_missing_tensor_is_named():
    made = checkpoint(SHAPES["tied relu"])
    tensors = dict(made.tensors)
    del tensors["decoder.block.1.layer.1.EncDecAttention.k.weight"]
    with pytest.raises(BackendError, match=r"block\.1\.layer\.1\.EncDecAttention\.k"):
        Model(type(made)(made.shape, tensors), device=CPU, dtype=torch.float32)

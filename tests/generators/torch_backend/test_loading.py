"""From a folder to candidates, and what cannot be loaded."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("transformers", reason="needs transformers")

from dataclasses import replace  # noqa: E402

from engine.generators.backend import BackendError, Load, Request  # noqa: E402
from engine.generators.torch_backend import load  # noqa: E402

from .tiny import TIED, checkpoint, drain, reference  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = checkpoint(replace(TIED, vocabulary=384))
    # An end is likely, and so are the letters: what is decoded is mostly text.
    made.tensors["shared.weight"][100:125] *= 1.5
    made.tensors["shared.weight"][1] *= 2
    where = tmp_path_factory.mktemp("model")
    reference(made).save_pretrained(where)
    (where / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "ByT5Tokenizer"}))
    return where


def test_a_folder_gives_tactics(folder):
    backend = load(Load(str(folder), device="cpu", threads=1))
    assert folder.name in backend.model
    assert backend.device == "CPU (1 thread, float32)"
    backend.submit(4, Request("n : ℕ\n⊢ n = n", 60, decoding="sampling", max_bytes=12))
    found = drain(backend)[4].candidates
    assert found
    assert all(candidate.tactic.strip() == candidate.tactic for candidate in found)
    backend.close()
    assert not backend.busy


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"device": "tpu"}, "tpu"),
        ({"device": "meta"}, "meta"),
        ({"device": "cpu", "compute_type": "int8"}, "int8"),
        pytest.param(
            {"device": "cuda"},
            "no GPU",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(folder, wanted, said):
    with pytest.raises(BackendError, match=said) as caught:
        load(Load(str(folder), **wanted))
    assert caught.value.remedy


def test_another_tokenizer_without_its_file_is_refused(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer"}))
    with pytest.raises(BackendError, match="T5Tokenizer"):
        load(Load(str(tmp_path), device="cpu"))

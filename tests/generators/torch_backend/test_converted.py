"""The same int8 weights in CTranslate2 and here."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("ctranslate2", reason="needs CTranslate2")

from engine.generators import ct2  # noqa: E402
from engine.generators.backend import BackendError, Load, Request  # noqa: E402
from engine.generators.convert import convert  # noqa: E402
from engine.generators.models import bundled  # noqa: E402
from engine.generators.torch_backend import load  # noqa: E402
from engine.generators.torch_backend.checkpoint import read  # noqa: E402
from engine.generators.torch_backend.converted import read_converted  # noqa: E402
from tests.tiny_model import CONVERTED  # noqa: E402

from .tiny import SHAPES, checkpoint, drain, reference  # noqa: E402

STATES = ("p q : Prop,\nh : p\n⊢ p ∧ q", "x y : ℕ\n⊢ x = y", "⊢ p → q")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("model", "max_bytes"), [("tiny", 16), ("bundled", 32)])
def test_the_candidates_are_those_of_ctranslate2(model, max_bytes, state):
    folder = str(CONVERTED) if model == "tiny" else bundled()
    if folder is None:
        pytest.skip("no model comes along: engine/models/mini is not there")
    found = {}
    for name, module in (("ct2", ct2), ("torch", None)):
        wanted = Load(folder, device="cpu", threads=1)
        backend = module.load(wanted) if module else load(wanted)
        backend.submit(0, Request(state, 8, max_bytes=max_bytes))
        found[name] = {c.tactic: c.log_prob for c in drain(backend)[0].candidates}
        backend.close()
    # CTranslate2 rounds the activations to 8 bits too, so that the ends of the beams differ.
    both = found["ct2"].keys() & found["torch"].keys()
    assert len(both) > len(found["ct2"]) / 2
    assert both >= {max(found["ct2"], key=found["ct2"].get)}
    for tactic in both:
        assert found["torch"][tactic] == pytest.approx(found["ct2"][tactic], abs=0.3)


@pytest.mark.parametrize("name", SHAPES)
def test_a_conversion_without_rounding_is_the_checkpoint(name, tmp_path):
    pytest.importorskip("transformers", reason="needs transformers")
    made = checkpoint(replace(SHAPES[name], vocabulary=384))
    reference(made).save_pretrained(tmp_path / "hf")
    original = read(tmp_path / "hf")
    try:
        folder = convert(str(tmp_path / "hf"), quantization="float32", out=tmp_path / "ct2")
    except Exception as error:  # some shapes only the torch generator runs
        pytest.skip(str(error))
    again = read_converted(folder)
    assert again.shape == original.shape
    for name_, part in again.tensors.items():
        wanted = original.tensors.get(name_, original.tensors["shared.weight"])
        assert torch.equal(part, wanted), name_


def test_a_broken_file_is_told(tmp_path):
    folder = shutil.copytree(CONVERTED, tmp_path / "model")
    whole = (folder / "model.bin").read_bytes()
    for broken in (b"", whole[:20], whole[:-3], b"\x09" + whole[1:]):
        (folder / "model.bin").write_bytes(broken)
        with pytest.raises(BackendError, match=r"cannot be read|is not known"):
            read_converted(folder)

"""Conversion: the same log-probabilities as Hugging Face's, whichever T5 it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("torch", reason="needs torch (extra `convert`)")
pytest.importorskip("transformers", reason="needs transformers (extra `convert`)")
pytest.importorskip("ctranslate2")

import torch
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

from engine.cli import main
from engine.generators import byt5, ct2
from engine.generators.backend import Load, Request
from engine.generators.convert import convert, output_scale
from engine.generators.models import locate, read_manifest
from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = "p q : Prop,\nh : p ∧ q\n⊢ q ∧ p"
TACTICS = ("exact and.swap h", "rcases h with ⟨hp, hq⟩", "simp")
SHAPE: dict[str, Any] = {
    "vocab_size": 384,
    "d_model": 48,
    "d_kv": 12,
    "d_ff": 96,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "feed_forward_proj": "gated-gelu",
    "decoder_start_token_id": 0,
}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSP_LSP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    torch.set_num_threads(1)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Writes a random checkpoint the way old and new versions of transformers do."""

    def write(
        *, scaled: bool, head: bool, mt5: bool = False, old: bool = True, **more: Any
    ) -> Path:
        torch.manual_seed(3)
        config_class, model_class = (
            (MT5Config, MT5ForConditionalGeneration)
            if mt5
            else (T5Config, T5ForConditionalGeneration)
        )
        config = config_class(**{**SHAPE, **more}, tie_word_embeddings=scaled)
        model = model_class(config)
        with torch.no_grad():
            for weights in model.parameters():
                weights.add_(torch.randn_like(weights) * 0.1)
        if head:
            # A tensor of its own, as in ByT5; the configuration alone would tie the two.
            model.lm_head.weight = torch.nn.Parameter(torch.randn(384, config.d_model) * 0.2)
        folder = tmp_path / "checkpoint"
        model.save_pretrained(folder)
        file = folder / "config.json"
        data = json.loads(file.read_text())
        if old:
            data.pop("scale_decoder_outputs", None)
            data["tie_word_embeddings"] = scaled
        file.write_text(json.dumps(data))
        return folder

    return write


def reference(folder: Path, tactic: str) -> list[float]:
    data = json.loads((folder / "config.json").read_text())
    kind = (
        MT5ForConditionalGeneration if data["model_type"] == "mt5" else T5ForConditionalGeneration
    )
    model = kind.from_pretrained(folder).float().eval()
    labels = torch.tensor([byt5.encode(tactic)])
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([byt5.encode(STATE)]), labels=labels).logits
    return logits.log_softmax(-1).gather(-1, labels[..., None]).flatten().tolist()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param({"scaled": True, "head": False}, id="tied"),
        pytest.param({"scaled": False, "head": True}, id="untied"),
        pytest.param({"scaled": True, "head": False, "old": False}, id="tied, new config"),
        pytest.param({"scaled": False, "head": True, "old": False}, id="untied, new config"),
        pytest.param({"scaled": False, "head": True, "num_heads": 3}, id="36 ≠ 48"),
        pytest.param({"scaled": False, "head": True, "num_heads": 6, "d_kv": 16}, id="96 ≠ 48"),
        pytest.param(
            {"scaled": True, "head": False, "num_heads": 5, "d_kv": 8}, id="40 ≠ 48, tied"
        ),
        pytest.param({"scaled": False, "head": True, "feed_forward_proj": "relu"}, id="relu"),
        pytest.param({"scaled": False, "head": True, "mt5": True}, id="mt5"),
    ],
)
def test_log_probabilities_are_those_of_transformers(
    kind: dict[str, Any], make: Callable[..., Path]
) -> None:
    checkpoint = make(**kind)
    model = ct2.load(Load(str(convert(str(checkpoint), quantization="float32"))))
    for tactic in TACTICS:
        assert model.log_probs(STATE, tactic) == pytest.approx(
            reference(checkpoint, tactic), abs=1e-3
        )


def test_beam_search_finds_what_transformers_finds(make: Callable[..., Path]) -> None:
    from tests.tiny_model.training import train

    checkpoint = make(scaled=False, head=True)
    train(checkpoint, steps=40)
    model = ct2.load(Load(str(convert(str(checkpoint), quantization="float32"))))
    source = T5ForConditionalGeneration.from_pretrained(checkpoint).eval()
    width, size = 8, 12
    with torch.no_grad():
        found = source.generate(
            input_ids=torch.tensor([byt5.encode(STATE)]),
            num_beams=width,
            num_return_sequences=width,
            length_penalty=0.0,
            max_new_tokens=size + 1,
            output_scores=True,
            return_dict_in_generate=True,
        )
    theirs: dict[str, float] = {}
    for ids, score in zip(found.sequences, found.sequences_scores, strict=True):
        tactic = byt5.decode(ids[1:].tolist())
        if tactic is not None:
            theirs[tactic] = max(theirs.get(tactic, -1e9), float(score))
    model.submit(1, Request(STATE, width, max_bytes=size))
    answers = []
    while model.busy:
        answers += model.step()
    ours = {c.tactic: c.log_prob for c in answers[0].candidates}
    assert theirs
    common = ours.keys() & theirs.keys()
    assert len(common) >= 0.75 * len(theirs)
    for tactic in common:
        assert ours[tactic] == pytest.approx(theirs[tactic], abs=1e-3)


def test_int8_is_the_default_and_found_again(make: Callable[..., Path], tmp_path: Path) -> None:
    checkpoint = make(scaled=False, head=True)
    folder = convert(str(checkpoint))
    assert folder.is_relative_to(tmp_path / "cache")
    manifest = read_manifest(folder)
    assert manifest is not None
    assert (manifest.quantization, manifest.tokenizer) == ("int8", "byt5")
    assert locate(str(checkpoint), prefer="ct2").folder == folder
    assert locate(str(checkpoint), prefer="hf").folder == checkpoint
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_checkpoint_that_changed_is_not_taken_for_the_old_one(
    make: Callable[..., Path],
) -> None:
    checkpoint = make(scaled=False, head=True)
    old = convert(str(checkpoint))
    (checkpoint / "config.json").write_text((checkpoint / "config.json").read_text() + "\n")
    assert locate(str(checkpoint), prefer="ct2").format == "hf"
    assert convert(str(checkpoint)) == old
    assert locate(str(checkpoint), prefer="ct2").format == "ct2"


def test_nothing_is_left_of_a_conversion_that_fails(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = make(scaled=False, head=True)

    def fail(self: object, path: str) -> None:
        (Path(path) / "half").write_text("…")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ctranslate2.specs.model_spec.ModelSpec.save", fail)
    with pytest.raises(EngineError, match="No space left on device"):
        convert(str(checkpoint), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.glob(".converting*")] == []


def test_a_checkpoint_without_all_of_its_weights(make: Callable[..., Path]) -> None:
    checkpoint = make(scaled=False, head=True)
    config = json.loads((checkpoint / "config.json").read_text())
    config["num_layers"] = 4
    (checkpoint / "config.json").write_text(json.dumps(config))
    with pytest.raises(EngineError, match="lacks weights"):
        convert(str(checkpoint))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{}", "no T5, mT5 or ByT5"),
        ('{"model_type": "gpt2"}', "model_type is gpt2"),
        ("[", "cannot be loaded"),
        ('{"model_type": "t5", "d_model": 8}', "cannot be loaded"),
    ],
)
def test_what_is_no_checkpoint(config: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(EngineError, match=said):
        convert(str(tmp_path))


def test_another_tokenizer_is_needed_for_another_vocabulary(make: Callable[..., Path]) -> None:
    checkpoint = make(scaled=False, head=False, vocab_size=500)
    with pytest.raises(EngineError, match="has no tokenizer"):
        convert(str(checkpoint))


def test_a_model_of_pieces_of_words(make: Callable[..., Path]) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    checkpoint = make(scaled=False, head=False, vocab_size=64)
    words = ["<pad>", "</s>", "<unk>", "▁simp", "▁exact", "▁h", "▁⊢", "▁p", "▁:"]
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.Unigram([(word, -float(i)) for i, word in enumerate(words)], unk_id=2)
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    tokenizer.decoder = tokenizers.decoders.Metaspace()
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    (checkpoint / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", '
        '"eos_token": "</s>", "unk_token": "<unk>"}'
    )
    folder = convert(str(checkpoint), quantization="float32")
    model = ct2.load(Load(str(folder)))
    codec = model._codec
    assert codec.encode("exact h") == [4, 5, 1]
    assert codec.decode([4, 5, 1, 0]) == "exact h"
    assert codec.decode([4, 5]) is None
    assert len(model.log_probs("h : p ⊢ p", "exact h")) == 3


# -- the command -----------------------------------------------------------------------------------


def test_the_command(
    make: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, out = make(scaled=False, head=True), tmp_path / "out"
    assert main(["convert", str(checkpoint), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert locate(str(out), prefer="ct2").format == "ct2"
    assert main(["convert", str(checkpoint), "--out", str(out)]) == 2
    assert f"{out} exists." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["/no/such/folder"], 2, "no checkpoint at"),
        (["--quantization", "int3", "/"], 2, "no quantization named int3"),
        (["nobody/nothing"], 2, "HF_HUB_OFFLINE is set"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", *arguments]) == status
    output = capsys.readouterr()
    assert said in output.err
    assert "Traceback" not in output.err


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 0.125),
        ({"tie_word_embeddings": True}, 0.125),
        ({"tie_word_embeddings": False}, 1.0),
        ({"tie_word_embeddings": True, "scale_decoder_outputs": False}, 1.0),
        ({"tie_word_embeddings": True, "scale_decoder_outputs": True}, 0.125),
    ],
)
def test_output_scale(config: dict[str, Any], scale: float) -> None:
    assert output_scale({"d_model": 64, **config}) == scale

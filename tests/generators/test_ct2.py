"""Decoding for real on the CPU, with a tiny model that has learnt a dozen tactics."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.generators.backend import BackendError, Load, Request

if TYPE_CHECKING:
    from pathlib import Path

    from engine.generators.ct2 import Ct2
    from engine.values import Candidate

pytest.importorskip("ctranslate2")

from engine.generators import ct2
from tests.tiny_model import CONVERTED

STATES = ("h : p\n⊢ p ∧ q", "⊢ x = y", "p q r : Prop\n⊢ p → q", "h : p\n⊢ p")


@pytest.fixture(scope="module")
def model() -> Ct2:
    return ct2.load(Load(str(CONVERTED), threads=1))


def answer(model: Ct2, request: Request, key: int = 1) -> tuple[Candidate, ...]:
    model.submit(key, request)
    while model.busy:
        for found in model.step():
            assert found.key == key
            assert found.error == ""
            return found.candidates
    raise AssertionError("no answer")


@pytest.mark.parametrize("decoding", ["beam", "sampling"])
@pytest.mark.parametrize("state", STATES)
def test_candidates_are_distinct_sorted_and_truly_weighed(
    state: str, decoding: str, model: Ct2
) -> None:
    found = answer(model, Request(state, 12, 7, decoding, 32))  # type: ignore[arg-type]
    assert 1 <= len(found) <= 12
    assert len({c.tactic for c in found}) == len(found)
    assert [c.log_prob for c in found] == sorted((c.log_prob for c in found), reverse=True)
    for candidate in found:
        assert candidate.tactic == candidate.tactic.strip() != ""
        assert candidate.log_prob == pytest.approx(
            sum(model.log_probs(state, candidate.tactic)), abs=1e-3
        )


def test_a_beam_does_not_stop_at_the_short_ones(model: Ct2) -> None:
    # `exact ⟨h, h⟩` is the third best and the longest by far.
    tactics = [c.tactic for c in answer(model, Request("h : p,\n⊢ p ∧ q", 8, max_bytes=32))]
    assert tactics[:3] == ["split", "constructor", "exact ⟨h, h⟩"]


def test_wider_beams_keep_the_best(model: Ct2) -> None:
    narrow = answer(model, Request(STATES[0], 4, max_bytes=32))
    wide = answer(model, Request(STATES[0], 30, max_bytes=32))
    assert {c.tactic for c in narrow} <= {c.tactic for c in wide}


def test_the_same_seed_draws_the_same(model: Ct2) -> None:
    def draw(seed: int) -> tuple[Candidate, ...]:
        return answer(model, Request(STATES[0], 6, seed, "sampling", 32))

    first = draw(1)
    others = [draw(seed) for seed in range(2, 6)]
    assert draw(1) == first
    assert any(other != first for other in others)
    assert draw(-1) == draw(-1)


def test_what_does_not_end_in_time_is_dropped(model: Ct2) -> None:
    assert all(
        len(c.tactic.encode()) <= 5 for c in answer(model, Request(STATES[0], 8, max_bytes=5))
    )


def test_requests_come_one_after_the_other_and_can_be_taken_back(model: Ct2) -> None:
    for key in (1, 2, 3, 4):
        model.submit(key, Request(STATES[0], 3, max_bytes=32))
    model.cancel(2)
    model.cancel(9)
    model.step()
    model.cancel(4)
    answered = [found.key for found in _drain(model)]
    assert answered in ([1, 3], [3])  # the first may have been answered by the step above


def test_a_request_can_be_taken_back_while_it_is_decoded(model: Ct2) -> None:
    model.submit(1, Request(STATES[0], 60, max_bytes=200))
    started = model.step()
    model.cancel(1)
    assert _drain(model) == []
    assert started == [] or started[0].key == 1
    assert answer(model, Request(STATES[0], 3, max_bytes=32), key=2)


def _drain(model: Ct2) -> list[ct2.Answer]:
    found = []
    while model.busy:
        found += model.step()
    return found


def test_a_state_of_nothing_is_no_error(model: Ct2) -> None:
    answer(model, Request("", 2, max_bytes=16))


# -- loading ---------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(CONVERTED, tmp_path / "model")


def test_a_gpu_is_somebody_elses(copy: Path) -> None:
    with pytest.raises(BackendError, match="runs on the CPU"):
        ct2.load(Load(str(copy), device="cuda"))


def test_broken_weights(copy: Path) -> None:
    (copy / "model.bin").write_bytes(b"no model")
    with pytest.raises(BackendError, match="does not load"):
        ct2.load(Load(str(copy)))


@pytest.mark.parametrize("content", ["", "{}", "[1]"])
def test_a_broken_vocabulary(content: str, copy: Path) -> None:
    (copy / "shared_vocabulary.json").write_text(content)
    with pytest.raises(BackendError, match="no vocabulary"):
        ct2.load(Load(str(copy)))


def test_a_conversion_by_ctranslate2_itself(copy: Path, model: Ct2) -> None:
    (copy / "dsp-generator.json").unlink()
    names = ["<pad>", "</s>", "<unk>", *map(chr, range(256)), *(f"<x{i}>" for i in range(125))]
    (copy / "shared_vocabulary.json").write_text(json.dumps(names))
    config = json.loads((copy / "config.json").read_text())
    config |= dict.fromkeys(("bos_token", "decoder_start_token"), "<pad>")
    config |= {"eos_token": "</s>", "unk_token": "<unk>"}
    (copy / "config.json").write_text(json.dumps(config))
    request = Request(STATES[0], 6, max_bytes=32)
    assert answer(ct2.load(Load(str(copy))), request) == answer(model, request)


def test_a_model_that_does_not_work_on_bytes(copy: Path) -> None:
    (copy / "dsp-generator.json").unlink()
    with pytest.raises(BackendError, match="does not work on bytes"):
        ct2.load(Load(str(copy)))

"""Requests that come and go, and what goes wrong."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from engine.generators.backend import BackendError, Request  # noqa: E402
from engine.generators.torch_backend import backend as module  # noqa: E402
from engine.generators.torch_backend.backend import Limits  # noqa: E402

from .tiny import SHAPES, alone, backend, checkpoint, drain, same  # noqa: E402

MADE = checkpoint(SHAPES["untied gated"], seed=3)
SMALL = Limits(widths=(4, 8, 16), rows=32, slots=4, stride=3)

requests = st.builds(
    Request,
    state=st.lists(st.integers(2, 23), max_size=30).map(lambda ids: " ".join(map(str, ids))),
    n=st.integers(1, 20),
    seed=st.integers(0, 2**40),
    decoding=st.sampled_from(["beam", "sampling"]),
    max_bytes=st.sampled_from([1, 2, 9, 20, 70]),
)


@settings(max_examples=12, deadline=None)
@given(data=st.data(), asked=st.lists(requests, min_size=1, max_size=9))
def test_who_else_is_there_does_not_matter(data, asked):
    running = backend(MADE, limits=SMALL)
    answers, cancelled = {}, set()
    waiting = list(enumerate(asked))
    while waiting or running.busy:
        what = data.draw(st.sampled_from(["submit", "step", "step", "cancel"]))
        if what == "submit" and waiting:
            running.submit(*waiting.pop(0))
        elif what == "cancel":
            key = data.draw(st.integers(0, len(asked)))
            began = len(asked) - len(waiting)
            running.cancel(key)
            if key < began and key not in answers:
                cancelled.add(key)
        else:
            for answer in running.step():
                answers[answer.key] = answer
    assert set(answers) == set(range(len(asked))) - cancelled
    for key, answer in answers.items():
        assert same(answer, alone(backend(MADE), asked[key]))


def test_nothing_to_do_is_no_work():
    running = backend(MADE)
    assert not running.busy
    assert running.step() == []
    running.cancel(7)


def test_cancelled_in_the_middle_it_is_not_answered():
    running = backend(MADE, limits=SMALL)
    running.submit(1, Request("5 6", 4, max_bytes=60))
    running.submit(2, Request("7 8", 4, max_bytes=60))
    running.step()
    running.cancel(1)
    running.submit(3, Request("9", 4, max_bytes=60))
    answers = drain(running)
    assert set(answers) == {2, 3}
    assert same(answers[3], alone(backend(MADE), Request("9", 4, max_bytes=60)))


def test_a_state_enters_as_another_leaves():
    running = backend(MADE, limits=SMALL)
    for key in range(20):
        running.submit(key, Request(f"{2 + key}", 5, max_bytes=12))
    assert set(drain(running)) == set(range(20))
    assert len(running._batches) == 1


def test_candidates_are_distinct_sorted_and_no_more_than_asked_for():
    found = alone(backend(MADE), Request("5 6", 9, decoding="sampling", seed=3)).candidates
    scores = [candidate.log_prob for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert len({candidate.tactic for candidate in found}) == len(found) <= 9
    assert all(score <= 0 for score in scores)


@pytest.fixture
def scarce(monkeypatch):
    """Memory for so many slots and no more; what was tried."""
    tried = []
    real = module.Batch

    def limit(slots):
        def make(model, plan, count, **options):
            tried.append(count)
            if count > slots:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return real(model, plan, count, **options)

        monkeypatch.setattr(module, "Batch", make)
        return tried

    return limit


def test_with_little_memory_there_are_fewer_at_a_time(scarce):
    tried = scarce(2)
    running = backend(MADE, limits=Limits(widths=(8,), rows=64, slots=8, stride=3))
    asked = [Request(f"{3 + key}", 6, max_bytes=15) for key in range(9)]
    for key, request in enumerate(asked):
        running.submit(key, request)
    answers = drain(running)
    assert set(answers) == set(range(9))
    assert not any(answer.error for answer in answers.values())
    assert all(same(answers[key], alone(backend(MADE), asked[key])) for key in range(9))
    assert tried[:3] == [8, 4, 2]


def test_memory_that_ends_in_the_middle_loses_nothing(monkeypatch):
    running = backend(MADE, limits=SMALL)
    asked = [Request(f"{3 + key}", 6, max_bytes=30) for key in range(4)]
    for key, request in enumerate(asked):
        running.submit(key, request)
    answers = {a.key: a for _ in range(3) for a in running.step()}
    batch = running._batches[0]

    def fail():
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(batch, "launch", fail)
    drain(running, answers)
    assert all(same(answers[key], alone(backend(MADE), asked[key])) for key in range(4))


def test_what_does_not_fit_alone_is_refused_and_the_rest_goes_on(scarce, monkeypatch):
    real = module.Batch

    def make(model, plan, count, **options):
        if plan.width > 8:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(model, plan, count, **options)

    monkeypatch.setattr(module, "Batch", make)
    running = backend(MADE, limits=SMALL)
    for key, n in enumerate((4, 16, 5)):
        running.submit(key, Request("5 6", n, max_bytes=9))
    answers = drain(running)
    assert "16 hypotheses" in answers[1].error
    assert not answers[0].error
    assert not answers[2].error


def test_a_lost_device_is_said_to_be_lost(monkeypatch):
    running = backend(MADE)
    running.submit(0, Request("5 6", 3))

    def fail():
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nhint\nhint")

    running.step()
    monkeypatch.setattr(running._batches[0], "launch", fail)
    monkeypatch.setattr(running._model, "device", torch.device("cuda"))
    with pytest.raises(BackendError) as caught:
        running.step()
    assert caught.value.device_lost
    assert "illegal memory access" in caught.value.message
    assert "hint" not in caught.value.message

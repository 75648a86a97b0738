"""Beam search beside transformers', sampling beside the distribution it is drawn from."""

from __future__ import annotations

import math
from collections import Counter

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from engine.generators.backend import Request  # noqa: E402
from engine.generators.torch_backend.sampling import seed_words, uniform  # noqa: E402

from .tiny import SHAPES, Numbers, alone, backend, checkpoint, reference  # noqa: E402


def by_transformers(model, state, n, max_bytes):
    found = model.generate(
        torch.tensor([Numbers().encode(state)]),
        num_beams=n,
        num_return_sequences=n,
        max_new_tokens=max_bytes + 1,
        length_penalty=0.0,
        do_sample=False,
        early_stopping=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    pairs = [
        (Numbers().decode(tokens.tolist()[1:]), float(score))
        for tokens, score in zip(found.sequences, found.sequences_scores, strict=True)
    ]
    # What had not ended by the last step is among them; we drop it.
    return [pair for pair in pairs if pair[0] is not None]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("n", "max_bytes"), [(2, 20), (8, 12), (11, 30), (40, 16)])
@pytest.mark.parametrize("seed", range(2))
def test_beam_search_finds_what_transformers_finds(name, n, max_bytes, seed):
    pytest.importorskip("transformers", reason="needs transformers")
    made = checkpoint(SHAPES[name], seed=seed)
    state = " ".join(str(2 + (seed * 7 + i * i) % 22) for i in range(3 + 9 * seed))
    ours = alone(backend(made), Request(state, n, max_bytes=max_bytes)).candidates
    theirs = by_transformers(reference(made), state, n, max_bytes)
    # Theirs may have lost some of the last to what did not end.
    assert len(ours) >= len(theirs)
    for mine, (text, score) in zip(ours, theirs, strict=False):
        assert mine.tactic == text
        assert mine.log_prob == pytest.approx(score, abs=1e-4)


def test_the_comparison_above_is_about_something():
    found = [
        len(
            alone(
                backend(checkpoint(shape, seed=seed)), Request("5 6 7", 11, max_bytes=30)
            ).candidates
        )
        for shape in SHAPES.values()
        for seed in range(3)
    ]
    assert sum(found) > 20


@given(
    low=st.integers(0, 2**32 - 1),
    high=st.integers(0, 2**32 - 1),
    position=st.integers(0, 5000),
)
def test_numbers_are_inside_and_depend_on_all_they_should(low, high, position):
    seed = torch.tensor([[low, low, low ^ 1, low], [high, high, high, high ^ 1]])
    positions = torch.tensor([position, position + 1, position, position])
    numbers = uniform(seed, positions, 64)
    assert ((numbers > 0) & (numbers < 1)).all()
    assert torch.equal(numbers, uniform(seed, positions, 128)[:, :64])
    for other in numbers[1:]:
        assert (other != numbers[0]).sum() > 56


def test_numbers_are_uniform():
    seed = torch.tensor([seed_words(number) for number in range(64)]).T
    numbers = uniform(seed, torch.arange(64), 1024).flatten()
    counts = torch.histc(numbers, 64, 0, 1)
    expected = len(numbers) / 64
    chi = float(((counts - expected) ** 2 / expected).sum())
    assert 20 < chi < 130  # 63 degrees of freedom; outside about once in a million
    # Neighbouring places and steps have nothing to do with each other.
    table = uniform(seed, torch.arange(64), 1024) - 0.5
    for moved in (table.roll(1, 0), table.roll(1, 1)):
        assert abs(float((table * moved).mean()) * 12) < 0.02


def test_samples_follow_the_model():
    shape = SHAPES["tied relu"]
    made = checkpoint(shape, seed=4)
    running = backend(made)
    state, n = "3 4 5", 600
    beam = {
        c.tactic: c.log_prob for c in alone(running, Request(state, 12, max_bytes=8)).candidates
    }
    counts: Counter[str] = Counter()
    rounds = 20
    for seed in range(rounds):
        # Distinct candidates hide how often each was drawn, so few are drawn at a time.
        for answer in _draws(running, state, n // rounds, seed):
            counts[answer] += 1
    total = sum(counts.values())
    assert total
    likely = [text for text, score in beam.items() if math.exp(score) * n > 8]
    assert likely
    for text in likely:
        expected = math.exp(beam[text]) * n
        assert abs(counts[text] - expected) < 5 * math.sqrt(expected) + 1


def _draws(running, state, n, seed):
    """Single draws: each its own request."""
    for i in range(n):
        running.submit(
            i, Request(state, 1, seed=seed * 10_000 + i, decoding="sampling", max_bytes=8)
        )
    while running.busy:
        for answer in running.step():
            yield from (candidate.tactic for candidate in answer.candidates)


@pytest.mark.parametrize("name", SHAPES)
def test_a_sample_is_scored_as_beam_search_scores_it(name):
    made = checkpoint(SHAPES[name], seed=1)
    running = backend(made)
    drawn = alone(running, Request("3 9", 60, seed=5, decoding="sampling", max_bytes=6))
    beam = {
        c.tactic: c.log_prob for c in alone(running, Request("3 9", 400, max_bytes=6)).candidates
    }
    shared = [c for c in drawn.candidates if c.tactic in beam]
    assert shared
    for candidate in shared:
        assert candidate.log_prob == pytest.approx(beam[candidate.tactic], abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**63), n=st.integers(1, 20))
def test_a_seed_reproduces_its_samples(seed, n):
    made = checkpoint(SHAPES["tied relu"], seed=2)
    request = Request("3 4", n, seed=seed, decoding="sampling", max_bytes=10)
    running = backend(made)
    assert alone(running, request) == alone(running, request)
    more = alone(running, Request("3 4", n + 1, seed=seed, decoding="sampling", max_bytes=10))
    first = {c.tactic for c in alone(running, request).candidates}
    assert first <= {c.tactic for c in more.candidates}


def test_seeds_differ():
    running = backend(checkpoint(SHAPES["tied relu"], seed=2))
    answers = {
        alone(running, Request("3 4", 6, seed=seed, decoding="sampling", max_bytes=10)).candidates
        for seed in range(8)
    }
    assert len(answers) == 8

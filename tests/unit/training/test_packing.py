"""Batches: everything once, nothing beyond what there is room for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.packing import Capacity, epoch, pack

LENGTHS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 20)), min_size=1, max_size=80)
ROOM = st.builds(Capacity, st.integers(40, 200), st.integers(20, 100), st.integers(1, 16))


@given(LENGTHS, ROOM)
def test_every_example_is_in_one_batch_that_has_room_for_it(lengths, room):
    states, tactics = map(list, zip(*lengths, strict=True))
    order = list(range(len(lengths)))
    batches = list(pack(order, states, tactics, room))
    assert [example for batch in batches for example in batch] == order
    for batch in batches:
        assert sum(states[example] for example in batch) <= room.states
        assert sum(tactics[example] for example in batch) <= room.tactics
        assert 1 <= len(batch) <= room.examples


@given(LENGTHS, ROOM)
def test_a_batch_ends_only_where_the_next_example_has_no_room(lengths, room):
    states, tactics = map(list, zip(*lengths, strict=True))
    batches = list(pack(range(len(lengths)), states, tactics, room))
    for batch, after in pairwise(batches):
        longer = [*batch, after[0]]
        assert (
            sum(states[example] for example in longer) > room.states
            or sum(tactics[example] for example in longer) > room.tactics
            or len(longer) > room.examples
        )


def test_an_example_without_room_is_told():
    with pytest.raises(ValueError, match="example 1 has 11"):
        list(pack([0, 1], [1, 11], [1, 1], Capacity(10, 10, 4)))


@given(LENGTHS, ROOM, st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_follows_from_its_number_and_the_seed(lengths, room, number, seed):
    states, tactics = map(list, zip(*lengths, strict=True))
    batches = epoch(number, seed, states, tactics, room)
    assert batches == epoch(number, seed, states, tactics, room)
    found = [example for batch in batches for example in batch]
    assert len(found) == len(set(found))
    # No more than what one batch holds is left for another epoch.
    assert batches
    assert set(found) <= set(range(len(lengths)))
    left = set(range(len(lengths))) - set(found)
    assert len(left) <= room.examples
    assert sum(states[example] for example in left) <= room.states


def test_epochs_differ():
    states = tactics = [1] * 50
    room = Capacity(10, 10, 10)
    assert epoch(0, 0, states, tactics, room) != epoch(1, 0, states, tactics, room)
    assert epoch(0, 0, states, tactics, room) != epoch(0, 1, states, tactics, room)

"""Beam search on the device: one step of all slots, and reading a slot that is done.

Of B hypotheses and all their continuations the 2·B best are looked at. Those of them that end and
are among the B best go to the B best that ended so far; the B best of the others go on. A state is
done when B hypotheses ended and none that goes on can still beat the worst of them (a sum of
log-probabilities only falls), or at its last step. That is Hugging Face's beam search with
``length_penalty=0``, but that what has not ended at the last step is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from engine.generators.torch_backend.slots import Slots

__all__ = ["advance", "hypotheses"]

_CLOSED = float("-inf")


def advance(slots: Slots, logits: Tensor, *, eos: int) -> None:
    """Chooses each slot's next hypotheses. A slot that is done stays as it is.

    ``logits``: float32, rows × vocabulary.
    """
    count, width = slots.tokens.shape
    vocabulary = logits.shape[-1]
    totals = logits.log_softmax(-1).view(count, width, vocabulary) + slots.scores[:, :, None]
    kept = min(2 * width, width * vocabulary)
    top, index = totals.view(count, -1).topk(kept)
    parent, token = index // vocabulary, index % vocabulary
    ends = token == eos
    rank = torch.arange(kept, device=logits.device)
    place = rank[:width]

    # What ended, with what ended before. Only a slot's own width counts.
    ending = torch.where(ends & (rank < slots.width[:, None]), top, _CLOSED)
    best, chosen = torch.cat((slots.best, ending), 1).topk(width)
    best = torch.where(place < slots.width[:, None], best, _CLOSED)
    at = slots.position[:, None]
    best_step = torch.cat((slots.best_step, at.expand(-1, kept)), 1).gather(1, chosen)
    best_parent = torch.cat((slots.best_parent, parent), 1).gather(1, chosen)

    # What goes on.
    scores, chosen = torch.where(ends, _CLOSED, top).topk(width)
    scores = torch.where(place < slots.width[:, None], scores, _CLOSED)
    parent, token = parent.gather(1, chosen), token.gather(1, chosen)

    frozen = slots.done[:, None]
    slots.best.copy_(torch.where(frozen, slots.best, best))
    slots.best_step.copy_(torch.where(frozen, slots.best_step, best_step))
    slots.best_parent.copy_(torch.where(frozen, slots.best_parent, best_parent))
    slots.scores.copy_(scores)
    slots.tokens.copy_(token)
    _write(slots.history, slots.position, token, slots.done)
    _write(slots.parents, slots.position, parent, slots.done)

    # From the step to come on, each hypothesis finds keys and values in its own place; up to this
    # step, where its parent did.
    steps = slots.ancestors.shape[2]
    inherited = slots.ancestors.gather(1, parent[:, :, None].expand(-1, -1, steps))
    past = torch.arange(steps, device=logits.device) <= at
    slots.ancestors.copy_(torch.where(past[:, None, :], inherited, slots.ancestors))

    worst = torch.where(place < slots.width[:, None], best, -_CLOSED).amin(1)
    hopeless = (worst > _CLOSED) & (scores[:, 0] <= worst)
    slots.done.logical_or_(hopeless | (slots.position + 1 >= slots.limit))
    slots.position.add_(~slots.done)


def _write(table: Tensor, position: Tensor, row: Tensor, done: Tensor) -> None:
    index = position[:, None, None].expand(-1, 1, row.shape[1])
    old = table.gather(1, index)[:, 0]
    table.scatter_(1, index, torch.where(done[:, None], old, row.to(table.dtype))[:, None])


def hypotheses(slots: Slots, slot: int, *, eos: int) -> list[tuple[list[int], float]]:
    """The hypotheses of a slot that ended, with their end token, best first."""
    width = int(slots.width[slot])
    best = slots.best[slot, :width].tolist()
    steps = slots.best_step[slot, :width].tolist()
    places = slots.best_parent[slot, :width].tolist()
    ended = sorted(entry for entry in zip(best, steps, places, strict=True) if entry[0] > _CLOSED)
    longest = max((step for _, step, _ in ended), default=0)
    history = slots.history[slot, :longest].tolist()
    parents = slots.parents[slot, :longest].tolist()
    found = []
    for score, step, place in reversed(ended):
        # ``place`` is where the hypothesis stood after the step before.
        tokens = [eos]
        for t in range(step - 1, -1, -1):
            tokens.append(history[t][place])
            place = parents[t][place]
        tokens.reverse()
        found.append((tokens, score))
    return found

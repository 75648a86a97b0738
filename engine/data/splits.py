"""What goes into training and what is held out: by theorem, and so that nothing leaks.

A theorem's split follows from its name and a seed alone. More data, another order or augmentation
move no theorem, so that models trained on different data are compared on the same theorems.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from engine.data.records import FROM_DECLARATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.data.records import TacticPair

__all__ = ["SPLITS", "Sieve", "Split", "SplitRule"]

Split = Literal["train", "validation", "test"]

SPLITS: Final[tuple[Split, ...]] = ("test", "validation", "train")
"""In the order in which a state and tactic that several have is given to one of them."""


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Shares of the theorems, from 0 to 1; the rest is for training."""

    seed: int
    validation: float
    test: float

    def of(self, theorem: str) -> Split:
        """The split of a theorem with all of its pairs."""
        digest = hashlib.blake2b(f"{self.seed}\0{theorem}".encode(), digest_size=8).digest()
        place = int.from_bytes(digest, "big") / (1 << 64)
        if place < self.test:
            return "test"
        return "validation" if place < self.test + self.validation else "train"


class Sieve:
    """Lets the pairs of one split after the other through, those of :data:`SPLITS` in their order.

    Each text of state and tactic passes once, the first time. Held-out splits have only what a
    person wrote and what succeeded; ``failed`` lets failed tactics into training, and without
    ``premises`` pairs lose theirs. A statement, or a step of a proof term, is left out of training
    whatever its theorem's name where its state is one of a held-out theorem, or where a held-out
    theorem is declared at the same place: what an attribute such as ``to_additive`` makes has the
    place and, but for words, the proof of what it is made of. ``counts`` says what became of the
    pairs.
    """

    def __init__(self, rule: SplitRule, *, failed: bool = False, premises: bool = True) -> None:
        self._rule = rule
        self._failed = failed
        self._premises = premises
        self._seen: set[bytes] = set()
        self._held_out: set[bytes] = set()
        self._places: set[tuple[str, int, int]] = set()
        self.counts: Counter[str] = Counter()
        self.theorems: dict[str, set[str]] = {split: set() for split in SPLITS}

    def through(self, pairs: Iterable[TacticPair], split: Split) -> Iterator[TacticPair]:
        """Those of ``pairs`` that belong to ``split`` and have not been let through before."""
        held_out = split != "train"
        for pair in pairs:
            if self._rule.of(pair.theorem) != split:
                continue
            if not pair.success and (held_out or not self._failed):
                self.counts["left out: failed"] += 1
                continue
            declared = pair.family in FROM_DECLARATIONS
            place = (pair.file, pair.line, pair.column)
            if held_out:
                self._held_out.add(_digest(pair.state))
                if declared:
                    self._places.add(place)
            elif declared and _digest(pair.state) in self._held_out:
                self.counts["left out: states what is held out"] += 1
                continue
            elif declared and place in self._places:
                self.counts["left out: declared with what is held out"] += 1
                continue
            if held_out and pair.family:
                self.counts["left out: augmented from a held-out theorem"] += 1
                continue
            digest = _digest(f"{len(pair.state)}\0{pair.state}{pair.tactic}")
            if digest in self._seen:
                self.counts[f"left out of {split}: seen before"] += 1
                continue
            self._seen.add(digest)
            self.theorems[split].add(pair.theorem)
            self.counts[split] += 1
            yield pair if self._premises else replace(pair, premises=())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()

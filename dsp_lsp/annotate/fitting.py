"""Which proofs of a file stand together in its last text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.protocol import GivenProof, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.source import Span

__all__ = ["Found", "Kept", "fitting", "without_overlaps"]


@dataclass(frozen=True)
class Found:
    """A proof that was found for the site with this ``span``, alone in the text."""

    span: Span
    replacement: str

    @property
    def given(self) -> GivenProof:
        """The proof as the engine is given it."""
        return GivenProof(site=self.span.start, replacement=self.replacement)


@dataclass(frozen=True)
class Kept:
    """The proofs that stand together, each with its verdict on the text that has all of them, and
    the others, each with the reason.
    """

    proofs: list[tuple[Found, Verdict]]
    refused: list[tuple[Found, str]]


def without_overlaps(proofs: Sequence[Found]) -> tuple[list[Found], list[tuple[Found, str]]]:
    """The proofs in the order of the text, those inside the place of another left out."""
    kept: list[Found] = []
    left: list[tuple[Found, str]] = []
    for proof in sorted(proofs, key=lambda proof: (proof.span.start, -proof.span.end)):
        if kept and proof.span.start < kept[-1].span.end:
            left.append((proof, "another proof replaces its place"))
        else:
            kept.append(proof)
    return kept, left


async def fitting(
    proofs: Sequence[Found], judge: Callable[[Sequence[Found]], Awaitable[list[Verdict]]]
) -> Kept:
    """As many of ``proofs`` as ``judge`` accepts in one text.

    Whatever is kept was accepted by one call of ``judge``, with nothing beside it. Where not all
    are, the proofs are added one by one, in the order of the text.
    """
    kept, refused = without_overlaps(proofs)
    verdicts = await judge(kept) if kept else []
    if all(verdict.accepted for verdict in verdicts):
        return Kept(list(zip(kept, verdicts, strict=True)), refused)
    if len(kept) == 1:
        return Kept([], [*refused, (kept[0], verdicts[0].message)])
    standing: list[tuple[Found, Verdict]] = []
    for proof in kept:
        wanted = [*(found for found, _ in standing), proof]
        verdicts = await judge(wanted)
        if all(verdict.accepted for verdict in verdicts):
            standing = list(zip(wanted, verdicts, strict=True))
        else:
            worst = [*reversed(verdicts)]
            reason = next(verdict.message for verdict in worst if not verdict.accepted)
            refused.append((proof, f"not beside the proofs before it: {reason}"))
    return Kept(standing, refused)

"""Which proofs stand together: what is kept was judged as it is, and nothing is lost."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dsp_lsp.annotate.fitting import Found, fitting, without_overlaps
from engine.protocol import Verdict
from engine.source import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

SPANS = st.builds(
    lambda start, length: Span(start, start + length), st.integers(0, 40), st.integers(1, 9)
)
PROOFS = st.lists(SPANS, unique=True, max_size=8).map(
    lambda spans: [Found(span, f"proof {number}") for number, span in enumerate(spans)]
)


def verdict(accepted: bool) -> Verdict:
    return Verdict(accepted=accepted, checker="a test", seconds=0.0, message="no" * (not accepted))


@given(PROOFS, st.data())
def test_what_is_kept_was_accepted_in_one_judgement_with_nothing_beside_it(
    proofs: list[Found], data: st.DataObject
) -> None:
    enemies = data.draw(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=4))
    accepted: list[frozenset[Found]] = []

    async def judge(wanted: Sequence[Found]) -> list[Verdict]:
        numbers = {int(found.replacement.split()[1]) for found in wanted}
        # A pair (i, i) is a proof that never stands.
        bad = {j for i, j in enemies if {i, j} <= numbers}
        verdicts = [verdict(int(f.replacement.split()[1]) not in bad) for f in wanted]
        if all(v.accepted for v in verdicts):
            accepted.append(frozenset(wanted))
        return verdicts

    kept = asyncio.run(fitting(proofs, judge))
    together = [found for found, _ in kept.proofs]
    assert not together or frozenset(together) in accepted
    assert all(v.accepted for _, v in kept.proofs)
    assert {*together, *(found for found, _ in kept.refused)} == set(proofs)
    assert len(together) + len(kept.refused) == len(proofs)
    if not enemies:
        assert set(together) == set(without_overlaps(proofs)[0])


@given(PROOFS)
def test_no_two_proofs_have_the_same_place(proofs: list[Found]) -> None:
    kept, left = without_overlaps(proofs)
    for one, other in pairwise(kept):
        assert one.span.end <= other.span.start
    assert {*kept, *(proof for proof, _ in left)} == set(proofs)


async def test_one_that_clashes_with_others_is_left_out_and_named() -> None:
    proofs = [Found(Span(10 * i, 10 * i + 5), name) for i, name in enumerate("abc")]

    async def judge(wanted: Sequence[Found]) -> list[Verdict]:
        names = {found.replacement for found in wanted}
        return [verdict(not {"a", "b"} <= names or f.replacement == "c") for f in wanted]

    kept = await fitting(proofs, judge)
    assert [found.replacement for found, _ in kept.proofs] == ["a", "c"]
    assert [(found.replacement, "no" in why) for found, why in kept.refused] == [("b", True)]

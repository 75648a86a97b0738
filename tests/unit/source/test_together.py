"""Several proofs in a text: each as the last one that is put in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_corpus import corpus_texts

from engine.source import Site, analyse, each_as_last, render_proof, splice

TEXTS = [text for text in corpus_texts() if analyse(text).sites]


def apart(sites: tuple[Site, ...]) -> list[Site]:
    """Sites none of which is inside another."""
    kept: list[Site] = []
    for site in sites:
        if not kept or site.span.start >= kept[-1].span.end:
            kept.append(site)
    return kept


@given(st.sampled_from(TEXTS), st.data())
def test_each_way_gives_the_same_text(text: str, data: st.DataObject) -> None:
    sites = apart(analyse(text).sites)
    chosen = data.draw(st.lists(st.sampled_from(sites), unique=True, min_size=1))
    steps = data.draw(st.sampled_from([["refl"], ["intro x", "simp"], ["exact «𝕜 a»"]]))
    proofs = [(site, render_proof(text, site, steps)) for site in chosen]
    whole = splice(text, [(site.span, proof) for site, proof in proofs])
    for (rest, site), (_, proof) in zip(each_as_last(text, proofs), proofs, strict=True):
        assert site is not None
        assert splice(rest, [(site.span, proof)]) == whole


def test_a_place_that_another_proof_takes_is_none() -> None:
    text = "theorem a : p := sorry\ntheorem b : q := sorry\n"
    first, second = analyse(text).sites
    places = each_as_last(text, [(first, "begin /- end"), (second, "begin refl end")])
    assert [site is None for _, site in places] == [False, True]


def test_sites_that_overlap_are_refused() -> None:
    text = "theorem a : p := sorry\n"
    site = analyse(text).sites[0]
    with pytest.raises(ValueError, match="overlaps"):
        each_as_last(text, [(site, "x"), (site, "y"), (site, "z")])

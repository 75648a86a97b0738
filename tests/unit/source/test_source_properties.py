"""What holds of every text: Lean, mutilated Lean, or anything."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from source_corpus import corpus_texts

from engine.source import (
    WIDTH,
    Site,
    SiteKind,
    analyse,
    fill,
    find_again,
    render_proof,
    site_at,
    splice,
)
from engine.source.commands import split
from engine.source.lexer import tokenize
from engine.source.model import Span

if TYPE_CHECKING:
    from engine.source import Analysis

TEXTS = corpus_texts()
LEAN = "\n".join(TEXTS).replace("#exit", "#check").replace('"sorry\nlemma c', '"\nlemma c')

FRAGMENTS = [
    *"()[]{}⟨⟩,;|:.'\"`«»λ∀∃∑𝕜 \n\r\t-/\\",
    *(" sorry", " admit", " begin", " end", " begin end", " by", " have", " show", " from", " let"),
    *(" in", " match", " with", " if", " then", " else", " calc", " ...", " :=", " <|>", "\ufeff"),
    *("--", "/-", "-/", "/--", "/-!", '/-"', '"-/', "''", "⁻¹'", "`(", "`[", "``", "'a'", "@["),
    *("\nlemma a : p :=", "\nexample", "\ndef", "\nnamespace n", "\nend n", "\nsection", "\nend"),
    *("\nvariables (x : ℕ)", "\nopen nat", "\nimport a.b", "\nnotation `", "\n#exit", "\nclass"),
    *(" inductive", " private", " noncomputable", "\nattribute [instance] a", " conv", "\n| 0 :="),
]
fragments = st.sampled_from(FRAGMENTS)
soup = st.lists(fragments, max_size=40).map("".join)
corpus = st.sampled_from(TEXTS)


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    text = draw(corpus)
    for _ in range(draw(st.integers(0, 3))):
        text = draw(edits(text))
    return text


def edits(text: str) -> st.SearchStrategy[str]:
    def edit(start: int, length: int, inserted: str) -> str:
        return text[:start] + inserted + text[start + length :]

    return st.builds(
        edit,
        st.integers(0, len(text)),
        st.one_of(st.just(0), st.integers(0, 20), st.integers(0, 400)),
        st.one_of(fragments, soup, st.just("")),
    )


texts = st.one_of(st.text(max_size=60), soup, mutilated())


def check(text: str, analysis: Analysis) -> None:
    """What any analysis of ``text`` must satisfy."""
    previous = 0
    for site in analysis.sites:
        span = site.span
        assert previous <= span.start <= span.end <= len(text)
        previous = span.end
        assert site.line == text.count("\n", 0, span.start) + 1
        assert site.column == span.start - (text.rfind("\n", 0, span.start) + 1)
        inside = text[span.start : span.end]
        if site.kind is SiteKind.TERM:
            assert inside == "sorry"
        elif site.kind is SiteKind.TACTIC:
            assert inside.startswith(("sorry", "admit"))
        elif site.kind is SiteKind.EMPTY:
            assert inside[:5] + inside[-3:] == "beginend"
        else:
            assert inside == ""
            assert text[span.start - 2 : span.start] == ":="
        declaration = site.declaration
        assert declaration in analysis.declarations
        assert declaration.statement.end <= span.start <= span.end <= declaration.span.end
    for declaration in analysis.declarations:
        assert text.startswith(declaration.keyword, declaration.span.start)
        assert declaration.statement.start == declaration.span.start
        assert declaration.statement.end <= declaration.span.end
    for declaration, following in zip(
        analysis.declarations, analysis.declarations[1:], strict=False
    ):
        assert declaration.span.end <= following.span.start
    for imported in analysis.imports:
        assert imported.span.end <= analysis.header_end
        assert "".join(text[imported.span.start : imported.span.end].split()) == imported.module


@given(texts)
@example('import" ')
@settings(max_examples=300, deadline=None)
def test_any_text_is_analysed(text: str) -> None:
    check(text, analyse(text))


@given(texts)
@settings(max_examples=150, deadline=None)
def test_commands_cover_the_text(text: str) -> None:
    commands = list(split(text))
    assert commands[0].start == 0
    assert commands[-1].end == len(text)
    for command, following in itertools.pairwise(commands):
        assert command.start <= command.code_end <= command.end == following.start
    previous = 0
    for _, start, end in tokenize(text):
        assert previous <= start < end <= len(text)
        previous = end


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_after_edits_the_answer_is_that_of_a_cold_analysis(data: st.DataObject) -> None:
    text = data.draw(st.one_of(corpus, soup))
    analysis = analyse(text)
    for _ in range(3):
        text = data.draw(edits(text))
        analysis = analyse(text, analysis)
        assert analysis == analyse(text)


@given(st.integers(0, len(LEAN)), st.integers(0, 30), soup)
@settings(max_examples=60, deadline=None)
def test_edits_of_a_long_text(start: int, length: int, inserted: str) -> None:
    edited = LEAN[:start] + inserted + LEAN[start + length :]
    assert analyse(edited, LONG_ANALYSIS) == analyse(edited)
    assert analyse(LEAN, analyse(edited)) == LONG_ANALYSIS


LONG_ANALYSIS = analyse(LEAN)


@given(corpus, st.data())
@settings(max_examples=100, deadline=None)
def test_splicing_leaves_the_rest(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    replacements = data.draw(
        st.lists(st.text(max_size=5), min_size=len(spans), max_size=len(spans))
    )
    pairs = list(zip(spans, replacements, strict=True))
    result = splice(
        text, data.draw(st.permutations(pairs)) if len(set(cuts)) == len(cuts) else pairs
    )
    position = 0
    for span, replacement in pairs:
        kept = text[position : span.start] + replacement
        assert result.startswith(kept)
        result = result[len(kept) :]
        position = span.end
    assert result == text[position:]


STEPS = [
    "simp",
    "intro h",
    "exact ⟨λ x, f x, h⟩",
    "cases h with a b -- by cases",
    "{ simp,\n  ring }",
    "rcases h with ⟨x,\n      y⟩ -- two",
    "by_cases p; simp <|> ring",
    "have h : ∀ x, p x, from λ x, hx",
    "refine { x := 1, y := by simp, .. }",
    "exact match x with | 0 := a | _ := b end",
    "nlinarith [sq_nonneg (a - b), sq_nonneg (b - c), mul_pos ha hb, mul_pos hb hc, add_pos ha hb]",
]


@given(
    st.sampled_from([text for text in TEXTS if analyse(text).sites]),
    st.data(),
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=4),
    st.integers(1, 2),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_rendered_proof_removes_its_site_and_no_other(
    text: str, data: st.DataObject, steps: list[str], goals: int, windows: bool
) -> None:
    if windows:
        text = text.replace("\n", "\r\n")
    before = analyse(text)
    site: Site = data.draw(st.sampled_from(before.sites))
    proof = render_proof(text, site, steps, goals=goals)
    result = splice(text, [(site.span, proof)])
    after = analyse(result, before)
    check(result, after)
    assert after == analyse(result)
    if windows:
        assert "\n" not in proof.replace("\r\n", "")
    kinds = [(s.kind, s.isolated, s.declaration.statement_hash) for s in after.sites]
    expected = [
        (s.kind, s.isolated, s.declaration.statement_hash) for s in before.sites if s is not site
    ]
    assert kinds == expected
    for other in before.sites:
        if other.declaration != site.declaration:
            again = find_again(other, after)
            assert again is not None
            assert again.declaration.name == other.declaration.name
    long_lines = [line for line in proof.split("\n")[1:-1] if len(line.rstrip("\r")) > WIDTH]
    assert all("nlinarith" in line for line in long_lines)


@given(mutilated())
@settings(max_examples=150, deadline=None)
def test_filling_keeps_lines(text: str) -> None:
    sites = analyse(text).sites
    filled = fill(text, sites)
    assert filled.count("\n") == text.count("\n")
    after = analyse(filled).sites
    assert [site.line for site in after] == [site.line for site in sites]
    assert all(site.kind in (SiteKind.TERM, SiteKind.TACTIC) for site in after)


@given(corpus, st.integers(-1, 80), st.integers(0, 90))
@settings(max_examples=200, deadline=None)
def test_site_at_a_position(text: str, line: int, column: int) -> None:
    analysis = analyse(text)
    on_line = [site for site in analysis.sites if site.line == line]
    first = site_at(analysis, line)
    if on_line:
        assert first == on_line[0] or (first is not None and first.line < line)
    for site in on_line:
        assert site_at(text, line, site.column) == site
    there = site_at(analysis, line, column)
    if there is not None and there.line == line:
        lines = text.split("\n")
        width = there.span.end - there.span.start
        assert there.column <= min(column, len(lines[line - 1])) <= there.column + width


@given(corpus, st.text(alphabet="abc sorry\n", max_size=10))
@settings(max_examples=60, deadline=None)
def test_theorems_above_do_not_change_a_statement(text: str, word: str) -> None:
    above = "theorem above_all : true := trivial\n/- " + word + " -/\n"
    header = analyse(text).header_end
    assume(not header)
    before = analyse(text).declarations
    after = analyse(above + text).declarations[1:]
    assert [d.statement_hash for d in after] == [d.statement_hash for d in before]

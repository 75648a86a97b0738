"""What a proof looks like in its place, and that Lean reads it as meant."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.source import WIDTH, SiteKind, analyse, fill, find_again, moved, render_proof, splice
from engine.source.model import Span
from engine.source.splicing import fill_edits

if TYPE_CHECKING:
    from pathlib import Path

LONG = "exact a_rather_long_name (of_a_lemma_with_many_arguments x y z) (and_another_one x y z w)"


def rendered(text: str, steps: list[str], *, site: int = 0, goals: int = 1) -> str:
    """``text`` with the proof in its place."""
    chosen = analyse(text).sites[site]
    return splice(text, [(chosen.span, render_proof(text, chosen, steps, goals=goals))])


@pytest.mark.parametrize(
    ("text", "steps", "expected"),
    [
        # Missing: a block beneath the statement, at the declaration's indentation.
        ("lemma a : p :=\n", ["simp"], "lemma a : p :=\nbegin\n  simp\nend\n"),
        ("lemma a : p :=", ["simp"], "lemma a : p :=\nbegin\n  simp\nend"),
        (
            "  lemma a : p :=\n\nlemma b : q := h",
            ["intro x", "simp"],
            "  lemma a : p :=\n  begin\n    intro x,\n    simp\n  end\n\nlemma b : q := h",
        ),
        (
            "lemma a : p := -- why\n",
            ["simp"],
            "lemma a : p :=\nbegin\n  simp\nend -- why\n",
        ),
        (
            "lemma a : p :=/-- doc -/ lemma b : q := h",
            ["simp"],
            "lemma a : p :=\nbegin\n  simp\nend\n/-- doc -/ lemma b : q := h",
        ),
        # Term: one line if it fits.
        ("lemma a : p := sorry", ["simp"], "lemma a : p := begin simp end"),
        ("lemma a : p :=\n  sorry\n", ["simp"], "lemma a : p :=\n  begin simp end\n"),
        (
            "lemma a : p := sorry\n",
            ["intro x", "simp"],
            "lemma a : p := begin\n  intro x,\n  simp\nend\n",
        ),
        (
            "lemma a : p := ⟨sorry, h⟩",
            ["intro x", "simp"],
            "lemma a : p := ⟨begin intro x, simp end, h⟩",
        ),
        (
            "lemma a : p := f sorry b",
            ["cases x with\n  y z", "simp"],
            "lemma a : p := f begin\n  cases x with\n    y z,\n  simp\nend b",
        ),
        ("lemma a : p := sorry.1", ["simp"], "lemma a : p := (begin simp end).1"),
        (
            "lemma a : p :=\nbegin\n  exact ⟨sorry, h⟩,\nend",
            [LONG, "simp"],
            f"lemma a : p :=\nbegin\n  exact ⟨begin\n    {LONG},\n    simp\n  end, h⟩,\nend",
        ),
        # Empty: the block's own place; its comments stay.
        (
            "lemma a : p :=\nbegin\nend",
            ["intro x", "simp"],
            "lemma a : p :=\nbegin\n  intro x,\n  simp\nend",
        ),
        ("lemma a : p := begin end", ["simp"], "lemma a : p := begin simp end"),
        (
            "lemma a : p :=\nbegin\n  -- to do\nend",
            ["simp"],
            "lemma a : p :=\nbegin\n  -- to do\n  simp\nend",
        ),
        # Tactic: a run of tactics, or one block.
        (
            "lemma a : p :=\nbegin\n  sorry\nend",
            ["intro x", "simp"],
            "lemma a : p :=\nbegin\n  intro x,\n  simp\nend",
        ),
        (
            "lemma a : p :=\nbegin\n  sorry,\n  refl,\nend",
            ["intro x", "simp"],
            "lemma a : p :=\nbegin\n  intro x,\n  simp,\n  refl,\nend",
        ),
        (
            "lemma a : p :=\nbegin\n  { sorry },\nend",
            ["intro x", "simp"],
            "lemma a : p :=\nbegin\n  { intro x, simp },\nend",
        ),
        (
            "lemma a : p :=\nbegin\n  { sorry },\nend",
            [LONG, "simp"],
            f"lemma a : p :=\nbegin\n  {{ {LONG},\n    simp }},\nend",
        ),
        (
            "lemma a : p :=\nbegin\n\t{ sorry },\nend",
            [LONG, "simp"],
            f"lemma a : p :=\nbegin\n\t{{ {LONG},\n\t  simp }},\nend",
        ),
        (
            "lemma a : p :=\nbegin\n  split; sorry,\nend",
            ["intro x", "simp"],
            "lemma a : p :=\nbegin\n  split; { intro x, simp },\nend",
        ),
        ("lemma a : p := by sorry", ["simp"], "lemma a : p := by { simp }"),
        (
            "lemma a : p := by sorry",
            [LONG, "simp"],
            f"lemma a : p := by {{\n    {LONG},\n    simp }}",
        ),
        # Comments at a tactic's end.
        (
            "lemma a : p :=\nbegin\n  sorry,\n  refl\nend",
            ["intro x -- name it", "simp -- done"],
            "lemma a : p :=\nbegin\n  intro x, -- name it\n  simp /- done -/,\n  refl\nend",
        ),
        (
            "lemma a : p := ⟨sorry, h⟩",
            ["simp -- done"],
            "lemma a : p := ⟨begin\n  simp -- done\nend, h⟩",
        ),
        (
            "lemma a : p :=\nbegin\n  sorry\nend",
            ["simp -- done"],
            "lemma a : p :=\nbegin\n  simp -- done\nend",
        ),
        ("lemma a : p := by sorry", ["simp -- -/ x"], "lemma a : p := by { simp }"),
        # Tactics of several lines.
        (
            "lemma a : p :=\nbegin\n  sorry\nend",
            ["rcases h with ⟨x,\n        y⟩", "calc a = b : c\n   ... = d : e"],
            "lemma a : p :=\nbegin\n  rcases h with ⟨x,\n    y⟩,\n  calc a = b : c\n    ... = d : e"
            "\nend",
        ),
        (
            "lemma a : p :=\nbegin\n  sorry\nend",
            ["have h : q,\n{ simp,\n  ring }"],
            "lemma a : p :=\nbegin\n  have h : q,\n  { simp,\n    ring }\nend",
        ),
        (
            "lemma a : p :=\nbegin\n  sorry\nend",
            ['trace "a\nb",\n    simp'],
            'lemma a : p :=\nbegin\n  trace "a\nb",\n    simp\nend',
        ),
    ],
)
def test_layout(text: str, steps: list[str], expected: str) -> None:
    assert rendered(text, steps) == expected


def test_several_goals_need_a_block() -> None:
    text = "lemma a : p :=\nbegin\n  sorry,\n  refl\nend"
    assert rendered(text, ["intro x", "simp"], goals=2) == (
        "lemma a : p :=\nbegin\n  { intro x, simp },\n  refl\nend"
    )


def test_windows_line_ends_are_kept() -> None:
    text = "lemma a : p :=\r\nbegin\r\n  sorry\r\nend\r\n"
    result = rendered(text, ["intro x", "cases x with\n  y z"])
    assert "\n" not in result.replace("\r\n", "")
    assert result == text.replace("sorry", "intro x,\r\n  cases x with\r\n    y z")


def test_a_proof_without_tactics_is_refused() -> None:
    text = "lemma a : p := sorry"
    with pytest.raises(ValueError, match="at least one tactic"):
        render_proof(text, analyse(text).sites[0], ["  "])


def test_the_one_line_form_stays_within_the_width() -> None:
    for length in range(40, 110):
        text = f"lemma a : {'p' * length} := ⟨sorry, h⟩"
        result = rendered(text, ["intro x", "simp"])
        assert ("\n" in result) == (len("begin intro x, simp end,") + text.index("sorry") > WIDTH)


def test_splice_refuses_overlaps() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        splice("abcdef", [(Span(0, 3), "x"), (Span(2, 4), "y")])
    with pytest.raises(ValueError, match="leaves"):
        splice("abc", [(Span(2, 9), "x")])
    assert splice("abc", [(Span(1, 1), "x"), (Span(1, 2), "y"), (Span(1, 1), "z")]) == "axzyc"


def test_fill_keeps_lines_and_leaves_nothing_empty() -> None:
    text = (
        "lemma a : p := -- b\nlemma b : p :=\nbegin\n -- c\nend\nlemma c : p := ⟨sorry, begin end⟩"
    )
    sites = analyse(text).sites
    filled = fill(text, sites)
    assert filled == (
        "lemma a : p := sorry -- b\nlemma b : p :=\nbegin sorry\n -- c\nend\n"
        "lemma c : p := ⟨sorry, begin sorry end⟩"
    )
    after = analyse(filled).sites
    assert [site.kind for site in after] == [
        SiteKind.TERM,
        SiteKind.TACTIC,
        SiteKind.TERM,
        SiteKind.TACTIC,
    ]
    assert [site.line for site in after] == [site.line for site in sites]
    edits = fill_edits(sites)
    assert [moved(site.span.start, edits) for site in sites if site.kind is SiteKind.TERM] == [
        after[2].span.start
    ]


PROVABLE = """\
section
variables (p q : Prop) (f : p → q → p)
lemma a₀ (hp : p) (hq : q) : p := f sorry hq
lemma a₁ (hp : p) (hq : q) : p ∧ q := and.intro sorry sorry
lemma a₂ (hp : p) (hq : q) : p ∧ q := ⟨sorry, sorry⟩
lemma a₃ (hp : p) (hq : q) : p ∧ q := by split; sorry
lemma a₄ (hp : p) (hq : q) : p ∧ q := begin split, { sorry }, sorry, end
lemma a₅ (hp : p) (hq : q) : p ∧ q := begin split, sorry, sorry { skip } end
lemma a₆ (hp : p) (hq : q) : p ∧ q := begin split, { simp <|> sorry }, exact sorry end
lemma a₇ (hp : p) (hq : q) : p ∧ q := begin split; [sorry, by sorry] end
lemma a₈ (hp : p) (hq : q) : p :=
/-- doc -/
lemma a₉ (hp : p) (hq : q) : p := -- comment
lemma b₀ (hp : p) (hq : q) : p := begin /- comment -/ end
lemma b₁ (hp : p) (hq : q) : p :=
begin
end
lemma b₂ (hp : p) (hq : q) : p ∧ q := have h : p, from sorry, have h' : q, { sorry }, ⟨h, h'⟩
lemma b₃ (hp : p) (hq : q) : p ∧ q := have h : p, by sorry, show p ∧ q, from ⟨sorry, sorry⟩
lemma b₄ (hp : p) (hq : q) : p ∧ q := (sorry : p ∧ q)
lemma b₅ (hp : p) (hq : q) : p := (sorry : p ∧ q).1
lemma b₆ (hp : p) (hq : q) : ∀ n : ℕ, p | 0 := sorry | (n+1) := by sorry
lemma b₇ (hp : p) (hq : q) : p := begin exact (λ h : p, (sorry : p)) hp end
lemma b₈ (hp : p) (hq : q) : p ∧ q := begin split, all_goals { sorry } end
lemma b₉ (hp : p) (hq : q) : p ∧ q := { left := sorry, right := by sorry }
end
"""


@pytest.mark.lean3
@pytest.mark.skipif(shutil.which("lean") is None, reason="needs Lean 3")
@pytest.mark.parametrize(
    "steps",
    [
        ["by_hand"],
        ["skip", "by_hand"],
        ["skip -- a comment", "by_hand -- another"],
        ["{ skip,\n    skip } <|>\n      skip", "skip; skip", "by_hand"],
        ["have unused_with_a_very_long_name : true ∧ true ∧ true, from ⟨⟨⟩, ⟨⟩, ⟨⟩⟩"] * 2
        + ["by_hand"],
    ],
    ids=["one", "two", "comments", "lines", "long"],
)
def test_lean_accepts_every_form(steps: list[str], tmp_path: Path) -> None:
    prelude = """\
meta def tactic.interactive.by_hand : tactic unit :=
tactic.assumption <|> `[exact ⟨by assumption, by assumption⟩]
"""
    text = prelude + PROVABLE
    before = analyse(text)
    edits = [(site.span, render_proof(text, site, steps)) for site in before.sites]
    result = splice(text, edits)
    assert analyse(result).sites == ()
    path = tmp_path / "rendered.lean"
    path.write_text(result, encoding="utf-8")
    lean = shutil.which("lean")
    assert lean is not None
    done = subprocess.run([lean, "--json", str(path)], capture_output=True, text=True, timeout=120)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [m for m in messages if m["severity"] != "information"] == [], result


def test_find_again_follows_the_declaration() -> None:
    old_text = "variables (p : Prop)\nlemma a : p := sorry\nlemma b : p := ⟨sorry, sorry⟩\n"
    old = analyse(old_text)
    moved_text = old_text.replace("lemma a", "lemma new : p := sorry\n-- x\nlemma   a")
    new = analyse(moved_text, old)
    for site in old.sites:
        again = find_again(site, new)
        assert again is not None
        assert (again.declaration.name, again.ordinal) == (site.declaration.name, site.ordinal)
    renamed = analyse(old_text.replace("lemma a", "lemma c"))
    assert find_again(old.sites[0], renamed) is None
    assert find_again(old.sites[1], renamed) is not None
    restated = analyse(old_text.replace("(p : Prop)", "(p : Type)"))
    assert find_again(old.sites[0], restated) is None
    filled = analyse(old_text.replace("sorry, sorry", "sorry, h"))
    assert find_again(old.sites[2], filled) is None


def test_examples_are_found_by_statement_and_nearness() -> None:
    old = analyse("example : p := sorry\nexample : q := sorry\nexample : p := sorry\n")
    new = analyse("-- x\nexample : p := sorry\nexample : q := sorry\nexample : p := sorry\n", old)
    for before, after in zip(old.sites, new.sites, strict=True):
        assert find_again(before, new) == after

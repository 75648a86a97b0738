from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.augment_text import FAMILIES, Decomposition, decompose, premise_list

PREMISES = [
    "add_comm",
    "← h₁",
    "←mul_assoc a",
    "foo (λ x, x + 1) y",
    "@bar _ ⟨a, b⟩",
    "λ x, f x",
    "show a = b, from add_comm a b",
    "show a = b, by simp [c, d]",
    "show a = b, by { rw [c, d], refl }",
    "have h : a = b, from c, h.symm",
    "have h : a = b := c, h.symm",
    "(by { rw [x, y], refl } : a = b)",
    "image_comp (λ x, a + x) (λ x, -x)",
    "show ∀ x, p x, from λ x hx, h",
    "{x | p x, q}.foo",
    "h $ λ x, y",
    "`[a, b]`.foo",
    "lift_mk_le.{0 0 u}",
    "f \"a, ]\" ','",
    "«a, ]».b",
]
ENTRIES = st.sampled_from(PREMISES)
BLANKS = st.sampled_from(["", " ", "\n  ", " -- a, comment ]\n ", " /- a, /- ] -/ comment -/ "])
LOCATIONS = ["", "at h", "at h₁ h₂ ⊢", "at *"]
OTHERS = ["{occs := occurrences.pos [1, 2]}"]
SIMP = ["with foo bar", "{contextual := tt, eta := ff}", "with foo at h ⊢ {zeta := ff}"]
USING = ["using h", "using (λ x, h x)", "using by simp [a, b]", "using ⟨a, b⟩"]
ORDERED = ["rw", "erw", "rwa", "equiv_rw", "assoc_rw"]


@st.composite
def tactics(draw: st.DrawFn) -> tuple[str, str, list[str], list[str], str]:
    """A tactic, its family, its premises, its exclusions, and what follows the list."""
    family = draw(st.sampled_from(FAMILIES))
    head = family.removesuffix(" only")
    rests = LOCATIONS + (OTHERS if head in ORDERED else SIMP)
    if head == "simpa":
        rests = [*SIMP[:2], *USING]
    rest = draw(st.sampled_from(rests))
    premises = draw(st.lists(ENTRIES, max_size=5))
    excluded = [] if head in (*ORDERED, "simp_rw") else draw(st.lists(st.just("-foo"), max_size=1))
    entries = draw(st.permutations([*premises, *excluded]))
    premises = [entry for entry in entries if entry != "-foo"]
    bang = "!" if head in ("simp", "simpa") and draw(st.booleans()) else ""
    before = f"{head}{bang}{' only' if family != head else ''}"
    # `![` is a token of its own where mathlib's vectors are known.
    pieces = [before, " " * bool(bang), draw(BLANKS), "["]
    for index, entry in enumerate(entries):
        pieces += [",", draw(BLANKS)] * bool(index) + [entry, draw(BLANKS)]
    pieces += ["]", rest and " ", rest]
    return "".join(pieces), family, premises, excluded, rest


@given(tactics())
def test_the_list_is_found(drawn: tuple[str, str, list[str], list[str], str]) -> None:
    tactic, family, premises, excluded, rest = drawn
    found = premise_list(tactic)
    if not premises and not excluded:
        assert found is None
        return
    assert found is not None
    assert found.family == family
    assert list(found.premises) == premises
    assert list(found.excluded) == excluded
    assert found.rest == rest


@given(tactics())
def test_each_part_has_one_premise(drawn: tuple[str, str, list[str], list[str], str]) -> None:
    tactic, family, premises, excluded, rest = drawn
    parts = decompose(tactic)
    if len(premises) < 2 or (family not in ORDERED and len(set(premises)) < 2):
        assert parts is None
        return
    assert parts is not None
    assert parts.family == family
    assert parts.ordered == (family in ORDERED)
    expected = premises if parts.ordered else list(dict.fromkeys(premises))
    assert len(parts.steps) == len(expected)
    assert len(parts.closers) == (len(expected) if family.startswith("simpa") else 0)
    for tactics_of in (parts.steps, parts.closers):
        for part, premise in zip(tactics_of, expected, strict=bool(tactics_of)):
            assert decompose(part) is None
            alone = premise_list(part)
            if alone is None:
                assert part.split(" ", 1)[1] == f"{premise} {rest}".rstrip()
            else:
                assert list(alone.premises) == [premise]
                assert list(alone.excluded) == excluded
    for part in parts.closers:
        assert part.endswith(rest)


@given(st.text("rwsimp[],-←* ()λx.@\"'{}⟨⟩\n/", max_size=30))
def test_any_text_may_come(text: str) -> None:
    for tactic in (text, f"rw [{text}", f"simp only [{text}] at h"):
        parts = decompose(tactic)
        assert parts is None or len(parts.steps) > 1


@pytest.mark.parametrize(
    ("tactic", "expected"),
    [
        ("rw [a, ← b] at h ⊢", Decomposition("rw", True, ("rw a at h ⊢", "rw ← b at h ⊢"))),
        ("rwa [a, b, c]", Decomposition("rwa", True, ("rw a", "rw b", "rwa c"))),
        ("rw [a, a]", Decomposition("rw", True, ("rw a", "rw a"))),
        ("simp [a, a]", None),
        ("rw [by simp, b] at h", Decomposition("rw", True, ("rw [by simp] at h", "rw b at h"))),
        ("rw [a, b] {md := semireducible}", Decomposition(
            "rw", True, ("rw [a] {md := semireducible}", "rw [b] {md := semireducible}"))),
        ("rw [f $ a, b]", Decomposition("rw", True, ("rw [f $ a]", "rw b"))),
        ("simp [*, -c, a] with x", Decomposition(
            "simp", False, ("simp [*, -c] with x", "simp [a, -c] with x"))),
        ("simp_rw [a, b] at h", Decomposition(
            "simp_rw", False, ("simp_rw [a] at h", "simp_rw [b] at h"))),
        ("simpa only [a, b] using h c", Decomposition(
            "simpa only", False, ("simp only [a]", "simp only [b]"),
            ("simpa only [a] using h c", "simpa only [b] using h c"))),
        ("dsimp only [a, b]", Decomposition(
            "dsimp only", False, ("dsimp only [a]", "dsimp only [b]"))),
        ("rw a", None),
        ("rw [a]", None),
        ("rw [a, b", None),
        ("rw [a, b,]", None),
        ("rw [a, b)]", None),
        ("simp [a, -b]", None),
        ("simp at h", None),
        ("simpa using f [a, b]", None),
        ("squeeze_simp [a, b]", None),
        ("rw.foo [a, b]", None),
        ("", None),
    ],
)  # fmt: skip
def test_examples(tactic: str, expected: Decomposition | None) -> None:
    assert decompose(tactic) == expected

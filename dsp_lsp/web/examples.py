"""Examples to click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EXAMPLES", "Example"]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text and what it is called. ``mathlib`` says that core Lean is not enough for it,
    ``embedded`` that the embedded core is.
    """

    title: str
    text: str
    mathlib: bool = False
    embedded: bool = False

    def fits(self, imports: Sequence[str], embedded: bool) -> bool:
        """Whether a page with these imports can do something with it."""
        if embedded:
            return self.embedded
        return not self.mathlib or bool(imports)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {"title": self.title, "text": self.text}


EXAMPLES = (
    Example(
        title="The paper's example",
        text="variables x y z w : nat\n\n"
        "theorem thm1 (H₁ : x = y) (H₂ : y = z) (H₃ : z = w) : x = w :=\n",
        embedded=True,
    ),
    Example(
        title="And commutes",
        text="theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p :=\n",
        embedded=True,
    ),
    Example(
        title="De Morgan",
        text="theorem de_morgan (p q : Prop) : ¬(p ∨ q) ↔ ¬p ∧ ¬q :=\n",
        embedded=True,
    ),
    Example(
        title="A definition of your own",
        text="def double (n : ℕ) : ℕ := n + n\n\ntheorem double_eq (n : ℕ) : double n = 2 * n :=\n",
        mathlib=True,
    ),
    Example(
        title="An inductive type",
        text="inductive colour\n| red | green | blue\n\nopen colour\n\n"
        "def next : colour → colour\n| red := green\n| green := blue\n| blue := red\n\n"
        "theorem next_thrice (c : colour) : next (next (next c)) = c :=\n",
    ),
    Example(
        title="A square of a sum",
        text="theorem sq_add (a b : ℤ) : (a + b) ^ 2 = a ^ 2 + 2 * a * b + b ^ 2 :=\n",
        mathlib=True,
    ),
    Example(
        title="An inequality",
        text="theorem two_mul_le (a b : ℚ) : 2 * a * b ≤ a ^ 2 + b ^ 2 :=\n",
        mathlib=True,
    ),
    Example(
        title="Not true",
        text="theorem too_good (n : ℕ) : n = n + 1 :=\n",
    ),
)

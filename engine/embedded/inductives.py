"""The fixed inductive types of the core: their constructors, recursors and how these compute.

Written by hand, since there is no `inductive` command. Each recursor eliminates as far as Lean's
does: into every universe for ``false``, ``true``, ``and``, ``iff``, ``eq`` and ``nat``, into Prop
alone for ``or`` and ``Exists``. The types are read by the core's own elaborator; a test holds what
it makes of them against what Lean says, so that none can be other than it looks.
"""

from __future__ import annotations

from engine.embedded.kernel import Recursor

TEXT = """
universes u v

constant true : Prop
constant true.intro : true
constant true.rec : Π {motive : Sort v}, motive → true → motive

constant false : Prop
constant false.rec : Π (motive : Sort v), false → motive

constant and : Prop → Prop → Prop
constant and.intro : ∀ {a b : Prop} (left : a) (right : b), a ∧ b
constant and.rec : Π {a b : Prop} {motive : Sort v}, (a → b → motive) → a ∧ b → motive

constant or : Prop → Prop → Prop
constant or.inl : ∀ {a b : Prop} (h : a), a ∨ b
constant or.inr : ∀ {a b : Prop} (h : b), a ∨ b
constant or.rec : ∀ {a b motive : Prop}, (a → motive) → (b → motive) → a ∨ b → motive

constant iff : Prop → Prop → Prop
constant iff.intro : ∀ {a b : Prop} (mp : a → b) (mpr : b → a), a ↔ b
constant iff.rec : Π {a b : Prop} {motive : Sort v},
  ((a → b) → (b → a) → motive) → (a ↔ b) → motive

constant eq : Π {α : Sort u}, α → α → Prop
constant eq.refl : ∀ {α : Sort u} (a : α), a = a
constant eq.rec : Π {α : Sort u} {a : α} {motive : α → Sort v},
  motive a → Π {ᾰ : α}, a = ᾰ → motive ᾰ

constant Exists : Π {α : Sort u}, (α → Prop) → Prop
constant Exists.intro : ∀ {α : Sort u} {p : α → Prop} (w : α) (h : p w), Exists p
constant Exists.rec : ∀ {α : Sort u} {p : α → Prop} {motive : Prop},
  (∀ (w : α), p w → motive) → Exists p → motive

constant nat : Type
constant nat.zero : nat
constant nat.succ : Π (n : nat), nat
constant nat.rec : Π {motive : nat → Sort v},
  motive nat.zero → (Π (n : nat), motive n → motive (nat.succ n)) → Π (n : nat), motive n

constant sorry_ax : Π (α : Sort u), α
"""
"""``sorry_ax`` is what an unproved statement is "proved" by; whatever rests on it is told apart."""

SORRY = "sorry_ax"

RECURSORS = {
    "true.rec": Recursor(0, 1, 0, {"true.intro": (0, ())}, k=True),
    "false.rec": Recursor(0, 0, 0, {}),
    "and.rec": Recursor(2, 1, 0, {"and.intro": (2, ())}),
    "or.rec": Recursor(2, 2, 0, {"or.inl": (1, ()), "or.inr": (1, ())}),
    "iff.rec": Recursor(2, 1, 0, {"iff.intro": (2, ())}),
    "eq.rec": Recursor(2, 1, 1, {"eq.refl": (0, ())}, k=True),
    "Exists.rec": Recursor(2, 1, 0, {"Exists.intro": (2, ())}),
    "nat.rec": Recursor(0, 2, 0, {"nat.zero": (0, ()), "nat.succ": (1, (0,))}),
}
"""How each recursor computes; the constructors are in the order of the recursor's arguments."""

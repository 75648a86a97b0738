"""What the core starts with: the fixed inductive types, and lemmas of Lean's core library.

The inductive types are a hand-written table, since there is no `inductive` command: constructors,
recursors, and how these compute. Each recursor eliminates as far as Lean's does: into every
universe for `false`, `true`, `and`, `iff`, `eq` and `nat`, into Prop alone for `or` and `Exists`.
Their types are read by the core's own elaborator; a test holds what it makes of them against what
Lean says. The lemmas have Lean's names, arguments and brackets, and proofs of our own, which the
kernel checks on loading. `has_add.add` and its like stand for Lean's type classes at ℕ.
"""

from engine.embedded.kernel import Recursor

INDUCTIVES = """
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

SORRY = "sorry_ax"
"""What an unproved statement is "proved" by; whatever rests on it is told apart."""

RECURSORS = {
    "true.rec": Recursor(0, 0, {"true.intro": (0, ())}, k=True),
    "false.rec": Recursor(0, 0, {}),
    "and.rec": Recursor(2, 0, {"and.intro": (2, ())}),
    "or.rec": Recursor(2, 0, {"or.inl": (1, ()), "or.inr": (1, ())}),
    "iff.rec": Recursor(2, 0, {"iff.intro": (2, ())}),
    "eq.rec": Recursor(2, 1, {"eq.refl": (0, ())}, k=True),
    "Exists.rec": Recursor(2, 0, {"Exists.intro": (2, ())}),
    "nat.rec": Recursor(0, 0, {"nat.zero": (0, ()), "nat.succ": (1, (0,))}),
}
"""How each recursor computes; the constructors are in the order of the recursor's arguments."""

NOTATION = {
    "↔": ("iff", 20, 20),
    "→": ("", 25, 24),
    "∨": ("or", 30, 29),
    "∧": ("and", 35, 34),
    "=": ("eq", 50, 50),
    "≠": ("ne", 50, 50),
    "+": ("has_add.add", 65, 65),
    "*": ("has_mul.mul", 70, 70),
}
"""Infix signs: the constant, how tightly what stands left must bind at least, and that what stands
right must bind more tightly than."""

REDUCIBLE = frozenset({"ne"})
"""Definitions that rewriting looks through."""

LEMMAS = """
def not (a : Prop) : Prop := a → false
def ne {α : Sort u} (a b : α) : Prop := ¬(a = b)
def id {α : Sort u} (a : α) : α := a
lemma trivial : true := true.intro
def absurd {a : Prop} {b : Sort v} (h₁ : a) (h₂ : ¬a) : b := @false.rec b (h₂ h₁)
def false.elim {C : Sort u} (h : false) : C := @false.rec C h
def and.left {a b : Prop} (c : a ∧ b) : a := @and.rec a b a (λ h _, h) c
def and.right {a b : Prop} (c : a ∧ b) : b := @and.rec a b b (λ _ h, h) c
lemma or.elim {a b c : Prop} (h₁ : a ∨ b) (h₂ : a → c) (h₃ : b → c) : c := @or.rec a b c h₂ h₃ h₁
lemma iff.mp {a b : Prop} (c : a ↔ b) : a → b := @iff.rec a b (a → b) (λ h _, h) c
lemma iff.mpr {a b : Prop} (c : a ↔ b) : b → a := @iff.rec a b (b → a) (λ _ h, h) c
lemma iff.refl (a : Prop) : a ↔ a := iff.intro id id
lemma iff.trans {a b c : Prop} (h₁ : a ↔ b) (h₂ : b ↔ c) : a ↔ c :=
iff.intro (λ h, h₂.mp (h₁.mp h)) (λ h, h₁.mpr (h₂.mpr h))
lemma iff.symm {a b : Prop} (h : a ↔ b) : b ↔ a := iff.intro h.mpr h.mp
axiom propext {a b : Prop} : (a ↔ b) → a = b
def rfl {α : Sort u} {a : α} : a = a := eq.refl a
lemma eq.symm {α : Sort u} {a b : α} (h : a = b) : b = a :=
@eq.rec α a (λ x, x = a) (eq.refl a) b h
lemma eq.trans {α : Sort u} {a b c : α} (h₁ : a = b) (h₂ : b = c) : a = c :=
@eq.rec α b (λ x, a = x) h₁ c h₂
lemma congr_arg {α : Sort u} {β : Sort v} {a₁ a₂ : α} (f : α → β) : a₁ = a₂ → f a₁ = f a₂ :=
λ h, @eq.rec α a₁ (λ x, f a₁ = f x) rfl a₂ h
lemma ne.irrefl {α : Sort u} {a : α} (h : a ≠ a) : false := h rfl
lemma ne.symm {α : Sort u} {a b : α} (h : a ≠ b) : b ≠ a := λ e, h e.symm
lemma exists.elim {α : Sort u} {p : α → Prop} {b : Prop} (h₁ : ∃ x, p x)
  (h₂ : ∀ (a : α), p a → b) : b := @Exists.rec α p b h₂ h₁
def has_zero.zero : ℕ := nat.zero
def has_one.one : ℕ := nat.succ nat.zero
def nat.add (a b : ℕ) : ℕ := @nat.rec (λ _, ℕ) a (λ _ r, nat.succ r) b
def nat.mul (a b : ℕ) : ℕ := @nat.rec (λ _, ℕ) nat.zero (λ _ r, nat.add r a) b
def has_add.add (a b : ℕ) : ℕ := nat.add a b
def has_mul.mul (a b : ℕ) : ℕ := nat.mul a b
def bit0 (a : ℕ) : ℕ := a + a
def bit1 (a : ℕ) : ℕ := a + a + 1
lemma nat.add_zero (n : ℕ) : n + 0 = n := rfl
lemma nat.add_succ (n m : ℕ) : n + nat.succ m = nat.succ (n + m) := rfl
lemma nat.zero_add (n : ℕ) : 0 + n = n :=
@nat.rec (λ n, 0 + n = n) rfl (λ n h, congr_arg nat.succ h) n
lemma nat.succ_add (n m : ℕ) : nat.succ n + m = nat.succ (n + m) :=
@nat.rec (λ m, nat.succ n + m = nat.succ (n + m)) rfl (λ m h, congr_arg nat.succ h) m
lemma nat.add_comm (n m : ℕ) : n + m = m + n :=
@nat.rec (λ m, n + m = m + n) (nat.zero_add n).symm
  (λ m h, eq.trans (congr_arg nat.succ h) (nat.succ_add m n).symm) m
lemma nat.add_assoc (n m k : ℕ) : n + m + k = n + (m + k) :=
@nat.rec (λ k, n + m + k = n + (m + k)) rfl (λ k h, congr_arg nat.succ h) k
lemma nat.succ.inj {n n_1 : ℕ} (h : nat.succ n = nat.succ n_1) : n = n_1 :=
congr_arg (@nat.rec (λ _, ℕ) 0 (λ k _, k)) h
lemma nat.succ_ne_zero (n : ℕ) : nat.succ n ≠ 0 :=
λ h, @eq.rec ℕ (nat.succ n) (λ k, @nat.rec (λ _, Prop) false (λ _ _, true) k) trivial 0 h
"""

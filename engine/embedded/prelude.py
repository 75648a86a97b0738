"""What the core starts with: definitions and lemmas of Lean's core library, checked on loading.

Names, arguments and their brackets are Lean's; the proofs are our own. `has_add.add` and its like
stand for Lean's type classes at ℕ.
"""

TEXT = """
def not (a : Prop) : Prop := a → false
def ne {α : Sort u} (a b : α) : Prop := ¬(a = b)
def id {α : Sort u} (a : α) : α := a
lemma trivial : true := true.intro
def absurd {a : Prop} {b : Sort v} (h₁ : a) (h₂ : ¬a) : b := @false.rec b (h₂ h₁)
def false.elim {C : Sort u} (h : false) : C := @false.rec C h
lemma not_false : ¬false := λ h, h
lemma not.intro {a : Prop} (h : a → false) : ¬a := h
lemma mt {a b : Prop} (h₁ : a → b) (h₂ : ¬b) : ¬a := λ ha, h₂ (h₁ ha)

def and.left {a b : Prop} (c : a ∧ b) : a := @and.rec a b a (λ h _, h) c
def and.right {a b : Prop} (c : a ∧ b) : b := @and.rec a b b (λ _ h, h) c
lemma and.elim_left {a b : Prop} (h : a ∧ b) : a := h.left
lemma and.elim_right {a b : Prop} (h : a ∧ b) : b := h.right
lemma and.elim {a b c : Prop} (h₁ : a ∧ b) (h₂ : a → b → c) : c := h₂ h₁.left h₁.right
lemma and.swap {a b : Prop} : a ∧ b → b ∧ a := λ h, and.intro h.right h.left
lemma and.symm {a b : Prop} : a ∧ b → b ∧ a := λ h, and.intro h.right h.left
lemma or.elim {a b c : Prop} (h₁ : a ∨ b) (h₂ : a → c) (h₃ : b → c) : c := @or.rec a b c h₂ h₃ h₁
lemma or.swap {a b : Prop} : a ∨ b → b ∨ a := λ h, h.elim or.inr or.inl
lemma or.symm {a b : Prop} : a ∨ b → b ∨ a := λ h, h.elim or.inr or.inl
lemma or.intro_left {a : Prop} (b : Prop) (ha : a) : a ∨ b := or.inl ha
lemma or.intro_right (a : Prop) {b : Prop} (hb : b) : a ∨ b := or.inr hb
lemma or.resolve_left {a b : Prop} (h : a ∨ b) (na : ¬a) : b :=
h.elim (λ ha, absurd ha na) (λ hb, hb)
lemma or.resolve_right {a b : Prop} (h : a ∨ b) (nb : ¬b) : a :=
h.elim (λ ha, ha) (λ hb, absurd hb nb)

lemma iff.mp {a b : Prop} (c : a ↔ b) : a → b := @iff.rec a b (a → b) (λ h _, h) c
lemma iff.mpr {a b : Prop} (c : a ↔ b) : b → a := @iff.rec a b (b → a) (λ _ h, h) c
lemma iff.elim_left {a b : Prop} : (a ↔ b) → a → b := λ h, h.mp
lemma iff.elim_right {a b : Prop} : (a ↔ b) → b → a := λ h, h.mpr
lemma iff.refl (a : Prop) : a ↔ a := iff.intro (λ h, h) (λ h, h)
lemma iff.rfl {a : Prop} : a ↔ a := iff.refl a
lemma iff.trans {a b c : Prop} (h₁ : a ↔ b) (h₂ : b ↔ c) : a ↔ c :=
iff.intro (λ h, h₂.mp (h₁.mp h)) (λ h, h₁.mpr (h₂.mpr h))
lemma iff.symm {a b : Prop} (h : a ↔ b) : b ↔ a := iff.intro h.mpr h.mp
axiom propext {a b : Prop} : (a ↔ b) → a = b
lemma iff.comm {a b : Prop} : (a ↔ b) ↔ (b ↔ a) := iff.intro iff.symm iff.symm

def rfl {α : Sort u} {a : α} : a = a := eq.refl a
lemma eq.symm {α : Sort u} {a b : α} (h : a = b) : b = a :=
@eq.rec α a (λ x, x = a) (eq.refl a) b h
lemma eq.trans {α : Sort u} {a b c : α} (h₁ : a = b) (h₂ : b = c) : a = c :=
@eq.rec α b (λ x, a = x) h₁ c h₂
def eq.mp {α β : Sort u} : α = β → α → β := λ h a, @eq.rec (Sort u) α (λ x, x) a β h
def eq.mpr {α β : Sort u} : α = β → β → α := λ h b, eq.mp h.symm b
lemma eq.to_iff {a b : Prop} (h : a = b) : a ↔ b :=
@eq.rec Prop a (λ x, a ↔ x) (iff.refl a) b h
lemma eq_comm {α : Sort u} {a b : α} : a = b ↔ b = a := iff.intro eq.symm eq.symm
lemma congr {α : Sort u} {β : Sort v} {f₁ f₂ : α → β} {a₁ a₂ : α} (h₁ : f₁ = f₂) (h₂ : a₁ = a₂) :
  f₁ a₁ = f₂ a₂ :=
@eq.rec α a₁ (λ x, f₁ a₁ = f₂ x) (@eq.rec (α → β) f₁ (λ g, f₁ a₁ = g a₁) rfl f₂ h₁) a₂ h₂
lemma congr_arg {α : Sort u} {β : Sort v} {a₁ a₂ : α} (f : α → β) : a₁ = a₂ → f a₁ = f a₂ :=
λ h, @eq.rec α a₁ (λ x, f a₁ = f x) rfl a₂ h
lemma ne.symm {α : Sort u} {a b : α} (h : a ≠ b) : b ≠ a := λ e, h e.symm
lemma ne.irrefl {α : Sort u} {a : α} (h : a ≠ a) : false := h rfl
lemma ne.elim {α : Sort u} {a b : α} (h : a ≠ b) : a = b → false := h

lemma exists.intro {α : Sort u} {p : α → Prop} (w : α) (h : p w) : ∃ x, p x := Exists.intro w h
lemma exists.elim {α : Sort u} {p : α → Prop} {b : Prop} (h₁ : ∃ x, p x)
  (h₂ : ∀ (a : α), p a → b) : b :=
@Exists.rec α p b h₂ h₁

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
lemma nat.mul_zero (n : ℕ) : n * 0 = 0 := rfl
lemma nat.mul_succ (n m : ℕ) : n * nat.succ m = n * m + n := rfl
lemma nat.zero_mul (n : ℕ) : 0 * n = 0 :=
@nat.rec (λ n, 0 * n = 0) rfl (λ n h, h) n
def nat.pred (n : ℕ) : ℕ := @nat.rec (λ _, ℕ) 0 (λ n _, n) n
lemma nat.succ.inj {n n_1 : ℕ} (h : nat.succ n = nat.succ n_1) : n = n_1 := congr_arg nat.pred h
lemma nat.succ_ne_zero (n : ℕ) : nat.succ n ≠ 0 :=
λ h, @eq.rec ℕ (nat.succ n) (λ k, @nat.rec (λ _, Prop) false (λ _ _, true) k) trivial 0 h
"""

REDUCIBLE = frozenset({"ne", "id_rhs"})
"""Definitions that rewriting looks through."""

NOT_LEANS = frozenset({"nat.pred"})
"""Names that the text above needs and that are not as in Lean."""

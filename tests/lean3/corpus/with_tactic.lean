/-
Statements for `import tactic`: true, and without their proofs. No name here is a hint.
-/
import tactic

open function

/-! Logic and functions -/

theorem not_for_all {α : Type*} (p q : α → Prop) (h : ¬ ∀ x, p x → q x) : ∃ x, p x ∧ ¬ q x := sorry

theorem someone_for_each {α β : Type*} (r : α → β → Prop) (h : ∀ x, ∃ y, r x y) :
  ∃ f : α → β, ∀ x, r x (f x) := sorry

theorem first_of_two {α β γ : Type*} (f : α → β) (g : β → γ) (h : injective (g ∘ f)) :
  injective f := sorry

theorem second_of_two {α β γ : Type*} (f : α → β) (g : β → γ) (h : surjective (g ∘ f)) :
  surjective g := sorry

theorem undoes_itself {α : Type*} (f : α → α) (h : ∀ x, f (f x) = x) : bijective f := sorry

theorem hits_every_set {α : Type*} (f : α → set α) : ¬ surjective f := sorry

/-! Sets and finite sets -/

theorem what_is_left {α : Type*} (s t u : set α) (h : s ⊆ t ∪ u) : s \ t ⊆ u ∩ s := sorry

theorem no_difference {α : Type*} (s t : set α) (h : (s \ t) ∪ (t \ s) = ∅) : s = t := sorry

theorem back_inside {α β : Type*} (f : α → β) (hf : injective f) (s : set α) :
  f ⁻¹' (f '' s) ⊆ s := sorry

theorem through_both {α β : Type*} (f : α → β) (s : set α) (t : set β) :
  f '' s ∩ t = f '' (s ∩ f ⁻¹' t) := sorry

theorem common_lower {α ι : Type*} (s : ι → set α) (t : set α) :
  t ⊆ (⋂ i, s i) ↔ ∀ i, t ⊆ s i := sorry

theorem counted_apart {α : Type*} [decidable_eq α] (s t : finset α) :
  s.card + (t \ s).card = (s ∪ t).card := sorry

theorem removed_one {α : Type*} [decidable_eq α] (s : finset α) (a b : α) (h : a ∈ s) (n : b ≠ a) :
  b ∈ s.erase a ↔ b ∈ s := sorry

/-! Orders -/

theorem meets_below_joins {α : Type*} [lattice α] (a b c : α) (h : a ≤ b) : a ⊓ c ≤ b ⊔ c := sorry

theorem larger_of_swapped {α : Type*} [linear_order α] (a b c : α) (h : a < b) (h' : c < b) :
  max a c < b := sorry

theorem climbing {α : Type*} [preorder α] (f : α → α) (hf : monotone f) (a : α) (h : a ≤ f a) :
  a ≤ f (f (f a)) := sorry

theorem strictly_apart {α : Type*} [linear_order α] (f : α → α) (hf : strict_mono f) (a b : α)
  (h : f a = f b) : a = b := sorry

/-! Groups and rings -/

theorem conjugate_trivial {G : Type*} [group G] (a b : G) (h : a * b * a⁻¹ = 1) : b = 1 := sorry

theorem own_inverses {G : Type*} [group G] (h : ∀ x : G, x * x = 1) (a b : G) : a * b = b * a :=
sorry

theorem idempotent_rest {R : Type*} [comm_ring R] (e : R) (h : e * e = e) :
  (1 - e) * (1 - e) = 1 - e := sorry

theorem cubes {R : Type*} [comm_ring R] (a b : R) :
  a ^ 3 - b ^ 3 = (a - b) * (a ^ 2 + a * b + b ^ 2) := sorry

theorem nilpotent_unit {R : Type*} [comm_ring R] (a : R) (h : a ^ 2 = 0) : (1 + a) * (1 - a) = 1 :=
sorry

theorem divided_twice {K : Type*} [field K] (a b : K) (ha : a ≠ 0) (hb : b ≠ 0) :
  1 / a + 1 / b = (a + b) / (a * b) := sorry

/-! Inequalities -/

theorem three_squares (a b c : ℚ) : a * b + b * c + c * a ≤ a ^ 2 + b ^ 2 + c ^ 2 := sorry

theorem weighted_bound (x y : ℚ) (h₁ : 2 * x + y ≤ 7) (h₂ : x - y ≤ 2) : x ≤ 3 := sorry

theorem with_inverse {K : Type*} [linear_ordered_field K] (a : K) (h : 0 < a) : 2 ≤ a + 1 / a :=
sorry

theorem quarter (x : ℚ) : x * (1 - x) ≤ 1 / 4 := sorry

theorem close_to_both (a b c ε : ℚ) (h₁ : |a - b| < ε) (h₂ : |b - c| < ε) : |a - c| < 2 * ε := sorry

theorem power_beats_line (n : ℕ) : n < 2 ^ n := sorry

/-! Divisibility and casts -/

theorem combination {a b c d : ℤ} (h : a ∣ b) (h' : a ∣ c) : a ∣ b * d - 3 * c := sorry

theorem next_product_even (n : ℕ) : 2 ∣ n * (n + 1) := sorry

theorem three_in_a_row (n : ℤ) : 3 ∣ n ^ 3 - n := sorry

theorem seven_rule (a b : ℤ) (h : 7 ∣ 10 * a + b) : 7 ∣ a - 2 * b := sorry

theorem square_remainders (n : ℕ) : n ^ 2 % 4 = 0 ∨ n ^ 2 % 4 = 1 := sorry

theorem across_the_cast (a b : ℕ) (h : (a : ℤ) < b) : a + 1 ≤ b := sorry

theorem cast_of_square (n : ℕ) : (((n + 1) ^ 2 : ℕ) : ℚ) = (n : ℚ) ^ 2 + 2 * n + 1 := sorry

/-! As in competitions -/

theorem sum_and_difference (x y : ℚ) (h₁ : x + y = 10) (h₂ : x - y = 4) : x = 7 ∧ y = 3 := sorry

theorem two_roots (x : ℤ) (h : x ^ 2 - 5 * x + 6 = 0) : x = 2 ∨ x = 3 := sorry

theorem coins : ∃ x y : ℕ, 5 * x + 7 * y = 31 := sorry

theorem last_digit : 7 ^ 10 % 10 = 9 := sorry

theorem squares_from_sums (a b : ℚ) (h₁ : a + b = 5) (h₂ : a * b = 6) : a ^ 2 + b ^ 2 = 13 := sorry

def affine (x : ℤ) : ℤ := 3 * x + 2

theorem affine_at_itself : affine (affine 2) = 26 := sorry

theorem affine_injective : injective affine := sorry

theorem additive_on_naturals (f : ℕ → ℕ) (h : ∀ x y, f (x + y) = f x + f y) (n : ℕ) :
  f n = n * f 1 := sorry

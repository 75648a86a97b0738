/-
Statements for `import data.real.basic`: true, and without their proofs. No name here is a hint.
-/
import data.real.basic
import tactic

theorem midpoint_between (a b : ℝ) (h : a < b) : a < (a + b) / 2 ∧ (a + b) / 2 < b := sorry

theorem no_largest (s : set ℝ) (h : ∀ x ∈ s, ∃ y ∈ s, x < y) (a : ℝ) (ha : a ∈ s) :
  ¬ ∀ x ∈ s, x ≤ a := sorry

theorem small_is_zero (a : ℝ) (h₀ : 0 ≤ a) (h : ∀ ε > 0, a ≤ ε) : a = 0 := sorry

theorem product_of_two_sums (a b c d : ℝ) :
  (a * c + b * d) ^ 2 ≤ (a ^ 2 + b ^ 2) * (c ^ 2 + d ^ 2) := sorry

theorem sum_of_squares_zero (x y : ℝ) (h : x ^ 2 + y ^ 2 = 0) : x = 0 ∧ y = 0 := sorry

theorem squares_compare (a b : ℝ) (ha : 0 ≤ a) (hb : 0 ≤ b) (h : a ^ 2 < b ^ 2) : a < b := sorry

theorem line_through (f : ℝ → ℝ) (hf : ∀ x, f x = 2 * x - 3) (y : ℝ) : ∃ x, f x = y := sorry

theorem unit_square (x y : ℝ) (hx : 0 ≤ x) (hx' : x ≤ 1) (hy : 0 ≤ y) (hy' : y ≤ 1) :
  x * y + 1 ≥ x * y ^ 2 + x ^ 2 * y := sorry

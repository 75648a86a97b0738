-- A bar is an absolute value, a pattern's, a set's or the start of an alternative.
lemma a (x y : ℤ) : |x + |y|| ≤ |x| + |y| ∧ 0 ≤ |x| := sorry
--                                                     ^^^^^ term
lemma b (x : ℤ) : x ≤ |x| :=
--                          ^ missing
def c : ℕ → ℕ | 0 := sorry | _ := 1
--                   ^^^^^ term
lemma d (x : ℤ) : 2 * |x|⁻¹ = 1 := begin cases |x| with n n, sorry, sorry end
--                                                           ^^^^^ tactic
--                                                                  ^^^^^ tactic
lemma e : {x | p x} ⊆ {x : ℕ | q x} := λ x, sorry
--                                          ^^^^^ term

-- Alternatives of the equation compiler.
def a : ℕ → ℕ
| 0 := sorry
--     ^^^^^ term
| (n+1) := sorry
--         ^^^^^ term
lemma b : ∀ x, p x | 0 := sorry | (n+1) := sorry
--                        ^^^^^ term       ^^^^^ term
lemma c : ∀ x y, p x y
| 0, y := by simp
| (n+1), y := by { sorry }
--                 ^^^^^ tactic
lemma d : ∀ x, p x
| 0 := by simp
| 1 := λ x, sorry
--          ^^^^^ term
| (n+2) := by sorry
--            ^^^^^ tactic!
lemma e : ∀ x, p x
| ⟨x, hx⟩ := begin sorry end
--                 ^^^^^ tactic
| _ := by rcases foo with h | h; sorry
--                               ^^^^^ tactic!
lemma f (x : ℕ) : |x| ≤ |x| + |x| := sorry
--                                   ^^^^^ term
lemma g (x : ℕ) : |(|x|)| = |x|
| 0 := sorry
--     ^^^^^ term
def h : list ℕ → ℕ
| [] := 0
| (x :: l) :=
--           ^ missing

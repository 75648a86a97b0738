/-! What can be taken apart, in each way that it may stand in a file. Core library only. -/

namespace own

def f (n : ℕ) : ℕ := n
def g (n : ℕ) : ℕ := f n

lemma f_is (n : ℕ) : f n = n := by rw f

meta def count : ℕ → tactic unit
| 0 := tactic.skip
| (n + 1) := tactic.to_expr ``(1 + 1 = 2) >> count n

meta def _root_.tactic.interactive.work : tactic unit := count 2000 >> tactic.assumption

lemma in_order (a b c : ℕ) (h : a = b) (h' : b = c) : a + 0 = c :=
begin
  rw [nat.add_zero, -- a comment, with a bracket]
    h, h'],
end

lemma closing (p : ℕ → Prop) (a b : ℕ) (h : a = b) (h' : p b) : p (a + 0) :=
by rwa [nat.add_zero, h]

lemma many_goals (a b : ℕ) (h : a = b) : f a = b ∧ f b = a :=
by split; simp only [f_is, h]

lemma hypotheses (a b c : ℕ) (h : a = b) (h₁ : a + 0 = c) (h₂ : c = a + 0) : b = c :=
begin
  rw [nat.add_zero, h] at h₁ h₂,
  exact h₁
end

lemma inside_a_term (a b : ℕ) (h : a = b) : f b = a ∧ true :=
⟨by erw [f_is b, h], trivial⟩

lemma one_in_another (a b c : ℕ) (h : a = b) (h' : b = c) : f a = c :=
by rw [show f a = b, by simp only [f_is, h], h']

lemma converting (a b : ℕ) (h : a = b) : a + 0 = b :=
begin
  conv { to_lhs, rw [nat.add_zero, h] },
end

lemma not_taken (a b : ℕ) (h : a = b) : f a = b :=
by rw [h, mul_comm] <|> simp [h, f_is]

lemma unfolding (a : ℕ) : g a = a :=
by dsimp only [f, g]; refl

lemma configured (a b : ℕ) (h : a = b) : f b = a :=
by simp [-nat.add_zero, h, f_is] {contextual := tt}

lemma too_slow (a b : ℕ) (h : a = b) : a + 0 = b :=
by rw [nat.add_zero, (by work : a = b)]

section
parameters (k : ℕ) (hk : k = 0)
include hk
local notation `gone` := nat.add_zero

lemma of_parameters : k + 0 = 0 := by rw [gone, hk]

end

end own

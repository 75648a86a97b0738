import .connectives

open tiny nat

infix ` . `:70 := nat.add

section
variables (a b c : ℕ)

theorem swapped (h : a = b ∧ b = c) : b = c ∧ a = b :=
begin apply swap, exact h end

theorem turned : a + b + c = c + (b + a) :=
begin
  rw [nat.add_comm (a + b) c, nat.add_comm a],
end

theorem dotted : a . b = b . a := by { show a + b = b + a, rw [nat.add_comm] /- a . b -/ }

theorem following (h : a ≤ b) : succ a ≤ succ b ∧ a . 0 = a :=
⟨by { exact succ_le_succ h }, by { refl }⟩

protected theorem chosen (h : a = b) : a + c = b + c :=
by { simp only [h], }

end

def double : ℕ → ℕ
| 0 := 0
| (n + 1) := double n + 2

theorem double_zero : double 0 = 0 := by { unfold double }

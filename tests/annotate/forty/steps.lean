/-! Several sites in one proof, and one that no proof has. -/

theorem in_two_steps (p q r : Prop) (h : p ∧ q) (f : q → r) : r ∧ p :=
begin
  have hq : q, { sorry },
  have hr : r := sorry,
  split,
  { exact hr },
  sorry
end

theorem wrong (n : nat) : n + 1 = n := sorry

theorem in_steps (p q r : Prop) (h : p ∧ q) (f : q → r) : r ∧ p :=
begin
  cases h,
  split,
  { sorry },
  sorry
end

theorem wrong (p : Prop) : p := sorry

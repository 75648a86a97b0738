namespace arrows

variables (p q r : Prop)

/-- From one to the other to the third. -/
theorem chained (f : p → q) (g : q → r) : p → r := sorry

theorem contrary (f : p → q) : ¬ q → ¬ p :=

theorem twice_not (hp : p) : ¬ ¬ p :=
begin
  intro np,
  sorry
end

theorem both_at_once : (p ∧ q → r) ↔ (p → q → r) := sorry

end arrows

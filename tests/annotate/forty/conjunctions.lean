/-! Turning conjunctions around. -/

variables p q r s : Prop

theorem turned (h : p ∧ q) : q ∧ p := sorry

theorem regrouped (h : (p ∧ q) ∧ r) : p ∧ (q ∧ r) :=

theorem outer_two (h : p ∧ q ∧ r) : p ∧ r :=
begin
  sorry
end

example (hp : p) (hq : q) (hr : r) : (p ∧ q) ∧ r :=
begin
end

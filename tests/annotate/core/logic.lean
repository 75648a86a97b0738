/-! What the embedded core can prove. -/

theorem turned (p q : Prop) (h : p ∧ q) : q ∧ p := sorry

theorem flipped (p q : Prop) (h : p ∨ q) : q ∨ p :=

theorem contrary (p q : Prop) (f : p → q) : ¬ q → ¬ p :=
begin
  sorry
end

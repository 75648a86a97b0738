/-! Cases. -/

variables {p q r : Prop}

theorem flipped (h : p ∨ q) : q ∨ p := sorry

theorem one_is_out (h : p ∨ q) (np : ¬ p) : q := sorry

theorem either_way (h : p ∨ q) (f : p → r) (g : q → r) : r :=

theorem collapsed (h : p ∨ p) : p := begin end

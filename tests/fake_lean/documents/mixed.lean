theorem fine (p : Prop) (h : p) : p := sorry

theorem hopeless (p q : Prop) (h : p ∨ q) : p ∧ q := sorry

theorem wrong (n : nat) : n = missing := sorry

theorem also_fine (n : nat) : n = n := sorry

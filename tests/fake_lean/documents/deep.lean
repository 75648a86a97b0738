theorem shared_witness (p q r : nat → Prop) (h : ∃ n, p n ∧ q n ∧ r n) : ∃ n, r n ∧ p n := sorry

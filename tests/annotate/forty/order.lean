/-! The order of the naturals. -/

theorem below_the_next (n : nat) : n < n + 1 := sorry

theorem at_most_itself (n : nat) : n ≤ n :=

theorem onwards (a b c : nat) (h₁ : a ≤ b) (h₂ : b ≤ c) : a ≤ c := sorry

theorem nothing_below (n : nat) : 0 ≤ n := begin end

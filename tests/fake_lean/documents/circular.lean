theorem round_and_round : ∀ n : nat, n = n + 1
| n := sorry

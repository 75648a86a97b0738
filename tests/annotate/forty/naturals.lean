/-! Naturals. -/

theorem one_more (n : nat) : n + 1 = nat.succ n := sorry

theorem swapped (m n : nat) : m + n = n + m := sorry

theorem inner (a b c : nat) : a + (b + c) = b + (a + c) :=

theorem never_itself (n : nat) : nat.succ n ≠ 0 := sorry

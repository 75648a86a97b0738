-- Mutual definitions are one declaration.
mutual def even, odd
with even : ℕ → bool
| 0 := sorry
--     ^^^^^ term in even
| (n+1) := odd n
with odd : ℕ → bool
| 0 := sorry
--     ^^^^^ term in even
| (n+1) := even n
meta mutual def a, b
with a : ℕ → ℕ | x := sorry
--                    ^^^^^ term in a
with b : ℕ → ℕ | x := sorry
--                    ^^^^^ term in a
using_well_founded { rel_tac := sorry }
--                              ^^^^^ term

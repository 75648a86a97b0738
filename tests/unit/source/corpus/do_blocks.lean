-- `do` is a term; its commas separate nothing that matters here.
meta def a : tactic unit := do x ← foo, sorry, y ← bar, sorry
--                                      ^^^^^ term      ^^^^^ term
meta def b : tactic unit := do { x ← foo, sorry }
--                                        ^^^^^ term
meta def c : tactic unit := foo >>= λ x, do bar, sorry
--                                               ^^^^^ term
meta def d : tactic unit := sorry <|> sorry; sorry
--                          ^^^^^ term       ^^^^^ term
--                                    ^^^^^ term

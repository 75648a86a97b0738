-- `;` and `<|>` inside a term's brackets separate no tactics.
lemma a : p := begin (simp; sorry), sorry end
--                          ^^^^^ term
--                                  ^^^^^ tactic
lemma b : p := begin exact (foo <|> sorry), sorry end
--                                  ^^^^^ term
--                                          ^^^^^ tactic
lemma c : p := by { (do skip, sorry); sorry }
--                            ^^^^^ term
--                                    ^^^^^ tactic!

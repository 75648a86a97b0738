-- Operands of `;` and `<|>`, what `by` takes, and lists of tactics: one tactic must stay one.
lemma a (p q : Prop) : p ∧ q := begin split; sorry end
--                                           ^^^^^ tactic!
lemma b (p : Prop) : p := begin sorry; skip end
--                              ^^^^^ tactic!
lemma c (p : Prop) : p := begin simp <|> sorry end
--                                       ^^^^^ tactic!
lemma d (p : Prop) : p := begin sorry <|> simp end
--                              ^^^^^ tactic!
lemma e (p : Prop) : p := by sorry
--                           ^^^^^ tactic!
lemma f (p q : Prop) : p ∧ q := by split; sorry
--                                        ^^^^^ tactic!
lemma g (p q : Prop) : p ∧ q := begin split; [sorry, { sorry }] end
--                                            ^^^^^ tactic!
--                                                     ^^^^^ tactic
lemma h (p q : Prop) : p ∧ q := begin cases h with a b; sorry, sorry end
--                                                      ^^^^^ tactic!
--                                                             ^^^^^ tactic
lemma i (p q : Prop) : p ∧ q := begin split; { simp, sorry }, by sorry end
--                                                   ^^^^^ tactic
--                                                               ^^^^^ tactic!
lemma j (p q : Prop) : p ∧ q := by split; simp <|> sorry
--                                                 ^^^^^ tactic!
lemma k (p q : Prop) : p ∧ q := begin simp <|> exact foo; sorry, sorry end
--                                                        ^^^^^ tactic!
--                                                               ^^^^^ tactic

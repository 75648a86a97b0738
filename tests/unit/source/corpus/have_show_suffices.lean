-- The terms `have`, `show` and `suffices`, whose proofs may be tactics.
lemma a (p q : Prop) : q := have h : p, from sorry, sorry
--                                           ^^^^^ term
--                                                  ^^^^^ term
lemma b (p q : Prop) : q := have p := sorry, sorry
--                                    ^^^^^ term
--                                           ^^^^^ term
lemma c (p q : Prop) : q := have h : p := sorry, sorry
--                                        ^^^^^ term
--                                               ^^^^^ term
lemma d (p q : Prop) : q := have h : p, by sorry, sorry
--                                         ^^^^^ tactic!
--                                                ^^^^^ term
lemma e (p q : Prop) : q := have h : p, { sorry }, sorry
--                                        ^^^^^ tactic
--                                                 ^^^^^ term
lemma f (p q : Prop) : q := have h : p, begin sorry end, sorry
--                                            ^^^^^ tactic
--                                                       ^^^^^ term
lemma g (p : Prop) : p := show p, from sorry
--                                     ^^^^^ term
lemma h (p : Prop) : p := show p, by sorry
--                                   ^^^^^ tactic!
lemma i (p : Prop) : p := show p, { sorry }
--                                  ^^^^^ tactic
lemma j (p q : Prop) : q := suffices h : p, from sorry, sorry
--                                               ^^^^^ term
--                                                      ^^^^^ term
lemma k (p q : Prop) : q := suffices p, by sorry, sorry
--                                         ^^^^^ tactic!
--                                                ^^^^^ term
lemma l (p q : ℕ → Prop) : q 0 := have ∀ x, p x, from λ x, sorry, sorry
--                                                         ^^^^^ term
--                                                                ^^^^^ term
lemma m (p q : ℕ → Prop) : q 0 := have h : ∃ x, p x := sorry, sorry
--                                                     ^^^^^ term
--                                                            ^^^^^ term
